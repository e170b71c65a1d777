"""What the figures of chapter 01 compute themselves."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from chapters.latent_spaces.figures import (
    LOOKS,
    group_weights,
    map_panels,
    mean_of,
    shared_figure,
    toy_figure,
)
from lumlip.metrics.repeated import CrossFit
from lumlip.plotting.style import FAMILY_COLORS, LIGHT
from lumlip.zoo.relations import family_of
from tests.artists import hues, points

FAMILIES = ["a", "a", "b", "c"]


def fits(error):
    sums = np.full((2, 4, 4, 12), error**2)
    return CrossFit(list("wxyz"), list("wxyz"), sums, np.ones(12), n_bootstrap=20)


def test_weights_of_a_pair_of_families():
    assert group_weights(FAMILIES, "a", "b").tolist() == [[0, 0, 0.5, 0]] * 2 + [[0] * 4] * 2


def test_every_pair_of_families_has_three_marks_at_its_shares():
    ax = Figure().subplots()
    shared_figure(ax, [fits(e) for e in (0.5, 0.4, 0.9)], FAMILIES, {"chance": 0.0})
    marks = [c for c in ax.collections if isinstance(c, PathCollection)]
    dots = [mark.get_offsets()[0][0] for mark in marks if len(mark.get_offsets())]
    assert np.round(dots[:18], 2).tolist() == [0.75, 0.84, 0.19] * 6
    assert len(ax.get_yticks()) == 6
    assert ax.get_legend_handles_labels()[1] == list(LOOKS)


def test_toy_errors_are_none_half_and_all():
    figure = Figure()
    toy_figure(figure)
    errors = [float(ax.get_title().split()[-1]) for ax in figure.axes[1:]]
    assert errors[0] == 0
    assert errors[1] == pytest.approx(np.sqrt(0.5), abs=0.1)
    assert errors[2] > 0.9


def test_mean_weighs_pairs_of_families_once():
    table = pd.DataFrame(np.arange(16.0).reshape(4, 4))
    # a-b: (2 + 6 + 8 + 9) / 4, a-c: (3 + 7 + 12 + 13) / 4, b-c: (11 + 14) / 2
    expected = (6.25 + 8.75 + 12.5) / 3
    assert mean_of(table, FAMILIES, [0, 1, 2, 3]) == pytest.approx(expected)
    assert mean_of(table, FAMILIES, [2, 3]) == pytest.approx(12.5)


def test_map_panels_show_each_model_once_and_marked_points_in_the_hue_of_its_family():
    figure = Figure()
    models = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0"]
    made = {model: np.arange(16.0).reshape(8, 2) * i for i, model in enumerate(models, 1)}
    map_panels(figure, made, [True, False] * 4)
    shown = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in shown] == models
    for ax, (model, xy) in zip(shown, made.items(), strict=True):
        assert points(ax) == [xy[1::2].tolist(), xy[::2].tolist()]
        assert hues(ax) == [LIGHT, FAMILY_COLORS[family_of(model)].lower()]


def test_without_marked_points_all_of_a_map_are():
    figure = Figure()
    map_panels(figure, {"chgnet-0.3.0": np.eye(2)}, [False, False])
    assert hues(figure.axes[0]) == [FAMILY_COLORS["chgnet"].lower()]
