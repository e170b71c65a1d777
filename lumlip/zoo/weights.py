"""Where the weights of a model lie, and whether they are safe to load.

A file that authors publish is looked for in the folder ``LUMLIP_MODELS``, then where it was found
the last time, and then the official loader of its family is asked, which needs a network. Loading a
checkpoint can run code that is in it. So one loads unasked only if it comes with a package or with
lumlip, if its sha256 is in the table of models, or if the user has trusted the same bytes before.
"""

from __future__ import annotations

import os
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from lumlip.choices import check_flags
from lumlip.errors import UntrustedCheckpointError, WeightsError
from lumlip.minis import cards
from lumlip.minis.cards import CHECKPOINTS
from lumlip.runtime import records
from lumlip.runtime.environments import say
from lumlip.runtime.paths import sha256_file
from lumlip.zoo.relations import trained
from lumlip.zoo.sources import find, key, local, where
from lumlip.zoo.table import ModelEntry, entries

#: Names sha256 sums, with commas between, of files that the user trusts in this process: those that
#: ``lumlip run --trust-checkpoint`` was given.
TRUSTED = "LUMLIP_TRUSTED"


def ready(entry: ModelEntry, *, trust_checkpoint: bool = False) -> ModelEntry:
    """Make sure that a model's weights are here, unchanged and trusted.

    Parameters
    ----------
    entry : ModelEntry
        From :func:`lumlip.zoo.table.resolve`.
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
        return replace(entry, checkpoint=str(path), sha256=_checked(entry, path))
    trusted_here = entry.sha256 in os.environ.get(TRUSTED, "").split(",")
    if entry.weights == "file" and not (entry.trusted or trust_checkpoint or trusted_here):
        raise UntrustedCheckpointError(
            f"{entry.checkpoint} is not in the table of models (sha256 {_short(entry.sha256)}); "
            f"loading one can run any code that is in it. If you know where it comes from: "
            f"trust_checkpoint=True, or --trust-checkpoint on the command line."
        )
    if entry.weights == "file" and (record := _damaged(entry.checkpoint, entry.sha256)):
        say(f"lumlip: warning: {entry.checkpoint} seems damaged: {record} has another CRC-32")
    if entry.weights == "file":  # absolute, so that it is never taken for a name of the package's
        return replace(entry, checkpoint=str(Path(entry.checkpoint).absolute()))
    return entry


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
    return [_available(entry, known) for entry in entries]


def card(entry: ModelEntry) -> dict[str, Any] | None:
    """Read how a bundled model was trained and what it reached; None for all others.

    An untrained twin has the card of the model whose initial weights it holds.
    """
    if entry.weights != "bundled":
        return None
    return cards.card(trained(Path(entry.checkpoint).stem), folder=CHECKPOINTS)


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
    if not entry.sha256:
        _check_unchanged(entry, record, facts["sha256"], trust_checkpoint)
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


def _available(entry: ModelEntry, known: Mapping[str, Mapping[str, Any]]) -> str:
    if entry.refused:
        return "not supported"
    if entry.weights != "download" or local(entry, known):
        return "offline"
    return "gated download" if entry.access else "download"


def _untrusted(entry: ModelEntry, problem: str) -> str:
    return (
        f"no trusted weights for {entry.id}: loading {entry.file} can run any code that is in it, "
        f"and {problem}. If you trust its source: trust_checkpoint=True, or --trust-checkpoint on "
        f"the command line; once is enough as long as the file stays the same{where(entry)}"
    )


def _checked(entry: ModelEntry, path: Path) -> str:
    if not path.is_file():
        raise WeightsError(f"{path}, a part of lumlip, is not there ({entry.id}); reinstall lumlip")
    sha256 = sha256_file(path)
    _check_known(entry, path, sha256)
    return sha256


def _check_known(entry: ModelEntry, path: Path, sha256: str, advice: str = "") -> None:
    if entry.sha256 and entry.sha256 != sha256:
        raise ValueError(
            f"{path} is not the file in lumlip's table of models ({entry.id}): "
            f"got sha256 {_short(sha256)}, expected {_short(entry.sha256)}{advice}"
        )


def _check_unchanged(
    entry: ModelEntry, record: Mapping[str, Any], sha256: str, trust_checkpoint: bool
) -> None:
    before = record.get("sha256", sha256)
    if before == sha256:
        return
    change = f"it has changed: sha256 {_short(sha256)}, at its first use {_short(before)}"
    if not trust_checkpoint:
        raise UntrustedCheckpointError(_untrusted(entry, change))
    warnings.warn(f"{entry.file} ({entry.id}): {change}", stacklevel=4)


def _short(sha256: str | None) -> str:
    return f"{(sha256 or 'unknown')[:12]}…"
