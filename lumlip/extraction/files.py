"""Features as files: written for other programs, and read again in the place of a model.

What is read is data alone: an ``.npz`` without pickles, or a Zarr store of plain numbers and texts.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pandas as pd
import xarray as xr
from ase import Atoms
from numpy.typing import NDArray

from lumlip.array_types import IntArray
from lumlip.choices import DTYPES, LAYERS, check_choice
from lumlip.datasets.sets import structures_sha256
from lumlip.datasets.spooled import chosen
from lumlip.extraction.arrays import LAYER
from lumlip.extraction.given import Given
from lumlip.extraction.store import checksums, is_of_atoms, open_store, with_readout
from lumlip.metrics._input import as_structure_index
from lumlip.metrics.cumulants import mean_over_atoms
from lumlip.runtime.environments import say
from lumlip.runtime.paths import sha256_file
from lumlip.zoo.features_file import attributes, reading

#: Atoms that are read and written at a time.
PIECE = 16384
#: Of each structure, or for ``structures_sha256`` of all together: what ties features to them.
SHA256 = "structures_sha256"
_COORDS = (SHA256, "structure", "atomic_number", "frame", "subset", "part", "parent")
_OTHERS = (SHA256, "energy", "structure", "atomic_number")
_EXPECTED = f"last_layer, {SHA256}; if known backbone, {LAYER}NN_NAME, {', '.join(_OTHERS[1:])}"
#: Attribute of a Zarr store: the sums of its files.
SUMS = "crc32"
#: Ways of Zarr to pack bytes; others, such as pickle, may run code.
_PACKED = (None, "blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd")


def write(dataset: xr.Dataset, structures: Sequence[Atoms], path: Path) -> None:
    """Write features of the structures that ``frame`` counts, as the suffix says: `WRITERS`."""
    kept = chosen(structures, dataset["frame"].to_numpy())
    sums = np.fromiter((structures_sha256([a]).encode() for a in kept), "S64", len(kept))
    once = dataset.drop_vars("readout")  # one of the others: the attribute says which
    tied = once.drop_encoding().assign_coords({SHA256: ("structure", sums)})
    WRITERS[path.suffix](tied, kept, path)


def _pieces(dataset: xr.Dataset) -> Iterator[xr.Dataset]:
    """Load whole structures, those that begin within the same `PIECE` of the atoms together."""
    n_atoms = np.bincount(dataset["structure"])
    ends = n_atoms.cumsum()
    piece = (ends - n_atoms) // PIECE
    for here in (np.flatnonzero(piece == number) for number in np.unique(piece)):
        atoms = slice(ends[here[0]] - n_atoms[here[0]], ends[here[-1]])
        yield _legible(dataset.isel(structure=slice(here[0], here[-1] + 1), atom=atoms).load())


def _legible(dataset: xr.Dataset) -> xr.Dataset:
    """Turn sums, of which bytes take a fourth of the memory, into texts."""
    return dataset.assign_coords({SHA256: dataset[SHA256].astype(np.str_)})


def append(parts: Iterable[xr.Dataset], path: Path) -> None:
    """Write data sets of features one behind the other to a Zarr store, a piece at a time."""
    plain: dict[str, Any] = {"consolidated": False, "zarr_format": 2}
    longer: dict[str, dict[str, Any]] = {"structure": {"mode": "w"}, "atom": {"mode": "a"}}
    n_before = 0
    for part in parts:
        for piece in _pieces(part):
            numbered = piece.assign_coords(structure=piece["structure"] + n_before)
            numbered.drop_dims("atom").to_zarr(path, **longer["structure"], **plain)
            numbered.drop_dims("structure").to_zarr(path, **longer["atom"], **plain)
            longer = {dim: {"mode": "a", "append_dim": dim} for dim in longer}
        n_before += part.sizes["structure"]
    sums = {name: total for name, total in checksums(path).items() if name != ".zattrs"}
    # Where a store has no energies, this alone says what is a coordinate of structures.
    named = {"coordinates": " ".join(map(str, piece.coords))}
    told = attributes(path) | named | {SUMS: sums}
    (path / ".zattrs").write_text(json.dumps(told, indent=0), encoding="utf-8")


def _write_npz(dataset: xr.Dataset, _: Sequence[Atoms], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        with file.open("attributes.npy", "w") as member:
            np.lib.format.write_array(member, np.array(json.dumps(dataset.attrs)))
        for name, variable in _legible(dataset).variables.items():
            form = {"fortran_order": False, "shape": variable.shape, "descr": variable.dtype.str}
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array_header_2_0(member, form)
                for start in range(0, len(variable), PIECE):
                    member.write(variable[start : start + PIECE].to_numpy().tobytes())


def _write_parquet(dataset: xr.Dataset, _: Sequence[Atoms], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pd.concat([_pooled(piece) for piece in _pieces(dataset)], ignore_index=True)
    said = {name: str(value) for name, value in dataset.attrs.items()}
    parquet.write_table(pa.Table.from_pandas(table).replace_schema_metadata(said), path)


def _pooled(piece: xr.Dataset) -> pd.DataFrame:
    """Lay out a row per structure; features are means over its atoms, a column per channel."""
    structure = piece["structure"].to_numpy()
    columns: dict[str, NDArray[Any]] = {}
    for name, variable in piece.drop_vars(["structure", "atomic_number"]).variables.items():
        values = variable.to_numpy()
        if variable.dims[0] == "atom":
            values = mean_over_atoms(values, structure - structure[0])
        wide = {f"{name}_{i}": x for i, x in enumerate(values.T)}
        columns |= wide if values.ndim > 1 else {str(name): values}
    return pd.DataFrame(columns)


def _write_extxyz(dataset: xr.Dataset, structures: Sequence[Atoms], path: Path) -> None:
    for piece in _pieces(dataset):
        structure, frames = piece["structure"].to_numpy(), []
        for i in np.unique(structure):
            frames.append(structures[i].copy())
            for name, variable in piece.drop_vars(["structure", "atomic_number"]).variables.items():
                if variable.dims[0] == "atom":
                    frames[-1].set_array(name, variable.to_numpy()[structure == i])
                else:
                    frames[-1].info[name] = variable.to_numpy()[i - structure[0]]
        ase.io.write(path, frames, format="extxyz", append=True)


#: By suffix, what ``lumlip extract -o`` can write.
WRITERS: dict[str, Callable[[xr.Dataset, Sequence[Atoms], Path], None]] = {
    ".zarr": lambda dataset, _, path: append([dataset], path),
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".extxyz": _write_extxyz,
}


def taken(path: Path, given: Given) -> list[int]:
    """Return the places of the structures that a file has features of; an error if of none."""
    return np.flatnonzero(_rows(opened(path), given, path) >= 0).tolist()


def read(path: Path, given: Given, *, layers: bool) -> xr.Dataset:
    """Read the features of structures, as :func:`lumlip.features` returns them but for labels.

    ValueError: a file of other structures, without some of these, without the layers that are asked
    for, or not of the right form.
    """
    dataset, structures = opened(path), given.structures
    if dataset["last_layer"].dtype == np.float16:
        say(f"lumlip: {path}: float16 keeps three digits of the features; errors have fewer")
    rows = _rows(dataset, given, path)
    owner = np.repeat(np.arange(len(structures)), [len(atoms) for atoms in structures])
    if len(missing := np.flatnonzero(rows < 0)):
        raise ValueError(
            f"{path} lacks {len(missing)} of {len(rows)} structures (first: frame "
            f"{given.frames[missing[0]]}, {structures[missing[0]].get_chemical_formula()}); "
            "leave them out: --skip-unknown"
        )
    if layers and not any(name.startswith(LAYER) for name in map(str, dataset)):
        raise ValueError(f"{path} has no {LAYER}00_NAME, ...; write it with --layers")
    index = owner
    if "structure" in dataset.coords:
        with reading(path):
            index = as_structure_index(dataset["structure"].to_numpy(), dataset.sizes["atom"])
    n_atoms = np.bincount(index, minlength=rows.max() + 1)
    if len(index) != dataset.sizes["atom"] or (n_atoms[rows] != np.bincount(owner)).any():
        got = f"{path}: got features of {dataset.sizes['atom']} atoms, expected {len(owner)}"
        raise ValueError(f"{got}, as many in every structure as it has atoms")
    order, starts = np.argsort(index, kind="stable"), n_atoms.cumsum() - n_atoms
    atoms = np.concatenate([order[starts[row] :][: n_atoms[row]] for row in rows])
    if not np.array_equal(atoms, np.arange(dataset.sizes["atom"])):
        dataset = dataset.isel(atom=atoms)
    if "structure" in dataset.dims:
        dataset = dataset.isel(structure=rows)
    dataset.attrs.pop("failed", None)  # numbers of those that are not there
    numbers = np.concatenate([atoms.numbers for atoms in structures])
    found = dataset["atomic_number"].to_numpy() if "atomic_number" in dataset.coords else numbers
    if len(other := np.flatnonzero(found != numbers)):
        z, expected = found[other[0]], numbers[other[0]]
        got = f"{path}: got atomic_number {z} for atom {other[0]}, expected {expected}"
        raise ValueError(f"{got}: its atoms stand in another order than in the structures")
    if SUMS not in attributes(path):  # what has sums was looked at when it was written
        _check_finite(dataset, path, {"atom": atoms, "structure": rows})
    named = dataset.assign_coords(structure=("atom", owner), atomic_number=("atom", numbers))
    check_choice("readout", layer := dataset.attrs.get("readout", "last_layer"), LAYERS)
    return with_readout(named, layer)


def _check_finite(dataset: xr.Dataset, path: Path, rows: dict[Hashable, IntArray]) -> None:
    """Refuse NaN and infinity, naming the first; ``rows`` are those of the file."""
    for name in (name for name in map(str, dataset) if is_of_atoms(name) or name == "energy"):
        values = dataset[name]
        for start in range(0, len(values), PIECE):
            finite = np.isfinite(values[start : start + PIECE].to_numpy())
            bad = start + np.flatnonzero(~finite.reshape(len(finite), -1).all(axis=1))
            if len(bad):
                got = f"NaN or infinity in row {rows[values.dims[0]][bad[0]]} of {name}"
                raise ValueError(f"{path}: got {got}: leave that structure out of the file")


def _rows(dataset: xr.Dataset, given: Given, path: Path) -> IntArray:
    """Return where in a file each structure is (n_structures,); -1: it is not there."""
    got, n = dataset.attrs.get(SHA256), len(given.structures)
    each = dataset[SHA256].to_numpy().tolist() if SHA256 in dataset.coords else []
    if got == given.sha256 and not each:  # the sum of the whole does not see an order of the rows
        if (n_energies := dataset.sizes.get("structure", n)) != n:
            raise ValueError(f"{path}: got energies of {n_energies} structures, expected {n}")
        return np.arange(n)
    known: dict[str, list[int]] = {}
    for row in reversed(range(len(each))):
        known.setdefault(each[row], [-1]).append(row)
    # Rows of copies are taken one after the other: they may differ in what a sum does not see.
    wanted = (known.get(total, [-1]) for total in given.sums)
    rows = np.array([at.pop() if len(at) > 2 else at[-1] for at in wanted])
    if (rows < 0).all():
        told = f"expected {n} of {given.sha256} (`lumlip structures` prints it)"
        if not (each or got):
            raise ValueError(f"{path} does not say of which structures: no {SHA256}; {told}")
        has = f"{len(each)} others" if each else f"those of {SHA256} {got}"
        raise ValueError(
            f"{path} holds features of other structures: got {has}, {told}; order counts, and "
            "every decimal: name the very file"
        )
    return rows


def sha256_of(path: Path) -> str:
    """Return a sum of all that a features file holds."""
    if path.suffix != ".zarr":
        return sha256_file(path)
    content = [attributes(path), sorted(checksums(path).items())]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def opened(path: Path) -> xr.Dataset:
    """Open a features file and check its form; arrays of a Zarr store are read when used."""
    if path.suffix == ".zarr":
        _check_plain(path)
        _check_whole(path)
        with reading(path):
            dataset = open_store(path)
            # Other programs need not say that these are coordinates.
            dataset = dataset.set_coords([name for name in _COORDS if name in dataset])
    else:
        with reading(path), np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if name != "attributes"}
        dataset = _as_dataset(arrays, path)
    dataset.attrs.pop(SUMS, None)
    if "last_layer" not in dataset:
        raise ValueError(f"{path}: got {', '.join(map(str, dataset))}; expected {_EXPECTED}")
    kept = str(dataset["last_layer"].dtype)
    if dataset.attrs.get("dtype") in DTYPES and kept.startswith("float"):
        dataset.attrs["dtype"] = kept  # what it says may be of the run that made them
    for name, values in dataset.items():
        dims = ("n_atoms", "n_channels") if name != "energy" else ("n_structures",)
        real = values.dtype.kind in "fiu" and 0 not in values.shape and values.ndim == len(dims)
        if (is_of_atoms(str(name)) or name == "energy") and not real:
            got = f"{path}: got {name} of shape {values.shape} and dtype {values.dtype}"
            raise ValueError(f"{got}, expected real numbers ({', '.join(dims)})")
    if "backbone" not in dataset:
        same = dataset["last_layer"].rename(last_layer_channel="backbone_channel")
        dataset = dataset.assign(backbone=same)
    return dataset


def _check_plain(store: Path) -> None:
    """Refuse arrays whose bytes would be more than unpacked."""
    for path in store.glob("*/.zarray"):
        with reading(path.parent):
            told = json.loads(path.read_text(encoding="utf-8"))
            packed, kind = (told["compressor"] or {}).get("id"), str(told["dtype"])[1:2]
        if told["filters"] or packed not in _PACKED or kind not in "biufU":
            got = f"dtype {told['dtype']}, filters {told['filters']} and compressor {packed}"
            raise ValueError(f"{path.parent}: got {got}; expected plain numbers or texts")


def _check_whole(store: Path) -> None:
    """Refuse a store with other files than were written, if it has their sums: zarr takes zeros."""
    expected = attributes(store).get(SUMS, {})
    found = checksums(store) if expected else {}
    if wrong := sorted(name for name in expected if found.get(name) != expected[name]):
        damaged = f"{store} is damaged in {len(wrong)} of {len(expected)} files, such as {wrong[0]}"
        raise ValueError(f"{damaged}: make it anew, or, if meant, remove {SUMS} from its .zattrs")


def _as_dataset(arrays: dict[str, NDArray[Any]], path: Path) -> xr.Dataset:
    """Name the dimensions of plain arrays."""
    told = attributes(path)
    if SHA256 in arrays and not arrays[SHA256].ndim:
        told[SHA256] = str(arrays.pop(SHA256))
    strange = [name for name in arrays if not is_of_atoms(name) and name not in _OTHERS]
    if strange and "lumlip_version" not in told:
        raise ValueError(f"{path}: got {', '.join(strange)}; expected {_EXPECTED}")
    variables: dict[str, Any] = {}
    for name, values in arrays.items():
        of_atoms = is_of_atoms(name) or name in ("structure", "atomic_number")
        dims = ("atom" if of_atoms else "structure", f"{name}_channel")
        more = (f"{name}_{i}" for i in range(values.ndim))  # refused later
        variables[name] = ((*dims, *more)[: max(1, values.ndim)], values)
    try:
        coords = [name for name in ("structure", "atomic_number", SHA256) if name in variables]
        return xr.Dataset({}, {n: variables.pop(n) for n in coords}, told).assign(variables)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
