"""The atlas: one small file of features a model, all of the same atoms, that anyone can send.

An entry is a features file of the set ``atlas`` that says what it is of, what its energies are
worth, and under which terms it may be passed on; as ``features:FILE`` it is a model anywhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lumlip.conformance.bounds import CHECKS
from lumlip.conformance.check_model import check_model, runnable
from lumlip.datasets.sets import structures
from lumlip.extraction.features import features
from lumlip.extraction.files import opened, read, taken, write
from lumlip.extraction.given import Given
from lumlip.extraction.panel import taken as taken_by
from lumlip.extraction.store import written_whole
from lumlip.runtime.paths import home, refuse_existing, regular
from lumlip.zoo.features_file import attributes
from lumlip.zoo.table import ModelEntry, resolve

SET = "atlas"
#: Bytes of all arrays of an entry together, unpacked.
LARGEST = 20_000_000
#: Share of the structures of the set whose elements a model must know.
FEWEST = 0.9
IDENTITY = "energy_identity"
BOUND = CHECKS[IDENTITY].bound.float32
#: What an entry says; the sum of the weights only where they do not come with a package.
SAID = ("model", "family", "dtype", "package_versions", "features_version", "lumlip_version")
#: Attribute: a sum of all else.
SUM = "entry_sha256"
#: Numbers of two machines differ by less, as a share of their root mean square.
SAME = 0.01
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

    ``licence`` are terms of the model that the table of models does not know. Raises what
    :func:`lumlip.features` and `entry` do, and ValueError if a check of the model fails.
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
    if len(here := taken_by(known, Given.of(frames))) < FEWEST * len(frames):
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
            arrays = dict(file)
        told = json.loads(str(arrays["attributes"]))
        arrays["attributes"] = np.array(json.dumps(told | {SUM: _sum(told, arrays)}))
        np.savez_compressed(part / path.name, **arrays)  # type: ignore[arg-type]
        entry(part / path.name)
    return path


def _named(model: ModelEntry) -> str:
    """Return an id without the folder of its file, which is nobody's business."""
    if model.weights != "file":
        return model.id
    task = f"@{model.task}" if model.task else ""
    return f"{model.family}:{Path(model.checkpoint).name}{task}"


def entry(path: Path, *, rerun: bool = False) -> dict[str, Any]:
    """Check an entry of the atlas and return what to list of it.

    With ``rerun`` its numbers are compared with those of its model, if that needs no download. Of
    another model they cannot be: whoever makes numbers up can make a sum of them, too. ValueError:
    it is no whole entry of these structures, or was changed.
    """
    if path.exists():  # else what follows says so
        _check_size(regular(path))
    told, dataset, known = attributes(path), opened(path), None
    with suppress(ValueError):  # a file of its author's
        known = resolve(str(told.get("model")))
    sum_of = () if known and known.weights == "package" else ("checkpoint_sha256",)
    if lacking := [name for name in (*SAID, "licence", *sum_of, SUM) if not told.get(name)]:
        raise ValueError(f"{path} does not say {', '.join(lacking)}; `lumlip atlas add` does")
    with np.load(path, allow_pickle=False) as file:
        if told.pop(SUM) != _sum(told, file):
            raise ValueError(f"{path} was changed after it was made; `lumlip atlas add` makes one")
    sums = {known.sha256 if known else "", told.get("checkpoint_sha256")} - {None, ""}
    if known and (told["family"] != known.family or len(sums) > 1):
        raise ValueError(f"{path}: its family or its weights are not those of {known.id}")
    if lacking := [name for name in NEEDED if name not in dataset]:
        raise ValueError(f"{path} has no {', '.join(lacking)}; expected {', '.join(NEEDED)}")
    if not abs(residual := float(told.get(IDENTITY, np.nan))) <= BOUND:
        raise ValueError(f"{path}: got {IDENTITY} {residual:.2g}, expected at most {BOUND:g}")
    given = Given.of(SET)
    frames, here = given.structures, taken(path, given)
    if len(here) != dataset.sizes["structure"] or len(here) < FEWEST * len(frames):
        raise ValueError(
            f"{path} has {len(here)} of the {len(frames)} structures of the atlas and "
            f"{dataset.sizes['structure'] - len(here)} others; expected {FEWEST:.0%} or more of "
            "them, and no others"
        )
    part = given.part(here)
    whole = read(path, part, layers=False)
    if wrong := [name for name in NEEDED if not np.isfinite(whole[name]).all()]:
        raise ValueError(f"{path}: got NaN or infinity in {', '.join(wrong)}")
    if rerun and known and known.weights in ("package", "bundled"):
        _check_numbers(whole, features(known.id, part, dtype=told["dtype"]), path)
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


def _check_numbers(got: xr.Dataset, expected: xr.Dataset, path: Path) -> None:
    """Refuse an entry of the same version of the features that differs by more than machines do."""
    if got.attrs["features_version"] != expected.attrs["features_version"]:
        return
    for name in NEEDED:
        ours = expected[name].to_numpy().astype(float)
        error = np.abs(got[name].to_numpy() - ours).max() / np.sqrt(np.square(ours).mean())
        if not error < SAME:
            raise ValueError(
                f"{path}: its {name} is not that of its model (differs by {error:.2g})"
            )


def entries(
    paths: Iterable[Path], *, rerun: bool = False
) -> tuple[dict[Path, dict[str, Any]], list[str]]:
    """Check some entries: those that are whole, as `entry` lists them, and what is wrong else."""
    whole, wrong = {}, []
    for path in paths:
        try:
            whole[path] = entry(path, rerun=rerun)
        except (ValueError, OSError) as error:
            wrong.append(str(error))
    return whole, wrong


def _sum(told: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the sum of all that an entry says and holds: a slip is seen, a forger makes one."""
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for name in sorted({*arrays} - {"attributes"}):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def _check_size(path: Path) -> None:
    """Refuse what is no archive, or too large, before it is unpacked."""
    try:
        with ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except BadZipFile as error:
        raise ValueError(f"{path} is no .npz file ({error})") from error
    if size > LARGEST:
        raise ValueError(f"{path}: got {size:,} bytes unpacked, expected at most {LARGEST:,}")
