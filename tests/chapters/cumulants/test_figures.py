"""Figures of averages and cumulants show what they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.cumulants import figures
from chapters.cumulants.fits import ELEMENT
from lumlip.metrics.repeated import CrossFit, Estimate


@pytest.fixture
def ax():
    made = Figure(layout="constrained")
    yield made.subplots()
    made.canvas.draw()  # what cannot be drawn fails here


def test_toy_structures_share_their_mean_alone(ax):
    figures.toy_figure(ax)
    values = [dots.get_offsets()[:, 0] for dots in ax.collections]
    assert [float(np.mean(x)) for x in values] == pytest.approx([5, 5])
    told = [text.get_text().split()[-1] for text in ax.texts]
    assert told == [f"{np.var(x):.1f}" for x in values] == ["0.1", "16.0"]


def test_curves_have_a_line_per_model_the_control_and_the_paper(ax):
    names = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", ELEMENT]
    sums = np.arange(1.0, 9.0).reshape(1, 4, 2, 1) ** 2
    fit = CrossFit(names, ["2", "8"], sums, np.ones(1))
    paper = pd.Series({2: 0.24, 3: 0.5, 8: 0.8})
    figures.order_curves(ax, fit, ELEMENT, paper, mean=[Estimate(0.3, 0.2, 0.4)] * 2)
    drawn = [line.get_ydata().tolist() for line in ax.lines]
    for row in ([1, 2], [3, 4], [5, 6], [7, 8], [0.24, 0.5, 0.8]):
        assert row in drawn
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["CHGNet", "SevenNet", ELEMENT, "paper: PET-MAD", "mean, 95 %"]


def test_distances_have_a_line_per_model_dashed_for_the_control(ax):
    table = pd.DataFrame([[0, 1], [0, 0]], index=["sevennet-0", ELEMENT], columns=["1", "2"])
    figures.distance_lines(ax, table, ELEMENT)
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]


def test_gains_are_percent_and_the_control_is_a_cross(ax):
    found = {way: {"energy": Estimate(0.5, 0.4, 0.6), "mix": Estimate.missing()} for way in "abc"}
    figures.gains(ax, found, "b")
    points = ax.collections[1::2]  # each after the lines of its intervals
    assert [some.get_offsets()[0, 0] for some in points] == [50] * 3
    assert [some.get_label() for some in points] == list("abc")
