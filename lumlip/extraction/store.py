"""The features of one model on one set of structures, as a Zarr store that xarray opens lazily.

While a model runs, its batches lie in a ``.partial`` folder. Only when all are there is the store
written, beside its place, and then renamed into it: a store that was stopped is not there. What
happens to its files later, a lost chunk say, zarr would take for zeros or NaN: their checksums lie
beside the store and tell.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from lumlip.errors import ExtractionError
from lumlip.extraction.arrays import EXTRA, LAYER, load_arrays, packed, save_structures
from lumlip.runtime.paths import ensured, refuse_existing

if TYPE_CHECKING:
    import xarray as xr

_CHUNK_ATOMS = 16384
_ALWAYS = ("backbone", "last_layer")
_LABELS = ("subset", "part", "parent")
_PIECE = 1 << 22  # bytes of a file that are read at once

Files = dict[str, tuple[int, int]]
#: Stores that this process found whole: their files with sizes and times of change.
_found_whole: dict[Path, Files] = {}
#: Stores that this process has summed: their files with sizes and times of change, and the sums.
_summed: dict[Path, tuple[Files, dict[str, int]]] = {}


def write_job(folder: Path, structures: Sequence[Atoms], order: dict[str, Any]) -> None:
    """Leave in the folder what the worker needs to know."""
    save_structures(folder / "structures.npz", structures)
    (folder / "job.json").write_text(json.dumps(order), encoding="utf-8")


def assemble(
    folder: Path,
    store: Path,
    structures: Sequence[Atoms],
    attributes: dict[str, Any],
    *,
    failed: Collection[int] = (),
) -> None:
    """Put a worker's batches in the order of the structures and write the store.

    Structures that the model failed on have NaN.
    """
    import xarray as xr

    n_atoms, numbers = packed(structures, _elements).values()
    arrays = gather(folder, n_atoms, failed)
    of_atoms = [name for name in arrays if is_of_atoms(name)]
    variables: dict[str, Any] = {
        layer: (("atom", f"{layer}_channel"), arrays[layer]) for layer in of_atoms
    }
    for name in arrays:
        if name.startswith(EXTRA):
            plain = name.removeprefix(EXTRA)
            variables[plain] = (("structure", f"{plain}_channel"), arrays[name])
    if "energy" in arrays:
        variables["energy"] = ("structure", arrays["energy"], {"unit": "eV"})
    dataset = xr.Dataset(
        variables,
        coords={
            "structure": ("atom", np.repeat(np.arange(len(n_atoms)), n_atoms)),
            "atomic_number": ("atom", numbers),
        },
        attrs=attributes,
    )
    chunks = {
        layer: {"chunks": (min(_CHUNK_ATOMS, len(arrays[layer])), arrays[layer].shape[1])}
        for layer in of_atoms
    }
    with written_whole(store) as part:
        dataset.to_zarr(part, mode="w", consolidated=False, zarr_format=2, encoding=chunks)
        _write_checksums(part, _checksums_of(store))


@contextmanager
def written_whole(store: Path) -> Iterator[Path]:
    """Lend a folder beside a store, which gets the store's name at the end.

    If something of that name was written into it, that gets its place instead. What has the name
    by then is left as it is: FileExistsError.
    """
    part = ensured(store.with_name(f"{store.name}.{uuid.uuid4().hex[:8]}.part"))
    try:
        yield part
        made = part / store.name
        refuse_existing(store)  # which another process may have made in the meantime
        (made if made.exists() else part).rename(store)
    finally:
        remove(part)


def open_store(store: Path) -> xr.Dataset:
    """Open a store; arrays are read when they are used."""
    import xarray as xr

    dataset: xr.Dataset = xr.open_zarr(store, consolidated=False, chunks=None)
    return dataset


def labelled(
    dataset: xr.Dataset, structures: Sequence[Atoms], sha256: str, frames: Sequence[int] | None
) -> xr.Dataset:
    """Add what a model does not see, so that it may change while the store stays.

    Coordinates ``subset``, ``part`` and ``parent``, of shape (n_structures,), and ``frame``: the
    user's number of each structure. And every array says which structures it is of.
    """
    labels = {name: ("structure", x) for name, x in packed(structures, _labels).items()}
    numbers = np.array(frames or range(len(structures)))
    added = dataset.assign_coords(labels).assign_coords(frame=("structure", numbers))
    for part in (added, *added.data_vars.values()):
        part.attrs["structures_sha256"] = sha256
    return added


def with_readout(dataset: xr.Dataset, layer: str) -> xr.Dataset:
    """Add ``readout`` (atom, readout_channel): a layer under another name, nothing stored twice.

    The attribute ``readout`` says which one it is.
    """
    same = dataset[layer].rename({f"{layer}_channel": "readout_channel"})
    return dataset.assign(readout=same).assign_attrs(readout=layer)


def select(dataset: xr.Dataset, keep: NDArray[Any]) -> xr.Dataset:
    """Keep some structures (``keep`` of shape (n_structures,)) and number them anew."""
    if keep.all():
        return dataset
    structure = dataset["structure"].to_numpy()
    kept = dataset.isel(structure=np.flatnonzero(keep), atom=np.flatnonzero(keep[structure]))
    number = np.cumsum(keep) - 1
    kept = kept.assign_coords(structure=("atom", number[kept["structure"].to_numpy()]))
    for part in (kept, *kept.data_vars.values()):  # the hash is that of all
        part.attrs = {k: v for k, v in part.attrs.items() if k != "structures_sha256"}
    return kept


def damage(store: Path) -> str:
    """Say what is wrong with the files of a store; nothing if they are as they were written.

    A process reads a store through once, and again only if sizes or times of its files change.
    """
    try:
        if _found_whole.get(store) == (state := _state(store)):
            return ""
        expected = json.loads(_checksums_of(store).read_text(encoding="utf-8"))
        found = _checksums(store, state)
    except (FileNotFoundError, ValueError):
        return "no checksums, or files that vanish"
    wrong = sorted(k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k))
    if wrong:
        return f"{len(wrong)} of {len(expected)} files, such as {wrong[0]}"
    _found_whole[store] = state
    return ""


def set_aside(store: Path) -> Path:
    """Give a damaged store another name, where nobody looks for features, and return that."""
    kept = store.with_name(f"{store.name}.{uuid.uuid4().hex[:8]}.damaged")
    store.rename(kept)
    return kept


def remove(folder: Path) -> None:
    """Remove a worker's folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _checksums_of(store: Path) -> Path:
    """Return the file with the checksums of a store: beside it, as zarr knows all files inside."""
    return store.with_name(f"{store.name}.crc32.json")


def _write_checksums(store: Path, path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(_checksums(store, _state(store)), indent=0), encoding="utf-8")
    part.replace(path)


def _state(store: Path) -> Files:
    """Size in bytes and time of change in ns of every file of a store, by its path in there."""
    stats = {file: file.stat() for file in store.rglob("*") if file.is_file()}
    return {f.relative_to(store).as_posix(): (s.st_size, s.st_mtime_ns) for f, s in stats.items()}


def checksums(store: Path) -> dict[str, int]:
    """Return the sums of what is in a store, but for its attributes, by path in there.

    A process reads a store through again only if sizes or times of its files change.
    """
    state = {name: facts for name, facts in _state(store).items() if name != ".zattrs"}
    if _summed.get(store, (None, {}))[0] != state:
        _summed[store] = state, _checksums(store, state)
    return _summed[store][1]


def _checksums(store: Path, names: Iterable[str]) -> dict[str, int]:
    """CRC-32 of files of a store; several at once, as the sum leaves Python free."""
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return dict(zip(names, pool.map(lambda name: _crc32(store / name), names), strict=True))


def _crc32(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total = zlib.crc32(piece, total)
    return total


def _elements(structures: list[Atoms]) -> dict[str, NDArray[Any]]:
    numbers = [atoms.numbers for atoms in structures]
    return {"n_atoms": np.array(list(map(len, numbers))), "numbers": np.concatenate(numbers)}


def _labels(structures: list[Atoms]) -> dict[str, NDArray[Any]]:
    return {n: np.array([str(a.info.get(n, "")) for a in structures], np.str_) for n in _LABELS}


def gather(folder: Path, n_atoms: ArrayLike, failed: Collection[int]) -> dict[str, NDArray[Any]]:
    """Scatter the batches into arrays on disk, so that the features need not fit in memory.

    ``n_atoms`` are those of each structure.
    """
    lengths = np.array(n_atoms)
    starts = np.cumsum(lengths) - lengths
    whole: dict[str, NDArray[Any]] = {}
    missing = set(range(len(lengths))) - {*failed}
    for path in sorted(folder.glob("batch-*.npz")):
        if not (data := load_arrays(path)):
            continue
        index = data["index"]
        missing.difference_update(index.tolist())
        for name in (key for key in data if key == "energy" or key.startswith(EXTRA)):
            if name not in whole:
                whole[name] = np.full((len(lengths), *data[name].shape[1:]), np.nan)
            whole[name][index] = data[name]
        rows = np.concatenate([np.arange(starts[i], starts[i] + lengths[i]) for i in index])
        for layer in filter(is_of_atoms, data):
            if layer not in whole:
                whole[layer] = _scratch(folder / f"{layer}.npy", lengths.sum(), data[layer])
            whole[layer][rows] = data[layer]
    for i in failed:
        for layer in filter(is_of_atoms, whole):
            whole[layer][starts[i] : starts[i] + lengths[i]] = np.nan
    if missing or len(set(failed)) == len(lengths):
        frames = f"frames {sorted(missing)[:5]} of {len(lengths)}"
        raise ExtractionError(f"no features for {frames} in {folder}: the same call makes them")
    return whole


def is_of_atoms(name: str) -> bool:
    """Tell whether an array of a batch has a row per atom."""
    return name in _ALWAYS or name.startswith(LAYER)


def _scratch(path: Path, n_rows: int, like: NDArray[Any]) -> NDArray[Any]:
    shape = (int(n_rows), like.shape[1])
    made = np.lib.format.open_memmap(path, mode="w+", dtype=like.dtype, shape=shape)
    # All its room now, or an error: a disk that fills while mapped memory is written to kills.
    if hasattr(os, "posix_fallocate") and made.nbytes:
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return made
