"""Figures draw what there is."""

import matplotlib.pyplot as plt
import pytest

from chapters.controls.figures import ladder, longer
from lumlip.metrics.repeated import Estimate


@pytest.fixture
def figure():
    fig = plt.figure()
    yield fig
    plt.close(fig)


def test_the_ladder_has_a_rung_per_known_share(figure):
    shares = {"chance": Estimate(0.0, -0.1, 0.1), "a variant": Estimate.missing()}
    one = {"another training": Estimate(0.9, 0.8, 1.0)}
    groups = {"published models": shares, "nothing": {}, "mace-mini": one}
    ladder(figure, groups, blind=["chance"])
    ax, other = figure.axes
    assert other.get_xlim() == ax.get_xlim()  # of the widest interval
    assert [text.get_text() for text in ax.get_yticklabels()] == ["chance"]
    assert ax.get_xlim()[0] < -0.1
    assert other.get_title(loc="left") == "mace-mini"


def test_longer_trainings_stand_at_their_share_of_the_steps(figure):
    apart = {"pet-mini": {1 / 16: Estimate(0.4, 0.3, 0.5), 1.0: Estimate(0.5, 0.4, 0.6)}}
    left, right = figure.subplots(1, 2)
    longer([left, right], apart, {"pet-mini": {1 / 16: 1.0, 1.0: 0.3}})
    assert left.lines[0].get_xydata().tolist() == [[1 / 16, 0.4], [1.0, 0.5]]
    assert right.lines[0].get_ydata().tolist() == [1.0, 0.3]
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["pet-mini"]


def test_without_minis_the_axes_are_empty(figure):
    axs = figure.subplots(1, 2)
    longer(axs, {}, {})
    assert not [line for ax in axs for line in ax.lines]
