"""The atlas: one small file of features a model, all of the same atoms, that anyone can send.

An entry is a features file of the set ``atlas`` that says what it is of, what its energies are
worth, and under which terms it may be passed on; as ``features:FILE`` it is a model anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from lumlip.conformance import CHECKS
from lumlip.conformance.check_model import check_model, runnable
from lumlip.datasets.sets import structures
from lumlip.extraction.features import features
from lumlip.extraction.files import opened, read, taken, write
from lumlip.extraction.panel import taken as taken_by
from lumlip.extraction.store import written_whole
from lumlip.runtime.paths import home, refuse_existing
from lumlip.zoo.features_file import attributes
from lumlip.zoo.table import ModelEntry, resolve

SET = "atlas"
#: Bytes of all arrays of an entry together, unpacked.
LARGEST = 20_000_000
#: Share of the structures of the set whose elements a model must know.
FEWEST = 0.9
IDENTITY = "energy_identity"
#: What an entry says; the sum of the weights only where they do not come with a package.
SAID = ("model", "family", "dtype", "package_versions", "features_version", "lumlip_version")
NEEDED = ("last_layer", "backbone", "energy")


def add(
    model: str,
    path: Path | None = None,
    *,
    licence: str = "",
    device: str = "auto",
    trust_checkpoint: bool = False,
) -> Path:
    """Check a model, write its entry, by default to ``LUMLIP_HOME/atlas``, and return the path.

    Parameters
    ----------
    model : str
        A model id, see :func:`lumlip.features`; one that can be run.
    licence : str
        Terms of the model, if the table of models does not know them.
    device, trust_checkpoint
        As for :func:`lumlip.features`.

    Raises
    ------
    ValueError
        Unknown model or terms, a check that fails, or as `entry` of what would be written.
    FileExistsError
        There is such a file.
    WeightsError, UntrustedCheckpointError, ExtractionError
        As for :func:`lumlip.features`.
    """
    known = runnable(resolve(model))
    options = {"device": device, "trust_checkpoint": trust_checkpoint}
    path = path or home() / SET / f"{_named(known).replace(':', '_')}.npz"
    if path.suffix != ".npz":
        raise ValueError(f"got {path}; expected a name that ends in .npz")
    refuse_existing(path)
    if (licence := licence or known.licence) in ("", "unknown"):
        raise ValueError(f"the licence of {model} is not known; name it: --licence")
    frames = structures(SET)
    if len(here := taken_by(known, frames)) < FEWEST * len(frames):
        raise ValueError(
            f"{model} knows the elements of {len(here)} of the {len(frames)} structures of the "
            f"atlas; expected {FEWEST:.0%} or more"
        )
    report = check_model(model, frames, **options)  # type: ignore[arg-type]
    if failed := report.index[~report["ok"]].tolist():
        raise ValueError(f"{model} fails {', '.join(failed)}, see `lumlip check`; no entry")
    found = features(model, frames, skip_unknown=True, **options)  # type: ignore[arg-type]
    residual = {IDENTITY: float(report["error"][IDENTITY])}
    told = {"model": _named(known), "licence": licence} | residual
    with written_whole(path) as part:
        plain = part / "plain.npz"
        write(found[[*NEEDED, "readout"]].assign_attrs(told), frames, plain)
        with np.load(plain) as file:
            np.savez_compressed(part / path.name, **file)
        entry(part / path.name)
    return path


def _named(model: ModelEntry) -> str:
    """Return an id without the folder of its file, which is nobody's business."""
    if model.weights != "file":
        return model.id
    task = f"@{model.task}" if model.task else ""
    return f"{model.family}:{Path(model.checkpoint).name}{task}"


def entry(path: Path) -> dict[str, Any]:
    """Check an entry of the atlas and return what to list of it.

    Raises
    ------
    ValueError
        It is too large or no features file, lacks what an entry says or holds, is of other
        structures than the set, or of too few, or its energies do not follow from its features.
    """
    _check_size(path)
    told, dataset = attributes(path), opened(path)
    known = _known(str(told.get("model")))
    sum_of = () if known and known.weights == "package" else ("checkpoint_sha256",)
    if lacking := [name for name in (*SAID, "licence", *sum_of) if not told.get(name)]:
        raise ValueError(f"{path} does not say {', '.join(lacking)}; `lumlip atlas add` does")
    if known and not _of(known, told):
        raise ValueError(f"{path}: its family or its weights are not those of {known.id}")
    if lacking := [name for name in NEEDED if name not in dataset]:
        raise ValueError(f"{path} has no {', '.join(lacking)}; expected {', '.join(NEEDED)}")
    if not abs(residual := float(told.get(IDENTITY, np.nan))) <= _bound():
        raise ValueError(f"{path}: got {IDENTITY} {residual:.2g}, expected at most {_bound():g}")
    frames = structures(SET)
    here = taken(path, frames)
    if len(here) != dataset.sizes["structure"] or len(here) < FEWEST * len(frames):
        raise ValueError(
            f"{path} has {len(here)} of the {len(frames)} structures of the atlas and "
            f"{dataset.sizes['structure'] - len(here)} others; expected {FEWEST:.0%} or more of "
            "them, and no others"
        )
    whole = read(path, [frames[i] for i in here], here, layers=False)
    if wrong := [name for name in NEEDED if not np.isfinite(whole[name]).all()]:
        raise ValueError(f"{path}: got NaN or infinity in {', '.join(wrong)}")
    return {
        "entry": path.stem,
        "model": str(told["model"]),
        "family": str(told["family"]),
        "structures": len(here),
        "last layer": whole.sizes["last_layer_channel"],
        "backbone": whole.sizes["backbone_channel"],
        "identity": f"{residual:.0e}",
        "licence": str(told["licence"]),
        "kB": round(path.stat().st_size / 1000),
    }


def entries(paths: Iterable[Path]) -> tuple[dict[Path, dict[str, Any]], list[str]]:
    """Check some entries: those that are whole, as `entry` lists them, and what is wrong else."""
    whole, wrong = {}, []
    for path in paths:
        try:
            whole[path] = entry(path)
        except (ValueError, OSError) as error:
            wrong.append(str(error))
    return whole, wrong


def _bound() -> float:
    return CHECKS[IDENTITY].bound.float32


def _known(model: str) -> ModelEntry | None:
    try:
        return resolve(model)
    except ValueError:  # a file of its author's
        return None


def _of(known: ModelEntry, told: dict[str, Any]) -> bool:
    sums = {known.sha256 or "", told.get("checkpoint_sha256", "")} - {""}
    return told["family"] == known.family and len(sums) < 2


def _check_size(path: Path) -> None:
    """Refuse what is no archive, or too large, before it is unpacked."""
    try:
        with ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except BadZipFile as error:
        raise ValueError(f"{path} is no .npz file ({error})") from error
    if size > LARGEST:
        raise ValueError(f"{path}: got {size:,} bytes unpacked, expected at most {LARGEST:,}")
