"""Figures of the chapter on depth draw what there is."""

import matplotlib.pyplot as plt
import pandas as pd

from chapters.depth import figures
from chapters.depth.paths import STAGES
from lumlip.metrics.repeated import Estimate


def test_stages_without_a_number_are_not_drawn():
    fig, ax = plt.subplots()
    known = {stage: Estimate(0.5, 0.4, 0.6) for stage in STAGES[1:]}
    lines = {"published families": {STAGES[0]: Estimate.missing()} | known}
    figures.stage_lines(ax, lines | {"a mini and its other seed": {}})
    first, none = ax.lines
    assert list(first.get_ydata()) == [0.5] * 4
    assert len(none.get_ydata()) == 0
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(STAGES)
    plt.close(fig)


def test_pairs_stand_in_rows_from_the_top():
    fig, ax = plt.subplots()
    found = [Estimate(0.1, 0.0, 0.2), Estimate(-0.3, -0.4, -0.2)]
    figures.pair_changes(ax, pd.DataFrame({"on the way": found}, index=["a and b", "a and c"]))
    points = ax.collections[1].get_offsets()
    assert points[:, 0].tolist() == [0.1, -0.3]
    assert points[0, 1] > points[1, 1]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a and b", "a and c"]
    plt.close(fig)
