"""Figures of the chapter on fine-tuning: what they show, and that they take gaps."""

import pytest
from matplotlib.figure import Figure

from chapters.fine_tuning import figures
from lumlip.metrics.repeated import Estimate
from tests.artists import rows, texts


@pytest.fixture
def ax():
    made = Figure(layout="constrained")
    yield made.add_subplot()
    made.canvas.draw()  # what cannot be drawn fails here


def test_distances_stand_in_their_rows_and_gaps_part_them(ax):
    table = {
        "FF": {"paper": Estimate(0.1, 0.1, 0.1), "mini": Estimate(0.2, 0.1, 0.3)},
        "": {},
        "bespoke": {"mini": Estimate(0.4, 0.3, 0.5), "paper": Estimate.missing()},
    }
    figures.distance_rows(ax, table, label="distance")
    assert sorted(rows(ax)) == ["FF", "bespoke"]
    assert texts(ax.get_legend().get_texts()) == ["paper", "mini"]
    mini = ax.collections[3].get_offsets()
    assert mini[:, 0].compressed().tolist() == [0.2, 0.4]
    assert mini[0, 1] > 1.5 > mini[2, 1]
    assert ax.get_xlabel() == "distance"


def test_pairs_stand_in_their_rows_with_their_mean(ax):
    table = {"far": {"paper": [0.2, 0.4], "here": []}, "unrelated": {"paper": [0.5], "here": [0.1]}}
    figures.pair_rows(ax, table, label="distance")
    assert sorted(rows(ax)) == ["far", "unrelated"]
    means = [c.get_segments()[0][0, 0] for c in ax.collections if hasattr(c, "get_segments")]
    assert means == pytest.approx([0.3, 0.5, 0.1])
    assert texts(ax.get_legend().get_texts()) == ["paper", "here"]
