"""Figures draw what there is."""

import matplotlib.pyplot as plt
import pytest

from chapters.controls.figures import curves, ladder
from lumlip.metrics.repeated import Estimate


@pytest.fixture
def figure():
    fig = plt.figure()
    yield fig
    plt.close(fig)


def test_the_ladder_has_a_rung_per_known_share(figure):
    shares = {"chance": Estimate(0.0, -0.1, 0.1), "a variant": Estimate.missing()}
    one = {"itself": Estimate(1.0, 1.0, 1.0)}
    ladder(figure, {"published models": shares, "nothing": {}, "a mini": one})
    ax, other = figure.axes
    assert other.get_xlim() == ax.get_xlim()  # of the widest interval
    assert [text.get_text() for text in ax.get_yticklabels()] == ["chance"]
    assert ax.get_xlim()[0] == pytest.approx(-0.12)


def test_curves_have_ticks_at_what_was_measured(figure):
    ax = figure.subplots()
    points = {8: Estimate(0.5, 0.4, 0.6), 64: Estimate(0.4, 0.3, 0.5), 256: Estimate.missing()}
    curves(ax, {"a": points, "b": {}}, labels=("neighbors", "LFRE"))
    assert ax.get_xticks().tolist() == [8, 64]
    assert len(ax.lines) == 1
