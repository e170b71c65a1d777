"""The command line of a family's stand-ins."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

#: Writes a file; takes its tasks, and whether to make the network small.
Build = Callable[[Path, Sequence[str], bool], None]


def main(build: Build) -> None:
    """Write the files that the command line names, each with random weights of its own."""
    import torch

    parser = argparse.ArgumentParser(description="Write stand-ins, PATH or PATH@TASK,TASK")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--small", action="store_true", help="for tests: a thousandth of the size")
    given = parser.parse_args()
    for seed, file in enumerate(given.files):
        path, _, tasks = file.partition("@")
        torch.manual_seed(seed)
        build(Path(path), tasks.split(",") if tasks else [], given.small)
