"""How uncertain a model's energies are, told from its last layer, and how far that can be trusted.

Last-layer prediction rigidity (Bigi, Chong, Ceriotti and Grasselli, Mach. Learn.: Sci. Technol. 5,
045018, 2024): the variance of an energy per atom is scale^2 x^T (F^T F + penalty)^-1 x, where x is
the last layer averaged over the atoms, and the rows of F are those of known structures.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.datasets.properties import composition
from lumlip.extraction.energies import EXPECTED, FEWEST, ROUNDING, slope
from lumlip.extraction.panel import Panel, panel
from lumlip.metrics._input import of_unit_size
from lumlip.metrics.cumulants import mean_over_atoms
from lumlip.metrics.folds import folds, number_of_groups
from lumlip.runtime.environments import say

#: Of the ridge regression of energies on the composition.
PENALTY = 1e-3
#: Those tried for the variance, relative to the mean eigenvalue of F^T F.
PENALTIES = np.logspace(-8, 2, 21)

Structures = str | os.PathLike[str] | Sequence[Atoms]


def last_layer_uncertainty(
    model: str, structures: Structures, *, known: Structures, key: str = "energy", **options: Any
) -> pd.DataFrame:
    """Standard deviation of a model's energies per atom, calibrated on structures of known energy.

    Scale and penalty (see :mod:`lumlip.uncertainty`) make the errors of the known structures most
    likely, each taken for unknown with all of its parent. Errors are (known - predicted) beyond a
    linear function of the composition, so that both may count energies from other atoms.

    Limits: what is calibrated holds for structures like the known ones. MACE-mini, calibrated on
    the minis' validation structures, has 80 % of these errors within one uncertainty, but 41 % on
    lithium thiophosphates, where larger uncertainties do not go with larger errors. Chapter 9: even
    what is new is told by the distance little better than by a coin. Small is no proof.

    Parameters
    ----------
    known : str, path or sequence of ase.Atoms
        20 or more structures, better hundreds, with an energy in eV in ``info[key]``, or where a
        file that ase reads has it. Of copies the first counts.
    options
        Of :func:`lumlip.panel`.

    Returns
    -------
    DataFrame, a row per structure, indexed by its number ``frame``
        ``energy`` by the model and its ``uncertainty``, both in eV/atom. What was found on the
        known structures stands in ``attrs``: how many there are (``n_known``), and how many of the
        predicted ones are among them (``n_again``: their uncertainty is too small); how many eV the
        known energies change for one of the model's, both beyond composition (``slope``: far from 1
        they are in another unit, or of other structures, which is told on standard error); the
        shares of errors within one and two uncertainties (``within_1``, ``within_2``; of normal
        errors 0.68 and 0.95), and the rank correlation of both (``rank_correlation``).
    """
    seen, asked = (panel([model], some, **options).told() for some in (known, structures))
    energies, usable, fold = _beyond_composition(seen, key)
    both = of_unit_size(np.concatenate([_last_layer(seen), _last_layer(asked)]), model)
    F, X = both[: len(usable)][usable], both[len(usable) :]
    energies, fold = energies[usable], fold[usable]
    errors = energies[:, 0] - energies[:, 1]
    if np.abs(errors).max(initial=0) < ROUNDING:
        raise ValueError(
            f"known: got errors that composition explains up to {ROUNDING:g} eV/atom, of "
            f"{len(seen.structures)} structures; expected structures that differ"
        )
    if np.isclose(F, F.mean(axis=0), rtol=1e-6).all():
        raise ValueError("known: got structures that the last layer does not tell apart")
    best, scale, found = calibrated(F, errors, fold)
    sigma = scale * _spreads(F, X)[best]
    if not np.isfinite(sigma).all():
        largest = np.abs(errors).max()
        raise ValueError(f"got errors up to {largest:.2g} eV/atom: their squares overflow")
    index = pd.Index(asked.frames, name="frame")
    table = pd.DataFrame({"energy": _energy(asked), "uncertainty": sigma}, index=index)
    table.attrs = {
        "n_known": len(F),
        "n_again": int(np.isin(asked.sums, seen.sums).sum()),
        "slope": _slope(*energies.T),
        **{f"within_{n}": float((np.abs(errors) < n * found).mean()) for n in (1, 2)},
        "rank_correlation": float(spearmanr(np.abs(errors), found).statistic),
    }
    return table


def calibrated(F: FloatArray, errors: FloatArray, fold: IntArray) -> tuple[int, float, FloatArray]:
    """Return the number of the most likely penalty, its scale, and the uncertainty of every row.

    Of F (n_known, n_features): a row's is that from the rows of other folds, (n_known,).
    """
    spreads = np.empty((len(PENALTIES), len(F)))
    for one in np.unique(fold):
        spreads[:, fold == one] = _spreads(F[fold != one], F[fold == one])
    scales = np.sqrt(np.mean(np.square(errors / spreads), axis=1))  # the most likely, normal errors
    best = int(np.argmin(np.log(scales) + np.log(spreads).mean(axis=1)))
    return best, float(scales[best]), scales[best] * spreads[best]


def _spreads(F: FloatArray, X: FloatArray) -> FloatArray:
    """Square root of x^T (F^T F + penalty)^-1 x: (n_penalties, n_rows of X)."""
    values, vectors = np.linalg.eigh(F.T @ F)
    values = np.maximum(values, 0)[:, None] + PENALTIES * values.mean()
    return np.asarray(np.sqrt(np.square(X @ vectors) @ (1 / values)).T)


def _slope(known: FloatArray, model: FloatArray) -> float:
    """Return how much known energies change for one of the model's, and tell if that is absurd."""
    found, makes_sense = slope(known, model)
    if not makes_sense:
        say(
            "lumlip: warning: beyond composition, the known energies change by "
            f"{found:.3g} eV for each eV of the model's, {EXPECTED}"
        )
    return found


def _beyond_composition(seen: Panel, key: str) -> tuple[FloatArray, BoolArray, IntArray]:
    """Known and the model's energies beyond composition in eV/atom (n_known, 2), and the folds.

    Also where elements allow to tell them.
    """
    energies = np.array([_number(atoms.info.get(key)) for atoms in seen.structures])
    gone, usable = np.flatnonzero(~np.isfinite(energies)), np.zeros(len(energies), dtype=bool)
    usable[np.unique(seen.sums, return_index=True)[1]] = True  # copies would vouch for each other
    if len(gone):
        n, first = np.isfinite(energies)[usable].sum(), seen.frames[gone[0]]
        info = seen.structures[gone[0]].info
        named = ", ".join(name for name in info if np.isfinite(_number(info[name]))) or "none"
        raise ValueError(
            f"known: got {n} energies, none in info[{key!r}] of frame {first} (numbers in it, to "
            f"be named by key= or --key: {named}); expected one of each"
        )
    _check_enough(usable, "energies")
    n_folds = min(10, number_of_groups(seen.atoms, by="parent"))
    if n_folds < 2:
        raise ValueError(
            "known: got structures of one parent, expected more: each is left out once"
        )
    fold = np.asarray(folds(seen.atoms, n_folds=n_folds))[
        np.unique(_owner(seen), return_index=True)[1]
    ]
    raw = np.column_stack([energies / np.bincount(_owner(seen)), _energy(seen)])
    shares, beyond, once = composition(seen.structures), raw.copy(), usable.copy()
    for one in np.unique(fold):
        rest, here = (fold != one) & once, fold == one
        beyond[here] -= Ridge(alpha=PENALTY).fit(shares[rest], raw[rest]).predict(shares[here])
        usable[here] &= ~shares[here][:, ~shares[rest].any(axis=0)].any(axis=1)
    _check_enough(usable, "structures with elements that other parents have, too")
    return beyond, usable, fold


def _check_enough(usable: BoolArray, what: str) -> None:
    if (n := int(usable.sum())) < FEWEST:
        raise ValueError(f"known: got {n} {what}; expected {FEWEST} or more, each once")


def _number(given: Any) -> float:
    try:
        return float(given)
    except (TypeError, ValueError):
        return np.nan


def _owner(shown: Panel) -> IntArray:
    return np.asarray(shown.atoms["structure"].to_numpy(), dtype=np.int64)


def _energy(shown: Panel) -> FloatArray:
    (model,) = shown.datasets
    return np.asarray(shown.energies(model) / np.bincount(_owner(shown)))


def _last_layer(shown: Panel) -> FloatArray:
    (X,) = shown.layer("last_layer").values()
    return mean_over_atoms(X, _owner(shown))
