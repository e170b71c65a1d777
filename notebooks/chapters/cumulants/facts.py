"""Numbers and sentences that the chapter on averages puts into its text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chapters.cumulants import words
from chapters.cumulants.imitation_tests import Fooled, mean_accuracy, most_striking
from chapters.cumulants.imitations import MET
from chapters.cumulants.maps import OrderMaps
from chapters.cumulants.pooling import up_to
from chapters.cumulants.study import OrderStudy
from chapters.cumulants.tables import FROM_MEAN, STEP, paper_between, paper_value
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Interval
from lumlip.metrics.probe_targets import Key
from lumlip.metrics.probes import ProbeScore

Scores = Mapping[Key, ProbeScore]


def scaling_facts(shares: FloatArray, lines: Mapping[str, FloatArray]) -> dict[str, Any]:
    """Return shares of the orders in percent, and the error to order 2 in both scalings."""
    mean = 100 * shares.mean(axis=0)
    one_scale, equal, nothing = lines.values()
    return {
        "first_share": float(mean[0]),
        "high_share": float(mean[len(mean) // 2 :].sum()),
        "two_global": float(one_scale[0]),
        "two_equal": float(equal[0]),
        "bound": float(nothing[-1]),
        "scaling_sentence": words.both_scalings(lines),
    }


def fooled_facts(study: OrderStudy, fooled: Mapping[str, Fooled]) -> dict[str, Any]:
    """Return how well averages are met, how often a probe notices, and the example."""
    model, one = next(iter(fooled.items()))
    example = most_striking(one)
    original = study.panel.structures[one.made.originals[example]]
    met = np.mean([(f.made.distance < MET).mean() for f in fooled.values()])
    return {
        "met": 100 * float(met),
        "told_mean": mean_accuracy(fooled, 1)[0],
        "told_all": mean_accuracy(fooled, study.order)[0],
        "others_sentence": words.seen_by_others(fooled),
        "example_model": model,
        "example": f"{original.get_chemical_formula()} ({original.info.get('subset', 'user')})",
        "example_distance": words.at_most(float(one.made.distance[example])),
    }


def map_facts(drawn: OrderMaps, loose: OrderMaps) -> dict[str, float]:
    """Return what the coordinates of maps explain of the energy, in percent, 0 if nothing.

    Parameters
    ----------
    drawn, loose : OrderMaps
        With the penalty of the figure, and with a very small one.
    """
    first, last = drawn.points
    shares = {
        "map_first": drawn.new[first],
        "map_last": drawn.new[last],
        "loose_known": loose.known[last],
        "loose_new": loose.new[last],
    }
    return {name: 100 * max(0.0, share) for name, share in shares.items()}


def study_facts(
    study: OrderStudy, curves: Mapping[str, Mapping[int, Interval]], scores: Scores
) -> dict[str, Any]:
    """Return the numbers and sentences on the errors and on the probes."""
    order = study.order
    sizes = np.bincount(study.panel.atoms["structure"].to_numpy())
    lost = curves[FROM_MEAN][order]
    return {
        "order": order,
        "layer_name": study.layer.replace("_", "-"),
        "n_models": words.counted(study.models),
        **dict(zip(("lost", "lost_low", "lost_high"), lost, strict=True)),
        "added": min(value for value, _, _ in curves[STEP].values()),
        "n_single": int((sizes == 1).sum()),
        "median_size": float(np.median(sizes)),
        "useful_sentence": words.useful(scores, order),
        "gains_sentence": words.gains(scores, up_to(order), instead=f"all {order} orders"),
        "composition_sentence": words.against_composition(scores),
        "std_sentence": words.gains(scores, "mean and std", instead="mean and standard deviation"),
        "agree_sentence": words.agreement(curves, order),
        "paper_lost": paper_value(order),
        "paper_cross": paper_between(),
    }
