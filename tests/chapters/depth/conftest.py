"""Made-up models with layers, whose errors are known."""

import numpy as np
import pytest
import xarray as xr

from lumlip.extraction.panel import Panel

N_STRUCTURES, PER = 90, 4
ELEMENTS = np.array([1, 6, 8])


def _dataset(layers, last_layer, structure, numbers):
    steps = {
        f"layer_{i:02d}_{name}": (("atom", f"layer_{i:02d}_{name}_channel"), X)
        for i, (name, X) in enumerate(layers.items())
    }
    return xr.Dataset(
        {**steps, "last_layer": (("atom", "last_layer_channel"), last_layer)},
        coords={
            "structure": ("atom", structure),
            "atomic_number": ("atom", numbers),
            "subset": ("structure", np.repeat(["a", "b"], N_STRUCTURES // 2)),
            "parent": ("structure", [f"p{i // 2}" for i in range(N_STRUCTURES)]),
        },
    )


@pytest.fixture(scope="session")
def panel():
    """Three families that see one geometry, another seed of one, and two that were never trained.

    First interaction: element and geometry, the same for all that are trained. Last one: noise of
    each model's own. Last layer: energy of variance 9, the same for all, and such noise.
    """
    rng = np.random.default_rng(0)
    n_atoms = N_STRUCTURES * PER
    structure = np.repeat(np.arange(N_STRUCTURES), PER)
    numbers = rng.choice(ELEMENTS, size=n_atoms)
    one_hot = (numbers[:, None] == ELEMENTS).astype(float)
    geometry, energy = rng.normal(size=(n_atoms, 2)), 3 * rng.normal(size=(n_atoms, 1))

    def model(seed, seen=geometry):
        noise = np.random.default_rng(seed).normal(size=(4, n_atoms, 3))
        layers = {
            "embedding": one_hot * 2,
            "interaction_1": np.hstack([one_hot, seen]),
            "interaction_2": np.hstack([one_hot, noise[0]]),
            "interaction_3": noise[1],
        }
        last_layer = np.hstack([energy, noise[2][:, :1]]) if seen is geometry else noise[3]
        return _dataset(layers, last_layer, structure, numbers)

    datasets = {
        "chgnet-0.3.0": model(1),
        "sevennet-0": model(2),
        "sevennet-l3i5": model(3),
        "mace-mini": model(4),
        "mace-mini-seed2": model(5),
        "mace-mini-untrained": model(6, rng.normal(size=(n_atoms, 2))),
        "pet-mini-untrained": model(7, rng.normal(size=(n_atoms, 2))),
    }
    return Panel([], datasets)
