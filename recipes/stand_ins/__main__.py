"""Write stand-ins of published checkpoints: ``python -m recipes.stand_ins FOLDER MODEL...``.

The files get the names that their authors gave them, so that lumlip finds them where
``LUMLIP_MODELS`` names the folder; every task of the table of models is in them. A model whose sum
the table knows is refused all the same: there the stand-in goes by ``FAMILY:PATH@TASK``.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lumlip.runtime import environments
from lumlip.zoo.table import entries, resolve
from recipes.family_environments import variables


def files(models: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """List the files of models, and the tasks of each, by family."""
    found: dict[str, dict[str, list[str]]] = {}
    for wanted in map(resolve, models):
        same = [e for e in entries().values() if (e.family, e.file) == (wanted.family, wanted.file)]
        tasks = [str(entry.task) for entry in same if entry.task]
        found.setdefault(wanted.family, {})[wanted.file] = tasks
    return found


def write(folder: Path, models: Iterable[str], *, small: bool = False) -> list[Path]:
    """Write the files of models, one family after the other, each in its environment."""
    written: list[Path] = []
    for family, names in files(models).items():
        paths = {folder / name: tasks for name, tasks in names.items()}
        named = [
            f"{path}@{','.join(tasks)}" if tasks else str(path) for path, tasks in paths.items()
        ]
        argv = environments.command(family, f"recipes.stand_ins.{family}", *named)
        argv += ["--small"] if small else []
        done = subprocess.run(argv, env=variables(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        written += paths
    return written


def main() -> None:
    """Write the files that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m recipes.stand_ins", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="such as mace-mp-0b3-medium")
    parser.add_argument("--small", action="store_true", help="a thousandth of the size, for tests")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for path in write(given.folder, given.models, small=given.small):
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
