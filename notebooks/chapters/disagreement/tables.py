"""Numbers of the chapter, gathered from its parts: tables that its sentences are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np
import pandas as pd

from chapters.disagreement import ood_scores
from chapters.disagreement.auroc import Auroc
from chapters.disagreement.distribution_shifts import Shift
from chapters.disagreement.forces import Forces
from chapters.disagreement.ranks import spearman, statistics_with_intervals
from chapters.disagreement.study import PairStudy
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval, Resampling

OWN, SIZE = "GFRE of the atom", "size of the force"
FIXED = "GFRE, size held fixed"
OodScored = Mapping[str, Mapping[str, Auroc]]


def same_structures(
    study: PairStudy,
    local: Mapping[str, FloatArray],
    models: Sequence[str],
    **options: Unpack[Resampling],
) -> dict[str, Interval]:
    """Mean own rank correlation of the local and of the global error, on the same atoms.

    Parameters
    ----------
    study : PairStudy
    local : dict of {"lfre", "gfre"} to array of shape (n_pairs, n_structures)
        From :meth:`chapters.disagreement.study.PairStudy.local`, of the pairs of the models.
    models : sequence of str
    options
        ``n_bootstrap`` and ``seed``.

    Returns
    -------
    dict of {"lfre", "gfre", "gain"} to (value, low, high)
        Empty with fewer than two models, or fewer than ten structures.
    """
    rows = study.rows([pair for pair in study.pairs if set(pair) <= set(models)])
    good = np.isfinite(local["lfre"]).all(axis=0) & study.kept
    if not rows or good.sum() < 10:
        return {}
    n = len(rows)

    def numbers(table: FloatArray) -> list[float]:
        first, second = (float(np.diag(part).mean()) for part in (table[:n], table[n:]))
        return [first, second, first - second]

    predictors = np.vstack([local[name][:, good] for name in ("lfre", "gfre")])
    outcomes = study.disagreement[rows][:, good]
    found = statistics_with_intervals(numbers, predictors, outcomes, **options)
    return dict(zip(("lfre", "gfre", "gain"), found, strict=True))


def force_rows(found: Mapping[str, Forces], **options: Unpack[Resampling]) -> pd.DataFrame:
    """Mean rank correlation of the difference of forces with what might tell it.

    Returns
    -------
    DataFrame
        Columns ``set``, ``predictor``, ``value``, ``low`` and ``high``.
    """
    rows = []
    for name, forces in found.items():
        if not forces.pairs:
            continue
        for predictor, X in ((OWN, forces.distance), (SIZE, forces.magnitude)):
            value = statistics_with_intervals(
                lambda table: [np.diag(table).mean()], X, forces.disagreement, **options
            )[0]
            rows.append((name, predictor, *value))
        rows.append((name, FIXED, *given_size(forces, **options)))
    return pd.DataFrame(rows, columns=["set", "predictor", "value", "low", "high"])


def given_size(forces: Forces, **options: Unpack[Resampling]) -> Interval:
    """Mean partial rank correlation of error and difference, the size of the force held fixed.

    ``(r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2))`` of the ranks of the error x, the
    difference y and the mean size z of the two forces.
    """
    n = len(forces.pairs)

    def numbers(table: FloatArray) -> list[float]:
        xy, zy, xz = (np.diag(part) for part in (table[:n, :n], table[n:, :n], table[:n, n:]))
        partial = (xy - xz * zy) / np.sqrt((1 - xz**2) * (1 - zy**2))
        return [float(partial.mean())]

    predictors = np.vstack([forces.distance, forces.magnitude])
    outcomes = np.vstack([forces.disagreement, forces.magnitude])
    return statistics_with_intervals(numbers, predictors, outcomes, **options)[0]


def mean_areas(found: OodScored, seen: OodScored, shifts: Sequence[Shift]) -> pd.DataFrame:
    """Mean areas over held-out subsets, of their controls, and the gain of leaving a subset out.

    Returns
    -------
    DataFrame indexed by score
        ``value``, ``low``, ``high``; the same with ``seen_`` and ``gain_`` before.
    """
    names = [shift.name for shift in shifts if shift.kind == "subset"]
    rows = {}
    for score in ood_scores.SCORES:
        both = [name for name in names if score in found[name] and score in seen[name]]
        if not both:
            continue
        new, old = ([part[name][score] for name in both] for part in (found, seen))
        triples = {
            "": ood_scores.mean_area(new),
            "seen_": ood_scores.mean_area(old),
            "gain_": ood_scores.mean_gain(new, old),
        }
        rows[score] = {
            prefix + key: number
            for prefix, triple in triples.items()
            for key, number in triple._asdict().items()
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def stitched_ranks(table: pd.DataFrame) -> dict[str, float]:
    """Rank correlations of GFRE and lost energy over ordered pairs of trained models.

    Returns
    -------
    dict
        ``direct`` and ``own``; NaN with fewer than four pairs.
    """
    chosen = table[~table["kind"].isin(["itself", "untrained source"])]
    if len(chosen) < 4:
        return {"direct": np.nan, "own": np.nan}
    return {
        "direct": float(spearman(chosen["gfre"], chosen["lost"])[0, 0]),
        "own": float(spearman(chosen["gfre"], chosen["own_lost"])[0, 0]),
    }
