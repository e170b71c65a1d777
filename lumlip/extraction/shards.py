"""Many structures in parts, such as the tasks of a job array: each leaves a file, to be joined."""

import heapq
import json
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from ase import Atoms

from lumlip.array_types import IntArray
from lumlip.choices import check_count
from lumlip.extraction.features import features
from lumlip.extraction.files import SHA256, SUMS, append, opened, sha256_of, write
from lumlip.extraction.given import Given
from lumlip.extraction.store import remove, written_whole
from lumlip.metrics._blocks import results
from lumlip.runtime.environments import say
from lumlip.runtime.paths import refuse_existing
from lumlip.zoo.features_file import attributes
from lumlip.zoo.table import resolve

Structures = str | os.PathLike[str] | Sequence[Atoms]
#: Attributes of a part: of how many it is one, and of which structures all together.
PARTS, OF = "n_parts", "structures_sha256_of_all_parts"
#: Attributes in which the parts of one whole may differ.
_OWN = (SHA256, SUMS, "coordinates", "failed", "device")


def which_part(text: str, environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Read ``I/N``, I from 1 to N; or ``slurm``: the task of a job array."""
    if text == "slurm":
        names = [f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "MIN", "COUNT")]
        if lacking := [name for name in names if name not in environment]:
            raise ValueError(f"shard: got slurm, but no {lacking[0]}; expected a job array")
        task, first, n = (int(environment[name]) for name in names)
        if task >= first + n:
            raise ValueError(f"shard: got task {task} of {n} from {first}; expected no gaps")
        return task - first + 1, n
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"shard: got {text!r}; expected I/N with I from 1 to N, or slurm")
    return int(found[1]), int(found[2])


def dealt(structures: Sequence[Atoms], n: int) -> list[list[int]]:
    """Deal structures to n parts with about as many atoms each: their numbers, in order."""
    parts: list[tuple[int, int, list[int]]] = [(0, i, []) for i in range(n)]
    sizes = [len(atoms) for atoms in structures]
    for number in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        n_atoms, i, least = parts[0]
        least.append(number)
        heapq.heapreplace(parts, (n_atoms + sizes[number], i, least))
    return [sorted(part) for _, _, part in sorted(parts, key=lambda part: part[1])]


def extract_parts(
    model: str,
    structures: Structures,
    folder: str | os.PathLike[str],
    *,
    n_parts: int,
    executor: Executor | None = None,
    **options: Any,
) -> list[Path]:
    """Write the features of structures in parts, unless they are there; return the paths in order.

    :func:`lumlip.join` makes one file of them, which ``features:PATH`` is the model of.

    Parameters
    ----------
    structures : str, path or sequence of ase.Atoms
        A file is read by every task; structures are sent to it.
    folder : str or path
        Seen by all processes, as ``LUMLIP_HOME`` is.
    n_parts : int
        Tasks, with about as many atoms each. A model is loaded for each.
    executor : concurrent.futures.Executor, optional
        Where they are done: a pool of processes, Dask's ``client.get_executor()``, mpi4py's or
        executorlib's. What a broken one leaves undone is done in this process, from where it was.
    model, options
        As for :func:`lumlip.features`.
    """
    check_count("n_parts", n_parts, 1)
    task = partial(_numbered, model, structures, Path(folder), n_parts, options)
    return list(results(task, n_parts, executor, n_runs=n_parts))


def extract_by_dask(
    model: str, structures: list[Any], folder: Path, n: str, scheduler: str, **options: Any
) -> None:
    """Let the workers of a Dask scheduler extract all parts; they see the same files.

    ValueError: no number of parts, no Dask here, or no scheduler at the address.
    """
    if not re.fullmatch("[1-9][0-9]*", n):
        raise ValueError(f"shard: got {n!r} with a scheduler; expected N, the number of parts")
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError("--scheduler needs Dask: pip install distributed") from error
    # Workers have folders of their own.
    given: list[Any] = [
        str(Path(one).resolve()) if Path(one).exists() else one for one in structures
    ]
    try:
        client = Client(scheduler)
    except (OSError, ValueError) as error:
        raise ValueError(f"scheduler: got {scheduler!r}, no Dask there: {error}") from error
    with client:
        executor = client.get_executor()
        extract_parts(model, given, folder.resolve(), n_parts=int(n), executor=executor, **options)


def _numbered(
    model: str, structures: Structures, folder: Path, n: int, options: dict[str, Any], run: IntArray
) -> Path:
    return extract_part(model, structures, folder, shard=(int(run[0]) + 1, n), **options)


def extract_part(
    model: str, structures: Structures, folder: Path, *, shard: tuple[int, int], **options: Any
) -> Path:
    """Write the features of one of so many parts, unless they are there, and return the path.

    ValueError: an empty part, or a folder with parts of another whole.
    """
    (number, n), given = shard, Given.of(structures)
    path = folder / _name(number, n)
    of_all = {"model": model, PARTS: n, OF: given.sha256}
    whole = of_all | _asked(model, **options)
    for other in sorted(folder.glob("*-of-*.zarr")):
        _check_same(whole, {name: attributes(other).get(name) for name in whole}, other)
    if path.exists():
        say(f"lumlip: {path} is there")
        return path
    if not (mine := dealt(given.structures, n)[number - 1]):
        raise ValueError(f"shard: got {n} parts of {len(given.frames)} structures; expected fewer")
    found = features(model, given.part(mine), **options).assign_attrs(whole)
    if path.exists():  # an engine that took a task for lost has given it to two
        return path
    try:
        with written_whole(path) as part:
            write(found, given.structures, part / path.name)
            _check_same(whole, of_all | _asked(model, **options), path)  # changed meanwhile?
    except OSError:
        if not path.exists():  # else another task has made it in the meantime
            raise
    say(f"lumlip: wrote {path}")
    return path


def _asked(
    model: str, *, dtype: str = "float32", layers: bool = False, **_: Any
) -> dict[str, str | bool | None]:
    """Tell before any work what else all parts share; a file of features is as it is now."""
    entry = resolve(model)
    if entry.weights == "features":
        return {"features_sha256": sha256_of(Path(entry.file))}
    of_file = {"checkpoint_sha256": entry.sha256} if entry.weights == "file" else {}
    return {"dtype": dtype, "layers": layers, **of_file}


def join(folder: str | os.PathLike[str], output: str | os.PathLike[str]) -> None:
    """Join all parts in a folder to one Zarr store, a piece at a time.

    Structures stand part after part; ``frame`` numbers them as they were given. ValueError: a part
    is missing, or they differ in the model, its version or the structures.
    """
    folder, output = Path(folder), Path(output)
    refuse_existing(output)
    if not (paths := sorted(folder.glob("*-of-*.zarr"))):
        raise ValueError(f"got no part in {folder}; expected what `lumlip extract --shard` writes")
    told = [attributes(path) for path in paths]
    common, *others = [{name: x for name, x in t.items() if name not in _OWN} for t in told]
    for path, other in zip(paths[1:], others, strict=True):
        _check_same(common, other, path)
    names = {_name(i, common[PARTS]) for i in range(1, common[PARTS] + 1)}
    if missing := sorted(names - {path.name for path in paths}):
        raise ValueError(f"{folder} lacks {len(missing)} of {len(names)} parts: {missing[0]}, ...")
    failed = {i: why for t in told for i, why in json.loads(t.get("failed", "{}")).items()}
    common |= {"failed": json.dumps(failed)} if failed else {}
    parts = list(map(opened, paths))
    numbers, times = np.unique(
        np.concatenate([part["frame"].to_numpy() for part in parts]), return_counts=True
    )
    if (times > 1).any():
        twice = numbers[times > 1]
        got = f"{folder}: got {len(twice)} structures in two parts (first: frame {twice[0]})"
        raise ValueError(f"{got}; expected each in one: make the parts again")
    with written_whole(output) as part:
        append([_widened(one.assign_attrs(common), parts) for one in parts], part / output.name)
    for stopped in folder.glob("*-of-*.zarr.*.part"):
        remove(stopped)


def _name(number: int, n: int) -> str:
    return f"{number:04d}-of-{n:04d}.zarr"


def _widened(one: xr.Dataset, parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Give texts the width that the longest of all parts needs; drop the sum of this part."""
    texts = [name for name, x in one.variables.items() if x.dtype.kind == "U"]
    wide = {name: max(part[name].dtype for part in parts) for name in texts}
    for some in (one, *one.data_vars.values()):
        some.attrs.pop(SHA256, None)
    return one.drop_encoding().assign_coords({n: one[n].astype(x) for n, x in wide.items()})


def _check_same(expected: dict[str, Any], got: dict[str, Any], path: Path) -> None:
    for name in expected.keys() | got.keys():
        has, wanted = got.get(name), expected.get(name)
        if has != wanted:
            lost = "; of a job array a single task is done anew by --shard I/N" * (name == PARTS)
            raise ValueError(
                f"{path} belongs to another whole: got {name} {has!r}, expected {wanted!r}{lost}"
            )
