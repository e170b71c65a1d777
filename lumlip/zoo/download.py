"""Fetch a published checkpoint by its family's official loader, inside the family's environment.

``python -m lumlip.zoo.download FAMILY NAME`` tells one JSON object on standard output: the ``path``
of the file, or the ``message`` of what went wrong. All else, such as a package's progress bar, goes
to standard error.
"""

import json
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from lumlip.errors import reason
from lumlip.runtime.stdout import private_stdout

#: Bytes; the largest checkpoint that is known has 10 GB.
LARGEST = 32 * 2**30


def main() -> int:
    """Fetch what the command line names."""
    channel = private_stdout()
    try:
        _bound_files()
        told = {"path": str(fetch(*sys.argv[1:]))}
    except Exception as error:  # loaders raise nearly anything without a network
        told = {"message": reason(error)}
    print(json.dumps(told), file=channel, flush=True)
    return int("path" not in told)


def _bound_files() -> None:
    """Let no download fill the disk, where the system can see to that."""
    with suppress(ImportError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        most = LARGEST if limit == resource.RLIM_INFINITY else min(LARGEST, limit)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, limit))


def fetch(family: str, name: str) -> Path:
    """Return the file of a published checkpoint, downloaded if it is not in the package's cache."""
    path = Path(import_module(f"lumlip.families.{family}").download(name)).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"the loader of {family} left no file {path}")
    return path


if __name__ == "__main__":
    sys.exit(main())
