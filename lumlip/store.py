"""The features of one model on one set of structures, as a Zarr store that xarray opens lazily.

While a model runs, its batches lie in a ``.partial`` folder. Only when all are there is the store
written, beside its place, and then renamed into it: a store that can be opened is whole.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from lumlip.arrays import EXTRA, LAYER, save_structures

if TYPE_CHECKING:
    import xarray as xr

_CHUNK_ATOMS = 16384
_ALWAYS = ("backbone", "last_layer")
_LABELS = ("subset", "part", "parent")


def write_job(folder: Path, structures: Sequence[Atoms], order: dict[str, Any]) -> None:
    """Leave in the folder what the worker needs to know."""
    save_structures(folder / "structures.npz", structures)
    (folder / "job.json").write_text(json.dumps(order), encoding="utf-8")


def assemble(
    folder: Path, store: Path, structures: Sequence[Atoms], attributes: dict[str, Any]
) -> None:
    """Put a worker's batches in the order of the structures and write the store."""
    import xarray as xr

    arrays = _gather(folder, structures)
    of_atoms = [name for name in arrays if _is_of_atoms(name)]
    variables = {layer: (("atom", f"{layer}_channel"), arrays[layer]) for layer in of_atoms}
    for name in arrays:
        if name.startswith(EXTRA):
            plain = name.removeprefix(EXTRA)
            variables[plain] = (("structure", f"{plain}_channel"), arrays[name])
    n_atoms = [len(atoms) for atoms in structures]
    dataset = xr.Dataset(
        {**variables, "energy": ("structure", arrays["energy"], {"unit": "eV"})},
        coords={
            "structure": ("atom", np.repeat(np.arange(len(structures)), n_atoms)),
            "atomic_number": ("atom", np.concatenate([atoms.numbers for atoms in structures])),
            **{label: ("structure", _labels(structures, label)) for label in _LABELS},
        },
        attrs=attributes,
    )
    chunks = {
        layer: {"chunks": (min(_CHUNK_ATOMS, len(arrays[layer])), arrays[layer].shape[1])}
        for layer in of_atoms
    }
    part = store.with_name(f"{store.name}.{uuid.uuid4().hex[:8]}.part")
    dataset.to_zarr(part, mode="w", consolidated=False, zarr_format=2, encoding=chunks)
    part.rename(store)


def open_store(store: Path) -> xr.Dataset:
    """Open a store; arrays are read when they are used."""
    import xarray as xr

    dataset: xr.Dataset = xr.open_zarr(store, consolidated=False, chunks=None)
    return dataset


def remove(folder: Path) -> None:
    """Remove a worker's folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _labels(structures: Sequence[Atoms], name: str) -> NDArray[np.str_]:
    return np.array([str(atoms.info.get(name, "")) for atoms in structures], dtype=np.str_)


def _gather(folder: Path, structures: Sequence[Atoms]) -> dict[str, NDArray[Any]]:
    """Scatter the batches into arrays on disk, so that the features need not fit in memory."""
    lengths = np.array([len(atoms) for atoms in structures])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    whole: dict[str, NDArray[Any]] = {"energy": np.full(len(structures), np.nan)}
    for path in sorted(folder.glob("batch-*.npz")):
        with np.load(path) as data:
            index = data["index"]
            whole["energy"][index] = data["energy"]
            for name in (key for key in data.files if key.startswith(EXTRA)):
                if name not in whole:
                    whole[name] = np.full((len(structures), data[name].shape[1]), np.nan)
                whole[name][index] = data[name]
            rows = np.concatenate([np.arange(starts[i], starts[i] + lengths[i]) for i in index])
            for layer in filter(_is_of_atoms, data.files):
                if layer not in whole:
                    whole[layer] = _scratch(folder / f"{layer}.npy", lengths.sum(), data[layer])
                whole[layer][rows] = data[layer]
    missing = np.flatnonzero(~np.isfinite(whole["energy"]))
    if len(missing):
        raise RuntimeError(f"no features for frames {missing[:5].tolist()} of {len(structures)}")
    return whole


def _is_of_atoms(name: str) -> bool:
    """Tell whether an array of a batch has a row per atom."""
    return name in _ALWAYS or name.startswith(LAYER)


def _scratch(path: Path, n_rows: int, like: NDArray[Any]) -> NDArray[Any]:
    shape = (int(n_rows), like.shape[1])
    return np.lib.format.open_memmap(path, mode="w+", dtype=like.dtype, shape=shape)
