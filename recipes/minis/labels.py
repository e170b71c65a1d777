"""Label structures with energies and forces of SevenNet, in batches.

``python -m recipes.minis.labels STRUCTURES OUT --checkpoint 7net-0`` runs in SevenNet's
environment.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import sevenn._keys as key
import torch
from ase import Atoms

from lumlip.array_types import AnyFloatArray
from lumlip.extraction.arrays import StoredStructures
from lumlip.extraction.batching import Batches
from lumlip.families.sevennet import Extractor

BATCH_ATOMS = 96


def label(
    teacher: Extractor, structures: Sequence[Atoms]
) -> tuple[AnyFloatArray, list[AnyFloatArray]]:
    """Energies (n_structures,) in eV and forces, one (n_atoms, 3) array each, in eV/Å.

    With d the vector of a directed pair i -> j and E the energy, F_i = sum dE/dd over the pairs
    that start at i, minus the sum over those that end there.
    """
    data = teacher._graph(structures)
    vectors = data[key.EDGE_VEC].requires_grad_()
    first, second = data[key.EDGE_IDX]
    owner = data[key.BATCH]
    for name, module in teacher.model.named_children():
        if name == "reduce_total_enegy":  # (sic)
            break
        data = module(data)
    atomic = data[key.ATOMIC_ENERGY].squeeze(1)
    (gradient,) = torch.autograd.grad(atomic.sum(), vectors)
    forces = torch.zeros(len(owner), 3).index_add_(0, first, gradient)
    forces.index_add_(0, second, -gradient)
    energy = torch.zeros(len(structures), dtype=torch.float64)
    energy.index_add_(0, owner, atomic.detach().double())
    ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
    return energy.numpy(), np.split(forces.numpy(), ends)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("structures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--task")
    parser.add_argument("--energies-only", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    teacher = Extractor(given.checkpoint, task=given.task, device="cpu", dtype="float32")
    structures = StoredStructures(given.structures)
    energy = np.zeros(len(structures))
    forces: list[AnyFloatArray] = [np.zeros((len(atoms), 3)) for atoms in structures]
    everything = range(len(structures))
    plan = Batches(structures, indices=everything, batch_atoms=BATCH_ATOMS, cutoff=teacher.cutoff)
    for batch in plan:
        chosen = [structures[i] for i in batch]
        if given.energies_only:
            energy[batch] = teacher.extract(chosen).energy
            continue
        energy[batch], found = label(teacher, chosen)
        for i, own in zip(batch, found, strict=True):
            forces[i] = own
    np.savez(given.out, energy=energy, forces=np.concatenate(forces))


if __name__ == "__main__":
    main()
