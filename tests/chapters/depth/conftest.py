"""Made-up models with layers, whose errors are known."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from chapters.depth.study import DepthStudy
from lumlip.extraction.panel import Panel

N_STRUCTURES, PER = 90, 4
ELEMENTS = np.array([1, 6, 8])


def _dataset(layers, last_layer, energy, structure, numbers):
    steps = {
        f"layer_{i:02d}_{name}": (("atom", f"layer_{i:02d}_{name}_channel"), X)
        for i, (name, X) in enumerate(layers.items())
    }
    return xr.Dataset(
        {
            **steps,
            "backbone": (("atom", "backbone_channel"), last_layer),
            "last_layer": (("atom", "last_layer_channel"), last_layer),
            "energy": ("structure", energy),
        },
        coords={
            "structure": ("atom", structure),
            "atomic_number": ("atom", numbers),
            "subset": ("structure", np.repeat(["a", "b"], N_STRUCTURES // 2)),
            "parent": ("structure", [f"p{i // 2}" for i in range(N_STRUCTURES)]),
        },
    )


@pytest.fixture(scope="session")
def study():
    """Four models that see one element and one geometry, and a twin that sees other geometry.

    First interaction: element and geometry, the same for all. Last one: noise of each model's own.
    Last layer: the geometry, its first coordinate with more weight.
    """
    rng = np.random.default_rng(0)
    n_atoms = N_STRUCTURES * PER
    structure = np.repeat(np.arange(N_STRUCTURES), PER)
    numbers = rng.choice(ELEMENTS, size=n_atoms)
    one_hot = (numbers[:, None] == ELEMENTS).astype(float)
    geometry, other = rng.normal(size=(2, n_atoms, 2))
    energy = np.bincount(structure, geometry[:, 0])

    def model(seen, seed):
        noise = np.random.default_rng(seed).normal(size=(n_atoms, 3))
        layers = {
            "embedding": one_hot * 2,
            "interaction_1": np.hstack([one_hot, seen]),
            "interaction_2": np.hstack([one_hot, seen, noise]),
            "interaction_3": noise,
        }
        return _dataset(layers, seen * [2, 1], energy, structure, numbers)

    datasets = {
        "chgnet-0.3.0": model(geometry, 1),
        "sevennet-0": model(geometry, 2),
        "sevennet-l3i5": model(geometry, 3),
        "mace-mini": model(geometry, 4),
        "mace-mini-untrained": model(other, 5),
        "mace-mini-seed2": model(geometry, 6),
        "pet-mini-untrained": model(rng.normal(size=(n_atoms, 2)), 7),
    }
    frames = [
        Atoms(
            numbers[structure == i],
            positions=5 * rng.normal(size=(PER, 3)),
            info={"parent": f"p{i // 2}"},
        )
        for i in range(N_STRUCTURES)
    ]
    controls = ["mace-mini-untrained", "mace-mini-seed2", "pet-mini-untrained"]
    return DepthStudy.of(Panel(frames, datasets), controls=controls, n_test=60)
