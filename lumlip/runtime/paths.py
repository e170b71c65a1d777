"""Where lumlip keeps what it makes: environments, features, downloaded weights."""

import hashlib
import os
from errno import ENOTDIR
from pathlib import Path


def home() -> Path:
    """Return the cache folder: ``LUMLIP_HOME`` if set, else the user's cache folder."""
    if chosen := os.environ.get("LUMLIP_HOME"):
        if {os.pathsep, "\n"} & {*chosen}:  # Python's own path, which workers get, cannot hold it
            raise ValueError(
                f"LUMLIP_HOME: got {chosen!r}, expected a folder without {os.pathsep!r} in its path"
            )
        return expanded(chosen).resolve()
    # Imported here: a family's environment has no platformdirs and never needs this branch.
    from platformdirs import user_cache_path

    return user_cache_path("lumlip")


def expanded(path: str) -> Path:
    """Return a path from the home folder where it begins with ``~/``, as shells do."""
    return Path(path).expanduser() if path.startswith(("~/", "~\\")) else Path(path)


def regular(path: Path) -> Path:
    """Return a file or folder; refuse one that is or holds a pipe or a device: none has an end."""
    for part in (path, *path.rglob("*")):
        if part.exists() and not (part.is_file() or part.is_dir()):
            raise ValueError(f"{part} is a pipe or a device, expected a file: save it as one first")
    return path


def ensured(folder: Path) -> Path:
    """Make a folder if it is missing and return it; NotADirectoryError if a file is there."""
    for part in (folder, *folder.parents):
        if part.is_file():
            raise NotADirectoryError(ENOTDIR, "a file is there, expected a folder", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def refuse_existing(*paths: Path) -> None:
    """Raise FileExistsError if any of the paths to be written is there: it may be the user's."""
    if there := [str(path) for path in paths if path.exists()]:
        raise FileExistsError(
            f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} there already; "
            "name another output, or remove what is there"
        )


def sha256_file(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
