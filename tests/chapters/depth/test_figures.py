"""Figures of the chapter on depth draw what there is."""

import matplotlib.pyplot as plt

from chapters.depth import figures
from chapters.depth.paths import STAGES
from lumlip.metrics.repeated import Estimate


def test_stages_without_a_number_are_not_drawn():
    fig, ax = plt.subplots()
    known = {stage: Estimate(0.5, 0.4, 0.6) for stage in STAGES[1:]}
    lines = {figures.PUBLISHED: {STAGES[0]: Estimate.missing()} | known}
    figures.stage_lines(ax, lines | {figures.SEEDS: {}})
    first, none = ax.lines
    assert list(first.get_ydata()) == [0.5] * 4
    assert len(none.get_ydata()) == 0
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(STAGES)
    plt.close(fig)


def test_pairs_stand_in_rows_from_the_top():
    fig, axs = plt.subplots(1, 2, sharey=True)
    found = [Estimate(0.1, 0.0, 0.2), Estimate(-0.3, -0.4, -0.2)]
    pairs = [("chgnet", "sevennet"), ("chgnet", "diep")]
    figures.pair_changes(axs, {"on the way": found, "at the end": found}, pairs)
    points = [line.get_xydata()[0].tolist() for line in axs[1].lines[:2]]
    assert points == [[0.1, 2], [-0.3, 1]]
    names = [tick.get_text() for tick in axs[0].get_yticklabels()]
    assert names == ["CHGNet\u2013SevenNet", "CHGNet\u2013DIEP"]
    plt.close(fig)
