"""Where a published checkpoint is found: on this machine, or by its family's official loader."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lumlip.errors import FamilyEnvironmentError, WeightsError
from lumlip.runtime import records
from lumlip.runtime.environments import command, say, variables
from lumlip.runtime.paths import expanded
from lumlip.zoo.table import ModelEntry


def models_folder() -> Path | None:
    """Return the user's folder of downloaded weights, ``LUMLIP_MODELS``, if it is set."""
    chosen = os.environ.get("LUMLIP_MODELS")
    return expanded(chosen).resolve() if chosen else None


def find(entry: ModelEntry) -> Path:
    """Return the file of a published model, fetched if it is not here.

    Raises
    ------
    WeightsError
        It is neither here nor to be fetched; the message says where to get it and to put it.
    """
    return local(entry, records.read()) or _fetch(entry)


def local(entry: ModelEntry, known: Mapping[str, Mapping[str, Any]]) -> Path | None:
    """Look in ``LUMLIP_MODELS``, then where the file was the last time."""
    folder, record = models_folder(), known.get(key(entry), {})
    places = [*([folder / entry.file] if folder else []), Path(record.get("path", ""))]
    return next((place for place in places if place.is_file()), None)


def key(entry: ModelEntry) -> str:
    """Tasks share a file, so they share its record."""
    return f"{entry.family}:{entry.checkpoint}"


def where(entry: ModelEntry) -> str:
    """Say where a published file comes from, and where it may be put by hand."""
    folder = models_folder()
    task = f"@{entry.task}" if entry.task else ""
    place = str(folder / entry.file) if folder else f"$LUMLIP_MODELS/{entry.file}"
    lines = [
        "",
        f"official source: {entry.source}",
        f"access: ask for it at {entry.access}; then put your token into HF_TOKEN, "
        f"or run hf auth login",
        f"without a network: put it at {place}, or anywhere if you name the model "
        f"{entry.family}:PATH/{entry.file}{task}",
    ]
    return "\n  ".join(line for line in lines if entry.access or not line.startswith("access"))


def _fetch(entry: ModelEntry) -> Path:
    """Ask the family's official loader, in the family's own environment."""
    say(f"lumlip: {entry.id}: asking the loader of {entry.family} for {entry.file} ...")
    try:
        argv = command(entry.family, "lumlip.zoo.download", entry.family, entry.checkpoint)
    except FamilyEnvironmentError as error:
        raise WeightsError(_how_to_get(entry, str(error))) from error
    env = variables(*(["HF_TOKEN"] if entry.access else []), family=entry.family)
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.splitlines()
    told = json.loads(lines[-1]) if lines else {"message": f"it died with status {done.returncode}"}
    if "path" not in told:
        raise WeightsError(_how_to_get(entry, told["message"]))
    return Path(told["path"])


def _how_to_get(entry: ModelEntry, reason: str) -> str:
    return (
        f"no weights for {entry.id}: {entry.file} is not in LUMLIP_MODELS "
        f"({models_folder() or 'not set'}), and the loader of {entry.family} cannot fetch it "
        f"({reason.strip()}){where(entry)}"
    )
