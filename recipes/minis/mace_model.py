"""The architecture of the MACE minis, and what of it is fitted to the data before training."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from ase import Atoms
from mace.modules import ScaleShiftMACE, interaction_classes

from lumlip.families import base

CUTOFF = 4.5  # Å


def new_model(elements: Sequence[int], train: Sequence[Atoms], *, channels: int) -> ScaleShiftMACE:
    """Make a MACE with random weights, for these elements and the scale of these structures."""
    from e3nn.o3 import Irreps  # e3nn 0.4.4 loads only after mace

    interaction = interaction_classes["RealAgnosticResidualInteractionBlock"]
    pairs = sum(len(base.neighbors([atoms], CUTOFF).first) for atoms in train)
    settings = {
        "r_max": CUTOFF,
        "num_bessel": 8,
        "num_polynomial_cutoff": 5,
        "max_ell": 2,
        "interaction_cls": interaction,
        "interaction_cls_first": interaction,
        "num_interactions": 2,
        "num_elements": len(elements),
        "hidden_irreps": Irreps(f"{channels}x0e + {channels}x1o"),
        "MLP_irreps": Irreps("16x0e"),
        "atomic_energies": reference_energies(train, elements, np.zeros(len(elements))),
        "avg_num_neighbors": pairs / sum(map(len, train)),
        "atomic_numbers": list(elements),
        "correlation": 2,
        "gate": torch.nn.functional.silu,
        "radial_MLP": [32, 32, 32],
        "atomic_inter_scale": typical_force(train),
        "atomic_inter_shift": 0.0,
        "heads": ["Default"],
    }
    with warnings.catch_warnings(action="ignore"):  # TorchScript's, about e3nn's annotations
        return ScaleShiftMACE(**settings)


def reference_energies(
    structures: Sequence[Atoms], elements: Sequence[int], prior: base.FloatArray
) -> base.FloatArray:
    """Energies per atom (n_elements,) in eV that fit best; elements without data keep the prior."""
    shares = np.array([[np.mean(a.numbers == z) for z in elements] for a in structures])
    energy = np.array([a.info["ref_energy"] / len(a) for a in structures])
    normal = shares.T @ shares + 1e-6 * np.eye(len(elements))
    found: base.FloatArray = prior + np.linalg.solve(normal, shares.T @ (energy - shares @ prior))
    return found


def typical_force(structures: Sequence[Atoms]) -> float:
    """Root mean square of the force components, in eV/Å."""
    forces = np.concatenate([atoms.arrays["ref_forces"] for atoms in structures])
    return float(np.sqrt(np.mean(forces**2)))


def give_new_head(model: ScaleShiftMACE, train: Sequence[Atoms]) -> None:
    """Begin the readouts anew, and fit reference energies and scale to other structures."""
    with torch.no_grad():
        for weight in model.readouts.parameters():
            weight.normal_()  # as e3nn begins them
        energies = model.atomic_energies_fn.atomic_energies
        prior = energies.double().numpy().reshape(-1)
        fitted = reference_energies(train, model.atomic_numbers.tolist(), prior)
        energies.copy_(torch.from_numpy(fitted).reshape(energies.shape))
        model.scale_shift.scale.fill_(typical_force(train))
        model.scale_shift.shift.fill_(0.0)
