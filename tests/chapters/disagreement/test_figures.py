"""What the figures show: a mark for every number, and axes without any."""

import matplotlib.pyplot as plt
import numpy as np

from chapters.disagreement import figures
from chapters.disagreement.detection import COMPOSITION, DISTANCE, ERROR
from lumlip.metrics.repeated import Estimate


def test_pairs_have_two_marks_each_and_those_without_strangers_one_empty():
    rows = {
        "a and b": (Estimate(0.4, 0.3, 0.5), Estimate(0.2, 0.1, 0.3)),
        "c and d (minis)": (Estimate(0.1, 0.0, 0.2), Estimate.missing()),
    }
    ax = plt.figure().subplots()
    figures.own_and_foreign(ax, rows)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(rows)
    offsets = [np.asarray(some.get_offsets()) for some in ax.collections]
    marks = np.concatenate(offsets)[:, 0].tolist()
    assert {0.4, 0.2, 0.1} <= set(marks)
    plt.close("all")


def test_subsets_come_in_the_order_of_the_distance():
    def of(value):
        return [np.full(11, value)]

    areas = {
        "near": {ERROR: of(0.5), DISTANCE: of(0.3), COMPOSITION: of(0.5)},
        "far": {ERROR: of(0.6), DISTANCE: of(0.9), COMPOSITION: of(0.5)},
        "middle": {ERROR: of(0.5), DISTANCE: of(0.6), COMPOSITION: of(0.4)},
    }
    ax = plt.figure().subplots()
    figures.by_subset(ax, areas)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["near", "middle", "far"]
    figures.by_subset(plt.figure().subplots(), {})
    plt.close("all")
