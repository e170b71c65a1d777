"""Train a mini anew: ``python -m recipes.minis NAME --out FOLDER [--steps N]``.

Runs the recipe of the mini's family in that family's environment, on the structures that come with
lumlip. It takes a quarter of an hour on one core, and a stopped run goes on where it was.
"""

from __future__ import annotations

import subprocess
import sys

from lumlip.runtime import environments
from recipes.family_environments import variables

FAMILIES = ("mace", "pet", "dpa", "uma")


def main(arguments: list[str]) -> int:
    """Hand the arguments on to the family's recipe."""
    name = arguments[0] if arguments else ""
    family = name.partition("-")[0]
    if family not in FAMILIES:
        print(
            f"got {name!r}; expected the name of a mini of one of {', '.join(FAMILIES)}, "
            f"such as mace-mini\n{__doc__}",
            file=sys.stderr,
        )
        return 2
    argv = environments.command(family, f"recipes.minis.{family}", *arguments)
    return subprocess.run(argv, env=variables(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
