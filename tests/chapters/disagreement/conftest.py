"""A panel of made-up models on small structures, under the names of real ones."""

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

from lumlip.datasets.properties import composition
from lumlip.extraction.panel import Panel

FORMULAS = ("NaCl", "MgO", "LiF", "KBr")


def crystals(n):
    """Return n rattled salts in two subsets."""
    made = []
    for i in range(n):
        atoms = bulk(FORMULAS[i % 4], "rocksalt", a=5.0 + 0.01 * i)
        atoms.rattle(0.05, seed=i)
        atoms.info.update(subset=("bulk", "rattled")[i % 2], parent=f"p{i // 2}", part="test")
        made.append(atoms)
    return made


def panel_of(structures, models, *, seed=0):
    """Return made-up features; the energy is a linear function of the last layer, and noise."""
    rng = np.random.default_rng(seed)
    sizes = [len(atoms) for atoms in structures]
    owner = np.repeat(np.arange(len(structures)), sizes)
    known = rng.normal(size=(len(owner), 4))
    shares = composition(structures)
    datasets = {}
    for i, model in enumerate(models):
        last = known @ rng.normal(size=(4, 5)) + 0.1 * rng.normal(size=(len(owner), 5))
        per_atom = np.zeros(len(structures))
        np.add.at(per_atom, owner, last[:, 0] / np.repeat(sizes, sizes))
        energy = (0.3 * per_atom + shares @ np.arange(shares.shape[1]) * (i + 1)) * sizes
        datasets[model] = xr.Dataset(
            {
                "backbone": (("atom", "backbone_channel"), np.hstack([last, known])),
                "last_layer": (("atom", "last_layer_channel"), last),
                "energy": ("structure", energy),
            },
            coords={
                "structure": ("atom", owner),
                "atomic_number": ("atom", np.concatenate([a.numbers for a in structures])),
                "subset": ("structure", [a.info.get("subset", "user") for a in structures]),
                "parent": ("structure", [a.info.get("parent", "") for a in structures]),
            },
        )
    return Panel(list(structures), datasets)


@pytest.fixture(scope="session")
def make_crystals():
    """Return the function that makes n rattled salts."""
    return crystals


@pytest.fixture(scope="session")
def make_panel():
    """Return the function that makes up the features of models."""
    return panel_of


@pytest.fixture(scope="session")
def salts():
    """Return 60 salts as three trained models and an untrained one see them."""
    models = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "diep-matpes-r2scan"]
    return panel_of(crystals(60), [*models, "mace-mini-untrained"])
