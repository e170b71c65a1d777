"""Sentences of the chapter on averages, made of its numbers: true whatever models a run has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from chapters.cumulants.imitation_tests import Fooled
from chapters.cumulants.pooling import up_to
from chapters.cumulants.probing import mean_gain
from chapters.cumulants.tables import FROM_MEAN, STEP, paper_value
from chapters.cumulants.targets import MIX, SUBSET
from lumlip.array_types import FloatArray
from lumlip.book.sentences import listed
from lumlip.metrics.bootstrap import Interval, with_interval
from lumlip.metrics.probe_targets import ENERGY, VOLUME, Key
from lumlip.metrics.probes import ProbeScore

Scores = Mapping[Key, ProbeScore]
#: How targets are called in a sentence.
CALLED = {
    SUBSET: "the subset",
    VOLUME: "the volume per atom",
    ENERGY: "the energy",
    MIX: "the spread of coordination numbers",
}
#: Numbers of the paper and of a run that differ by less are called close.
CLOSE = 0.1


def counted(models: Sequence[str]) -> str:
    """Write "1 model" or "3 models"."""
    return f"{len(models)} model{'s' if len(models) != 1 else ''}"


def useful(scores: Scores, order: int) -> str:
    """Say in short what the orders are worth for telling the subset of a structure."""
    std, every = (mean_gain(scores, SUBSET, way) for way in ("mean and std", up_to(order)))
    if not np.isfinite(every[0]):
        return "This run has no subsets to tell apart from such features."
    return (
        "Being lost is not being needed: for telling the subset of a structure, the standard "
        f"deviation beside the mean changes the accuracy by {_signed(std)}, all {order} orders by "
        f"{_signed(every)}."
    )


def _signed(found: Interval) -> str:
    return with_interval(found, sign="+")


def gains(scores: Scores, way: str, *, instead: str) -> str:
    """Say which targets gain, and which lose, by one way of pooling in the place of the mean.

    Parameters
    ----------
    scores : mapping
        From :func:`chapters.cumulants.probing.probe_scores`.
    way : str
        Of pooling.
    instead : str
        How the way is called in a sentence.
    """
    kinds: dict[str, list[str]] = {"rises": [], "falls": [], "does not clearly change": []}
    for target, called in CALLED.items():
        value, low, high = mean_gain(scores, target, way)
        if np.isfinite(value):
            kind = "rises" if low > 0 else "falls" if high < 0 else "does not clearly change"
            kinds[kind].append(f"{called} ({value:+.2f}, {low:+.2f} to {high:+.2f})")
    parts = [f"{kind} for {listed(names)}" for kind, names in kinds.items() if names]
    if not parts:
        return "This run has no property to predict."
    return f"With {instead} in the place of the mean, the score {listed(parts, comma=True)}."


def against_composition(scores: Scores) -> str:
    """Say for which targets the composition alone does better than any pooling, model by model."""
    better = []
    for target, called in CALLED.items():
        plain = scores.get(("baseline", "composition", target))
        best: dict[str, float] = {}
        for (model, _, name), score in scores.items():
            if name == target and model != "baseline":
                best[model] = max(score.value, best.get(model, -np.inf))
        beaten = sum(plain.value > value for value in best.values()) if plain else 0
        if beaten:
            better.append(f"{called} (for {beaten} of {counted(list(best))})")
    if not better:
        return ""
    return f"The composition alone does better than every way of pooling for {listed(better)}."


def seen_by_others(fooled: Mapping[str, Fooled]) -> str:
    """Say whether the averages of models of other families are fooled by the same mixtures."""
    own = float(np.mean([np.median(one.made.distance) for one in fooled.values()]))
    seen = [one.others for one in fooled.values() if np.isfinite(one.others)]
    if not seen:
        return ""
    others = float(np.mean(seen))
    return (
        f"What fools the average of one model need not fool another's: the median distance is "
        f"{own:.3f} of the spread for the model that the mixture was made for, but {others:.2f} "
        "for models of other families."
    )


def at_most(distance: float) -> str:
    """Write a distance that may be smaller than what its digits show.

    Examples
    --------
    >>> at_most(0.0123), at_most(3e-7)
    ('0.0123', 'less than 0.0001')
    """
    return f"{distance:.4f}" if distance >= 1e-4 else "less than 0.0001"


def agreement(curves: Mapping[str, Mapping[int, Interval]], order: int) -> str:
    """Say whether the paper's numbers and ours are close, and where the smallest step is."""
    step = curves[STEP]
    least = min(step, key=lambda k: step[k][0])
    words = (
        f"The order that adds least here is the one after {least}, with {step[least][0]:.2f} "
        f"({step[least][1]:.2f} to {step[least][2]:.2f})."
    )
    published = paper_value(order)
    if not np.isfinite(published):
        return words
    near = abs(published - curves[FROM_MEAN][order][0]) < CLOSE
    verb = "are close, although models and structures differ" if near else "differ"
    return f"The two numbers from the mean {verb}. {words}"


def between_families(apart: Mapping[int, Interval], order: int) -> dict[str, str]:
    """Say how far models are apart at order 1 and at the highest, here and in the paper."""
    first, last = (apart[k][0] for k in (1, order))
    if not np.isfinite(last):
        return {"cross_sentence": "This run has no two models.", "cross_paper": "none to compare"}
    grows = "further apart than at the first" if last > first else "no further apart"
    sentence = (
        f"At the highest order models are {grows}: the mean GFRE between families is {first:.2f} "
        f"for averages and {last:.2f} for all orders."
    )
    if last > first:
        sentence += " A small difference between two models in one atom grows with each power."
    return {"cross_sentence": sentence, "cross_paper": f"{last:.2f} at order {order}"}


def formulas(table: pd.DataFrame) -> str:
    """Say what the published eighth cumulant changes, from `kappa_table`."""
    rows = [row for row in table.index if row.startswith("GFRE")]
    if not rows:
        return "This run stops at a lower order."
    (right, published), (there, back) = (table.loc[row] for row in rows)
    first, second = right.split()[0], published.split()[0]
    little = "only little" if abs(float(first) - float(second)) < CLOSE / 2 else "clearly"
    return (
        f"The error from the mean, which is over all orders together, changes {little}: it is "
        f"{first} with the right formula and {second} with the published one. But the features are "
        f"not the same: one set of eight orders is rebuilt from the other with {there} and {back}."
    )


def bent(lost: float, widened: float) -> str:
    """Say whether the mean lacks something, or whether it was only bent.

    Parameters
    ----------
    lost, widened : float
        GFRE to all orders from the mean, and from the mean with cosines of itself.
    """
    found = f"with many cosines of the mean as further sources, the GFRE is {widened:.2f}"
    if widened > lost - CLOSE / 2:
        return f"Nor is it all there but curved: {found}."
    return f"A part is there, but curved: {found}."


def both_scalings(lines: Mapping[str, FloatArray]) -> str:
    """Say what of the errors from the mean to order 2, 3, ... does not hang on the scaling."""
    curves = list(lines.values())[:2]
    if len(curves[0]) < 2:
        return ""
    if all((np.diff(curve) > 0).all() for curve in curves):
        return "That the error grows with every order holds with both."
    return "Not even that the error grows with every order holds with both."
