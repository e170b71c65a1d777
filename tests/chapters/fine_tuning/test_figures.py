"""Figures of the chapter on fine-tuning: what they show, and that they take gaps."""

import pytest
from matplotlib.figure import Figure

from chapters.fine_tuning import figures
from lumlip.metrics.repeated import Estimate
from lumlip.plotting.style import FAMILY_COLORS
from tests.artists import dots, filled, hues, rows, segments


@pytest.fixture
def ax():
    made = Figure(layout="constrained")
    yield made.add_subplot()
    made.canvas.draw()  # what cannot be drawn fails here


def legend(ax):
    [found] = ax.figure.legends
    return [(text.get_text(), text.get_style()) for text in found.get_texts()]


def test_distances_stand_in_their_rows_and_gaps_part_them(ax):
    table = {
        "FF": {"PET-MAD": Estimate(0.1, 0.1, 0.1), "mace-mini": Estimate(0.2, 0.1, 0.3)},
        "": {},
        "bespoke": {"mace-mini": Estimate(0.4, 0.3, 0.5), "PET-MAD": Estimate.missing()},
    }
    figures.distance_rows(ax, table, label="distance")
    assert rows(ax) == ["FF", "bespoke"]
    assert legend(ax) == [("PET-MAD", "normal"), ("mace-mini", "italic")]
    assert dots(ax) == [{"FF": 0.1}, {"FF": 0.2, "bespoke": 0.4}]
    assert hues(ax) == [FAMILY_COLORS[name].lower() for name in ("pet", "mace")]
    assert filled(ax) == [True, False]  # published, and a mini
    assert ax.get_xlabel() == "distance"


def test_pairs_stand_in_their_rows_with_their_mean(ax):
    table = {"far": {"MACE": [0.2, 0.4], "PET": []}, "unrelated": {"PET": [0.5], "MACE": [0.1]}}
    figures.pair_rows(ax, {**table, "nothing": {"PET": []}}, label="distance")
    assert rows(ax) == ["far", "unrelated", "nothing"]
    means = [start[0] for start, _ in segments(ax)]
    assert means == pytest.approx([0.3, 0.3])
    assert legend(ax) == [("MACE", "normal"), ("PET", "normal")]
