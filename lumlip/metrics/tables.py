"""Tables of reconstruction errors between all pairs: row = source, column = target."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import FloatArray
from lumlip.choices import check_count
from lumlip.metrics._input import copied
from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.metrics.folds import kept_whole
from lumlip.metrics.group_intervals import group_sums, rms_interval
from lumlip.metrics.pointwise import pointwise_errors

#: A group that carries more of the square than this is flagged; intervals suffer from half of it.
LARGE_SHARE = 0.2


def reconstruction_table(
    sources: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike] | None = None,
    *,
    metric: str = "gfre",
    train: ArrayLike | None = None,
    test: ArrayLike | None = None,
    folds: ArrayLike | None = None,
    n_neighbors: int | None = None,
    n_bootstrap: int = 0,
    groups: ArrayLike | None = None,
    seed: int = 0,
    device: str = "auto",
    protocol: str = "robust",
) -> pd.DataFrame:
    """Table of errors between all pairs, row = source, column = target.

    Parameters
    ----------
    sources : mapping of name to array of shape (n_atoms, n_channels)
        In any unit; errors have none.
    targets : mapping, optional
        The same atoms; by default the sources, so that the table is square.
    metric : {"gfre", "lfre", "gfrd"}
    train, test : arrays of int, or masks of shape (n_atoms,)
        Atoms to fit on and to measure on. They share none.
    folds : array of int of shape (n_atoms,), optional
        In place of ``train`` and ``test``: the errors are those of all atoms, each by maps fitted
        without its fold, see :func:`lumlip.folds`.
    n_neighbors : int, optional
        For ``"lfre"`` only; by default the smaller width of each pair. Then the cells of a table
        differ in more than the features: a fixed number compares them on equal terms.
    n_bootstrap : int
        Resamples for the 95 % intervals; 0 for none.
    groups : array of shape (n_atoms,), optional
        What the bootstrap draws, such as the structure of every atom: atoms of one are not
        independent. By default what :func:`lumlip.folds` kept whole; else single atoms.
    seed : int
        Of the bootstrap.
    device : {"auto", "cpu", "cuda", "cuda:N"}
    protocol : {"robust", "scikit-matter"}
        See :func:`lumlip.gfre` and :func:`lumlip.lfre`. With folds, ``"robust"`` also chooses the
        cutoff of global maps between two halves of the train atoms that share no group.

    Returns
    -------
    DataFrame of shape (n_sources, n_targets)
        ``attrs["n_broken"]`` counts what broke down, over all pairs: errors above 10, local maps
        with weights of a norm above 100, and global maps with a norm above 1e6, in scaled units.
        ``attrs["n_copied"]`` counts the test atoms that have the very features of an atom that the
        map was fitted on, in every source: above 0, structures may be there twice.
        ``attrs["worst_share"][source][target]`` is the part of the cell's square, from 0 to 1, that
        its worst group carries, and ``attrs["worst_group"]`` names that: a label of ``groups``, or
        the index of an atom. With ``n_bootstrap``, ``attrs["low"]`` and ``attrs["high"]`` are
        tables: the interval of every cell over test groups, the maps being fixed, see
        :func:`lumlip.metrics.group_intervals.rms_interval`.

    Raises
    ------
    ValueError
        Before any work starts, as :func:`lumlip.gfre` and :func:`lumlip.lfre`; or if the metric is
        unknown, there are fewer than two folds, or ``folds`` or ``groups`` have another length.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> features = {"plane": X, "axis": X[:, :1]}
    >>> table = reconstruction_table(features, train=range(200), test=range(200, 300))
    >>> table.round(2).abs()
           plane  axis
    plane   0.00   0.0
    axis    0.68   0.0
    """
    for axis, named in (("sources", sources), ("targets", targets or {})):
        if not isinstance(named, Mapping):
            got = type(named).__name__
            raise TypeError(f"{axis}: got {got}, expected a mapping of name to array")
    check_count("n_bootstrap", n_bootstrap, 0)
    check_count("seed", seed, 0)
    n_atoms = (*np.shape(next(iter(sources.values()), [])), 0)[0]
    whole = np.arange(n_atoms) if folds is None else kept_whole(folds, n_atoms)
    labels = whole if groups is None else np.asarray(groups)
    if labels.shape != (n_atoms,):
        raise ValueError(f"groups: got shape {labels.shape}, expected ({n_atoms},)")
    if pd.isna(labels).any():
        raise ValueError(f"groups: got none for {pd.isna(labels).sum()} atoms, expected one each")
    options: Any = {"metric": metric, "n_neighbors": n_neighbors}
    options |= {"device": device, "protocol": protocol}
    if folds is not None and train is None and test is None:
        errors = cross_fitted_errors(sources, targets, folds=folds, **options)
        parts = np.asarray(folds)
    elif folds is None and train is not None and test is not None:
        errors = pointwise_errors(sources, targets, train=train, test=test, **options)
        parts = np.zeros(n_atoms, dtype=bool)
        parts[np.asarray(train)] = True
    else:
        given = {"train": train, "test": test, "folds": folds}
        got = ", ".join(name for name, value in given.items() if value is not None) or "none"
        raise ValueError(f"train, test, folds: got {got}, expected train and test, or folds")
    tested = errors["atom"].to_numpy()
    n_copied, drawn = int(copied(sources.values(), parts)[tested].sum()), labels[tested]
    sums, counts = group_sums(errors, drawn)
    names = [errors[axis].to_numpy().tolist() for axis in ("source", "target")]
    table = table_of_sums(names, sums, counts, np.unique(drawn), n_bootstrap=n_bootstrap, seed=seed)
    table.attrs = {**errors.attrs, "n_copied": n_copied, **table.attrs}
    return table


def table_of_sums(
    names: Sequence[Sequence[str]],
    sums: FloatArray,
    counts: FloatArray,
    labels: NDArray[np.generic],
    *,
    n_bootstrap: int,
    seed: int,
) -> pd.DataFrame:
    """Table from squared errors (n_sources, n_targets, n_groups), summed over groups of atoms."""
    frame = partial(pd.DataFrame, index=names[0], columns=names[1])
    total = sums.sum(axis=-1)
    table = frame(np.sqrt(total / counts.sum()))
    # Without any error no group carries more than another.
    even = np.full_like(total, 1 / len(counts))
    share = np.divide(sums.max(axis=-1), total, out=even, where=total > 0)
    # Plain numbers: pandas cannot concatenate tables whose attributes hold tables.
    table.attrs["worst_share"] = frame(share).to_dict("index")
    table.attrs["worst_group"] = frame(labels[sums.argmax(axis=-1)]).to_dict("index")
    if n_bootstrap:
        _, low, high = rms_interval(sums, counts, n_bootstrap=n_bootstrap, seed=seed)
        table.attrs |= {"low": frame(low), "high": frame(high)}
    return table
