"""The features of one model on one set of structures, as a Zarr store that xarray opens lazily.

While a model runs, its batches lie in a ``.partial`` folder. Only when all are there is the store
written, beside its place, and then renamed into it. What happens to its files later, a lost chunk
say, zarr would take for zeros or NaN: their checksums lie beside the store and tell.
"""

import json
import os
import shutil
import uuid
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from ase import Atoms
from numpy.typing import NDArray

from lumlip.errors import ExtractionError
from lumlip.extraction.arrays import LAYER, crc32, load_arrays, save_structures
from lumlip.extraction.given import Given
from lumlip.runtime.paths import ensured, refuse_existing

_CHUNK_ATOMS = 16384
_ALWAYS = ("backbone", "last_layer")
_STRUCTURES = "structures.npz"

#: Stores that this process has summed: their files with sizes and times of change, and the sums.
_summed: dict[Path, tuple[dict[str, tuple[int, int]], dict[str, int]]] = {}


def write_job(folder: Path, structures: Sequence[Atoms], order: dict[str, Any]) -> None:
    """Leave in the folder what the worker needs to know."""
    save_structures(folder / _STRUCTURES, structures)
    (folder / "job.json").write_text(json.dumps(order), encoding="utf-8")


def assemble(
    folder: Path, store: Path, attributes: dict[str, Any], *, failed: Collection[int] = ()
) -> None:
    """Write a worker's batches in the order of the structures; those it failed on have NaN."""
    with np.load(folder / _STRUCTURES) as file:
        n_atoms, numbers = file["n_atoms"], file["numbers"]
    variables: dict[str, Any] = {}
    chunks = {}
    for name, values in gather(folder, failed).items():
        dims = ("atom" if is_of_atoms(name) else "structure", f"{name}_channel")[: values.ndim]
        variables[name] = (dims, values, {"unit": "eV"} if name == "energy" else {})
        if is_of_atoms(name):
            chunks[name] = {"chunks": (min(_CHUNK_ATOMS, len(values)), values.shape[1])}
    coords = {
        "structure": ("atom", np.repeat(np.arange(len(n_atoms)), n_atoms)),
        "atomic_number": ("atom", numbers),
    }
    dataset = xr.Dataset(variables, coords, attributes)
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
    dataset: xr.Dataset = xr.open_zarr(store, consolidated=False, chunks=None, zarr_format=2)
    return dataset


def labelled(dataset: xr.Dataset, given: Given) -> xr.Dataset:
    """Add what a model does not see, so that it may change while the store stays.

    Coordinates ``subset``, ``part``, ``parent`` and ``frame``, the user's number of each structure;
    and every array says which structures it is of.
    """
    labels = {**given.labels, "frame": np.array(given.frames)}
    added = dataset.assign_coords({name: ("structure", x) for name, x in labels.items()})
    for part in (added, *added.data_vars.values()):
        part.attrs["structures_sha256"] = given.sha256
    return added


def with_readout(dataset: xr.Dataset, layer: str) -> xr.Dataset:
    """Add ``readout``, a layer under another name that the attribute ``readout`` says."""
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
    """Say what is wrong with the files of a store; nothing if they are as they were written."""
    try:
        expected = json.loads(_checksums_of(store).read_text(encoding="utf-8"))
        found = checksums(store)
    except (FileNotFoundError, ValueError):
        return "no checksums, or files that vanish"
    wrong = sorted(k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k))
    return f"{len(wrong)} of {len(expected)} files, such as {wrong[0]}" if wrong else ""


def remove(folder: Path) -> None:
    """Remove a worker's folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _checksums_of(store: Path) -> Path:
    """Return the file with the checksums of a store: beside it, as zarr knows all files inside."""
    return store.with_name(f"{store.name}.crc32.json")


def _write_checksums(store: Path, path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(checksums(store), indent=0), encoding="utf-8")
    part.replace(path)


def checksums(store: Path) -> dict[str, int]:
    """The CRC-32 of the files of a store, by path; read again only if sizes or times change."""
    stats = {file: file.stat() for file in store.rglob("*") if file.is_file()}
    sized = ((file, (stat.st_size, stat.st_mtime_ns)) for file, stat in stats.items())
    state = {file.relative_to(store).as_posix(): both for file, both in sized}
    if _summed.get(store, (None, {}))[0] != state:
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:  # sums leave Python free
            _summed[store] = state, dict(zip(state, pool.map(_crc32, stats), strict=True))
    return _summed[store][1]


def _crc32(path: Path) -> int:
    with path.open("rb") as file:
        return crc32(file)


def gather(folder: Path, failed: Collection[int] = ()) -> dict[str, NDArray[Any]]:
    """Scatter the batches into arrays on disk, so that the features need not fit in memory."""
    with np.load(folder / _STRUCTURES) as file:
        lengths = file["n_atoms"]
    starts = np.cumsum(lengths) - lengths
    whole: dict[str, NDArray[Any]] = {}
    missing = set(range(len(lengths))) - {*failed}
    for path in sorted(folder.glob("batch-*.npz")):
        if not (data := load_arrays(path)):
            continue
        index = data.pop("index")
        missing.difference_update(index.tolist())
        rows = np.concatenate([np.arange(starts[i], starts[i] + lengths[i]) for i in index])
        for name, values in data.items():
            if is_of_atoms(name):
                if name not in whole:
                    whole[name] = _scratch(folder / f"{name}.npy", lengths.sum(), values)
                whole[name][rows] = values
            else:
                nothing = np.full((len(lengths), *values.shape[1:]), np.nan)
                whole.setdefault(name, nothing)[index] = values
    for i in failed:
        for name in filter(is_of_atoms, whole):
            whole[name][starts[i] : starts[i] + lengths[i]] = np.nan
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
