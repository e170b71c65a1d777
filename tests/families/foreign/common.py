"""What the scripts in this folder share; each runs in the environment of its family.

A script takes a file of labelled structures, runs the package's own training program on it, and
prints where the checkpoint is and the energies by the package's own ASE calculator.
"""

import contextlib
import json
import sys

import ase.io
from ase import Atoms


def structures() -> list[Atoms]:
    return ase.io.read(sys.argv[1], index=":")


def run(program, *arguments: str) -> None:
    """Run the main function of a program as from the command line; what it prints is no result."""
    before = sys.argv
    sys.argv = [program.__module__, *arguments]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            program()
    finally:
        sys.argv = before


def tell(checkpoint, calculator) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        energies = [float(calculator.get_potential_energy(atoms)) for atoms in structures()]
    print(json.dumps({"checkpoint": str(checkpoint), "energies": energies}))
