"""Store the largest force in each structure of mini-mad: ``python -m recipes.mini_mad.strain OUT``.

No structure of mini-mad depends on it: SevenNet-0 labels them as they are committed, and the set
mini-mad-unstrained leaves out those above a bound. ``OUT`` of the committed numbers is
``lumlip/datasets/data/mini-mad-largest-forces.txt``; some minutes on one core.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

import lumlip
from lumlip.array_types import FloatArray
from recipes.minis.make_data import Labeller

TEACHER = "sevennet-0"


def largest_forces(structures: Sequence[Atoms], *, processes: int = 1) -> FloatArray:
    """Norm of the largest force on an atom of each structure (n_structures,), in eV/Å."""
    with tempfile.TemporaryDirectory() as folder:
        _, forces = Labeller(Path(folder), processes)(structures, TEACHER, forces=True)
    return np.array([np.linalg.norm(own, axis=1).max() for own in forces])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    forces = largest_forces(lumlip.structures("mini-mad"), processes=given.processes)
    np.savetxt(given.out, forces, fmt="%.3f", header=f"largest force in eV/Angstrom, by {TEACHER}")
    print(f"{given.out}: {len(forces)} structures, {forces.max():.1f} eV/Å at most")


if __name__ == "__main__":
    main()
