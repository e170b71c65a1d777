"""Where the weights of a model lie, and whether they are safe to load.

A file that authors publish is looked for in the folder ``LUMLIP_MODELS``, then where it was found
the last time, and then the official loader of its family is asked, which needs a network. Loading a
checkpoint can run code that is in it. So one loads unasked only if it comes with a package or with
lumlip, if its sha256 is in the table of models, or if the user has trusted the same bytes before.
"""

import os
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from lumlip.choices import check_flags
from lumlip.errors import UntrustedCheckpointError, WeightsError
from lumlip.minis.cards import CHECKPOINTS
from lumlip.runtime import records
from lumlip.runtime.environments import say
from lumlip.runtime.paths import sha256_file
from lumlip.zoo.sources import find, key, local, where
from lumlip.zoo.table import ModelEntry, entries

#: Names sha256 sums, with commas between, of files that the user trusts in this process: those that
#: ``lumlip run --trust-checkpoint`` was given.
TRUSTED = "LUMLIP_TRUSTED"


def ready(entry: ModelEntry, *, trust_checkpoint: bool = False) -> ModelEntry:
    """Make sure that a model's weights are here, unchanged and trusted.

    Parameters
    ----------
    trust_checkpoint : bool
        Load a file of which only the user knows where it comes from.

    Returns
    -------
    ModelEntry
        The same, `checkpoint` being what the family's extractor takes, `sha256` known.

    Raises
    ------
    WeightsError
        No such file here, and the family's official loader cannot fetch it. The message says where
        to get it and where to put it.
    UntrustedCheckpointError
        The file may run code and nobody vouches for it.
    ValueError
        The file is not the one in the table of models, or lumlip takes no features from the model.
    """
    check_flags(trust_checkpoint=trust_checkpoint)
    if entry.refused:
        raise ValueError(f"no features of {entry.id}: {entry.refused}")
    if entry.weights == "download":
        return _published(entry, trust_checkpoint)
    if entry.weights == "bundled":
        path = CHECKPOINTS / entry.checkpoint
        if not path.is_file():
            told = f"{path}, a part of lumlip, is not there ({entry.id})"
            raise WeightsError(f"{told}; reinstall lumlip")
        _check_known(entry, path, sha256 := sha256_file(path))
        return replace(entry, checkpoint=str(path), sha256=sha256)
    return _users(entry, trust_checkpoint) if entry.weights == "file" else entry


def _users(entry: ModelEntry, trust_checkpoint: bool) -> ModelEntry:
    trusted_here = entry.sha256 in os.environ.get(TRUSTED, "").split(",")
    if not (entry.trusted or trust_checkpoint or trusted_here):
        raise UntrustedCheckpointError(
            f"{entry.checkpoint} is not in the table of models (sha256 {_short(entry.sha256)}); "
            f"loading one can run any code that is in it. If you know where it comes from: "
            f"trust_checkpoint=True, or --trust-checkpoint on the command line."
        )
    if record := _damaged(entry.checkpoint, entry.sha256):
        say(f"lumlip: warning: {entry.checkpoint} seems damaged: {record} has another CRC-32")
    # absolute, so that it is never taken for a name of the package's
    return replace(entry, checkpoint=str(Path(entry.checkpoint).absolute()))


@lru_cache(maxsize=64)
def _damaged(checkpoint: str, sha256: str | None) -> str:
    """Name a record of a file of torch whose own sum does not fit; torch does not look at it."""
    if not zipfile.is_zipfile(checkpoint):
        return ""
    with zipfile.ZipFile(checkpoint) as file:
        try:
            return file.testzip() or ""
        except (zipfile.BadZipFile, NotImplementedError, zlib.error) as error:
            return str(error)


def availability(entries: Iterable[ModelEntry]) -> list[str]:
    """Say of each model: "offline", "download", "gated download" or "not supported"."""
    known = records.read()

    def told(entry: ModelEntry) -> str:
        if entry.refused:
            return "not supported"
        if entry.weights != "download" or local(entry, known):
            return "offline"
        return "gated download" if entry.access else "download"

    return [told(entry) for entry in entries]


def _published(entry: ModelEntry, trust_checkpoint: bool) -> ModelEntry:
    record = records.read().get(key(entry), {})
    if not (entry.sha256 or record.get("sha256") or trust_checkpoint):
        # Before the download: there are official loaders that open what they fetch.
        raise UntrustedCheckpointError(_untrusted(entry, "its authors publish no sha256"))
    path = find(entry)
    facts = records.facts(path, record)
    if entry.sha256 not in (None, facts["sha256"]):  # it may be the record that is damaged
        facts = records.facts(path, {})
    _check_known(entry, path, facts["sha256"], advice=where(entry))
    before = record.get("sha256", facts["sha256"])
    if not entry.sha256 and before != facts["sha256"]:
        change = f"sha256 {_short(facts['sha256'])}, at its first use {_short(before)}"
        change = f"it has changed: {change}"
        if not trust_checkpoint:
            raise UntrustedCheckpointError(_untrusted(entry, change))
        warnings.warn(f"{entry.file} ({entry.id}): {change}", stacklevel=3)
    if twin := _twin(entry, facts["sha256"]):
        say(f"lumlip: warning: {path} is the file of {twin}, too: one of both has a wrong name")
    if facts != record:
        records.remember(key(entry), facts)
    return replace(entry, checkpoint=str(path), sha256=facts["sha256"])


def _twin(entry: ModelEntry, sha256: str) -> str:
    """Name another model whose file has the same bytes."""
    found = {known.sha256: known.id for known in entries().values() if key(known) != key(entry)}
    found |= {r.get("sha256"): name for name, r in records.read().items() if name != key(entry)}
    return found.get(sha256, "")


def _untrusted(entry: ModelEntry, problem: str) -> str:
    return (
        f"no trusted weights for {entry.id}: loading {entry.file} can run any code that is in it, "
        f"and {problem}. If you trust its source: trust_checkpoint=True, or --trust-checkpoint on "
        f"the command line; once is enough as long as the file stays the same{where(entry)}"
    )


def _check_known(entry: ModelEntry, path: Path, sha256: str, advice: str = "") -> None:
    if entry.sha256 and entry.sha256 != sha256:
        raise ValueError(
            f"{path} is not the file in lumlip's table of models ({entry.id}): "
            f"got sha256 {_short(sha256)}, expected {_short(entry.sha256)}{advice}"
        )


def _short(sha256: str | None) -> str:
    return f"{(sha256 or 'unknown')[:12]}…"
