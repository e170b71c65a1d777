"""How far imitations fool each order of the cumulants, for the models of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chapters.cumulants.figures import looks
from chapters.cumulants.imitations import (
    MET,
    Imitations,
    distances_by_order,
    imitate,
    mixture_features,
    recipe,
    told_apart,
)
from chapters.cumulants.study import OrderStudy
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.probes import ProbeScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Fooled:
    """Imitations in the eyes of one model, order by order.

    Attributes
    ----------
    made : Imitations
    distances : array of shape (n, order)
        Between originals and imitations, see
        :func:`chapters.cumulants.imitations.distances_by_order`.
    scores : dict of order to ProbeScore
        How often a probe of the features up to an order tells the two apart.
    others : float
        Median distance between the two in the mean features of the study's other models of another
        family, in their own units; NaN without one.
    """

    made: Imitations
    distances: FloatArray
    scores: dict[int, ProbeScore]
    others: float


def fool(
    study: OrderStudy, models: Sequence[str], *, n: int, seed: int = 0, n_bootstrap: int = 200
) -> dict[str, Fooled]:
    """Imitate some structures for each model, and see from which order on it notices.

    Parameters
    ----------
    study : OrderStudy
    models : sequence of str
        Of the study.
    n : int
        Number of structures to imitate, drawn at random; at most all.
    seed, n_bootstrap : int
    """
    n_structures = len(study.groups)
    rng = np.random.default_rng(seed)
    originals = np.sort(rng.permutation(n_structures)[: max(2, min(n, n_structures))])
    structure = study.panel.atoms["structure"].to_numpy()
    layer = study.panel.layer(study.layer)
    found = {}
    for model in models:
        features, order = study.features[model], study.order
        made = imitate(study.up_to(1)[model], originals, study.groups)
        mixed = mixture_features(layer[model], structure, made, order=order)
        width = features.shape[1] // order
        scores = {
            k: told_apart(
                features[:, : k * width], made, mixed[:, : k * width], study.groups,
                n_bootstrap=n_bootstrap, seed=seed,
            )
            for k in range(1, order + 1)
        }  # fmt: skip
        distances = distances_by_order(features, made, mixed, order=order)
        found[model] = Fooled(made, distances, scores, _seen_by_others(study, model, made))
    return found


def _seen_by_others(study: OrderStudy, model: str, made: Imitations) -> float:
    from lumlip.zoo.relations import family_of

    seen = []
    for other, means in study.up_to(1).items():
        if family_of(other) != family_of(model):
            apart = np.linalg.norm(made.shares @ means - means[made.originals], axis=1)
            seen.append(np.median(apart) / np.sqrt(means.var(axis=0).sum()))
    return float(np.mean(seen)) if seen else float("nan")


def mean_accuracy(fooled: Mapping[str, Fooled], order: int) -> Interval:
    """Mean over models of how often originals are told from imitations, with its interval."""
    scores = [one.scores[order] for one in fooled.values()]
    draws = np.mean([s.draws for s in scores], axis=0)
    return Interval.of(np.mean([s.value for s in scores]), draws)


def most_striking(fooled: Fooled, *, n_parts: int = 8) -> int:
    """Return the imitation that meets the mean with few parts and is furthest in order 2.

    If none meets it with at most ``n_parts``, the one with the nearest mean.
    """
    few = (fooled.made.shares > 0).sum(axis=1) <= n_parts
    eligible = few & (fooled.made.distance < MET)
    if not eligible.any():
        return int(fooled.made.distance.argmin())
    return int(np.where(eligible, fooled.distances[:, 1], -1).argmax())


def example_table(study: OrderStudy, fooled: Fooled) -> pd.DataFrame:
    """Return what the `most_striking` imitation is made of."""
    return recipe(fooled.made, most_striking(fooled), study.panel.structures)


def distance_lines(ax: Axes, fooled: Mapping[str, Fooled]) -> None:
    """Draw the median distance between originals and imitations against the order."""
    for model, look in looks(list(fooled)).items():
        medians = np.median(fooled[model].distances, axis=0)
        ax.plot(range(1, len(medians) + 1), medians, marker="o", ms=4, label=model, **look)
    ax.set(xlabel="order k of the block", ylabel="median distance (standard deviations)")
    ax.set_ylim(0, None)
    _grid(ax)


def accuracy_lines(ax: Axes, fooled: Mapping[str, Fooled]) -> None:
    """Draw how often the two are told apart against the highest order, with intervals."""
    for i, (model, look) in enumerate(looks(list(fooled)).items()):
        scores = fooled[model].scores
        place = np.array(list(scores)) + 0.08 * (i - (len(fooled) - 1) / 2)
        rows = np.array([[s.value, s.low, s.high] for s in scores.values()])
        ax.plot(place, rows[:, 0], marker="o", ms=4, label=model, **look)
        ax.vlines(place, rows[:, 1], rows[:, 2], color=look["color"], lw=1.2, alpha=0.6)
    ax.axhline(0.5, color="#888888", lw=1, ls=":", label="chance")
    ax.set(xlabel="highest order K of the features", ylabel="told apart (balanced accuracy)")
    ax.set_ylim(0.4, 1.02)
    _grid(ax)


def _grid(ax: Any) -> None:
    ax.grid(axis="y", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
