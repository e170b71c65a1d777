"""Figures of the chapter on measures of similarity: they show what they are given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from chapters.similarity import figures
from chapters.similarity.all_measures import LABELS
from chapters.similarity.draws import AS_IS, BEFORE, MINIS, PUBLISHED, WITHIN
from lumlip.metrics.repeated import Estimate
from tests.artists import dots, intervals, rows, texts

NAMES = list(LABELS.values())


@pytest.fixture
def figure():
    made = Figure(figsize=(7, 4), layout="constrained")
    yield made
    made.canvas.draw()  # what cannot be drawn fails here


def estimates(values):
    return {
        name: Estimate(value, value - 0.1, value + 0.2)
        for name, value in zip(LABELS, values, strict=True)
    }


def test_groups_on_their_scale_by_view(figure):
    values = np.linspace(0, 1, len(LABELS))
    groups = {PUBLISHED: estimates(values * np.nan), MINIS: estimates(values)}
    groups[BEFORE] = estimates(values + 5)  # beyond the axis
    figures.scale_figure(figure, {AS_IS: groups, WITHIN: groups})
    for ax, view in zip(figure.axes, (AS_IS, WITHIN), strict=True):
        assert ax.get_title() == view
        assert rows(ax) == NAMES
        none, within, beyond = dots(ax)
        assert none == {}
        assert within == pytest.approx(dict(zip(NAMES, values, strict=True)))
        assert set(beyond.values()) == {2.1}  # cut at the edge
        assert intervals(ax)[0] == pytest.approx((NAMES[0], -0.1, 0.2))
        assert [line.get_xdata()[0] for line in ax.lines] == [0, 1]
    assert texts(figure.legends[0].get_texts()) == [PUBLISHED, MINIS, BEFORE]


@pytest.mark.parametrize("chance", [0.4, np.nan])
def test_orders_beside_chance(figure, chance):
    some = estimates(np.linspace(0.2, 0.8, len(LABELS)))
    del some["gfre"]
    figures.order_figure(figure, some, some, chance)
    (ax,) = figure.axes
    assert rows(ax) == NAMES[1:]
    assert dots(ax)[0] == dots(ax)[1] == {LABELS[m]: e.value for m, e in some.items()}
    assert len(ax.lines) == np.isfinite(chance)
    assert len(figure.legends[0].get_texts()) == 2 + np.isfinite(chance)
