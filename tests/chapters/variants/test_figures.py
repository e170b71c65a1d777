"""Figures of the variants: what is drawn, and that an empty run does not break them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.variants import figures, tables
from chapters.variants.claims import paper_rows
from lumlip.comparison import panel_distances
from lumlip.metrics.bootstrap import Distances
from lumlip.plotting.style import FAMILY_COLORS, MINI_COLOR
from lumlip.zoo import relations
from tests.artists import cells, dots, filled, hues, intervals, rows, texts
from tests.chapters.variants.test_study import MINIS, MODELS, by_kind, distances

NOTHING = panel_distances(None)


@pytest.fixture
def figure():
    made = Figure(layout="constrained")
    yield made
    made.draw_without_rendering()


def numbered(models):
    """Distances that tell source and target apart, resampled to 0.05 more and less."""
    n = len(models)
    values = (0.1 * np.arange(n)[:, None] + 0.02 * np.arange(n)) * (1 - np.eye(n)) + 0.1
    table = pd.DataFrame(values, models, models)
    return Distances(table, np.stack([values, values - 0.05, values + 0.05], axis=-1))


def test_one_heat_map_per_family_and_metric_with_intervals(figure):
    gfre = numbered(MODELS)
    lfre = Distances(gfre.table / 2, gfre.draws / 2)
    figures.family_tables(figure, {"gfre": gfre, "lfre": lfre}, vmax=0.8)
    assert len(figure.axes) == 4
    names = [ax.get_xlabel() for ax in figure.axes]
    assert names == ["GFRE, target", "LFRE, target"] * 2
    ax = figure.axes[2]
    assert (ax.get_ylabel(), rows(ax)) == ("SevenNet, source", ["0", "l3i5", "0-22may2024"])
    assert texts(ax.get_xticklabels()) == rows(ax)
    sevennets = gfre.table.iloc[2:, 2:].to_numpy()
    pairs = sevennets[~np.eye(3, dtype=bool)]
    assert cells(ax)[::2] == [f"{value:.2f}" for value in pairs]
    # 95 % of a straight line between two resamples
    bounds = [f"{value - 0.0475:.2f}–{value + 0.0475:.2f}" for value in pairs]
    assert cells(ax)[1::2] == bounds
    mesh = ax.collections[0]
    assert np.ma.compressed(mesh.get_array()) == pytest.approx(pairs)
    assert mesh.get_clim() == (0, 0.8)
    assert cells(figure.axes[3])[::2] == [f"{value / 2:.2f}" for value in pairs]


def test_minis_are_marked(figure):
    figures.family_tables(figure, {"gfre": distances([*MINIS, *MODELS], by_kind({}))})
    marked = {
        ax.get_ylabel(): {label.get_color() == MINI_COLOR for label in ax.get_yticklabels()}
        for ax in figure.axes
    }
    published = {"CHGNet, source": {False}, "SevenNet, source": {False}}
    assert marked == {"MACE, source": {True}, "UMA, source": {True}, **published}


def test_all_distances_in_one_figure(figure):
    found = pd.DataFrame(
        [
            ("data", "MACE", "paper", 0.3, 0.2, 0.5, [0.2, 0.5]),
            ("data", "sevennet", "real", 0.25, 0.15, 0.45, [0.1, 0.4]),
            ("seed", "mace", "minis", 0.35, 0.3, 0.4, [0.34, 0.36]),
            ("architecture", "all", "real", 0.6, 0.5, 0.65, [0.55]),
            ("architecture", "all", "minis", 0.7, 0.68, 0.75, [0.72]),
        ],
        columns=["kind", "name", "source", "value", "low", "high", "pairs"],
    )
    figures.kinds_plot(figure, found, noise=0.33)
    [ax] = figure.axes
    of_kinds = ["seed", "training data", "architecture"]
    names = ["MACE minis", "paper: MACE", "SevenNet", "published models", "minis"]
    assert rows(ax) == [
        of_kinds[0], names[0], of_kinds[1], *names[1:3], of_kinds[2], *names[3:],
    ]  # fmt: skip
    in_order = found.iloc[[2, 0, 1, 3, 4]].set_axis(names)
    assert intervals(ax)[::-1] == list(in_order[["low", "high"]].itertuples(name=None))
    drawn = [
        (*dot.items(), hue, full)
        for dot, hue, full in zip(dots(ax), hues(ax), filled(ax), strict=True)
    ]
    means = [(*dot, hue, full) for dot, hue, full in drawn if dot in in_order["value"].items()]
    sevennet, mace = (FAMILY_COLORS[name].lower() for name in ("sevennet", "mace"))
    assert means[::-1] == [
        ("MACE minis", 0.35, mace, False),
        ("paper: MACE", 0.3, "#555555", True),
        ("SevenNet", 0.25, sevennet, True),
        ("published models", 0.6, figures.GREY, True),
        ("minis", 0.7, figures.GREY, False),
    ]
    pairs = dict(dot for dot, *_ in drawn if dot not in in_order["value"].items())
    assert pairs == {name: p[-1] for name, p in in_order["pairs"].items() if "paper" not in name}
    [noise] = [line for line in ax.lines if line.get_ls() == "--" and len(line.get_xdata())]
    assert list(noise.get_xdata()) == [0.33, 0.33]


def test_parts_by_layer(figure):
    swapped = relations.Swaps("a", "b", {"routing": "c"})
    layers = {
        "backbone": distances(list("abc"), lambda a, b: 0.1 if "b" not in a + b else 0.2),
        "last_layer": distances(list("abc"), lambda a, b: 0.3 if "b" not in a + b else 0.5),
    }
    table = tables.part_rows(layers, swapped).assign(
        low=lambda t: t["value"] - 0.05, high=lambda t: t["value"] + 0.02
    )
    figures.parts_plot(figure, table)
    [ax] = figure.axes
    assert rows(ax) == ["routing", "whole task"]
    assert dots(ax) == [
        {"routing": pytest.approx(0.1), "whole task": pytest.approx(0.2)},
        {"routing": pytest.approx(0.3), "whole task": pytest.approx(0.5)},
    ]
    assert intervals(ax) == [
        (row["part"], row["low"], row["high"]) for _, row in table.sort_values("layer").iterrows()
    ]
    assert texts(figure.legends[0].get_texts()) == ["backbone", "last layer"]
    assert len(set(hues(ax))) == 2


def test_an_empty_run_says_so():
    for draw, content, why in (
        (figures.family_tables, NOTHING, "no family with two models in this run"),
        (figures.parts_plot, pd.DataFrame(), "no swapped parts of a task in this run"),
    ):
        draw(empty := Figure(), content)
        assert texts(empty.texts) == [why]


def test_the_paper_stands_alone_where_nothing_was_run(figure):
    published = paper_rows()
    figures.kinds_plot(figure, published, noise=np.nan)
    [ax] = figure.axes
    assert [start for _, start, _ in intervals(ax)][::-1] == published["low"].tolist()
    assert not [line for line in ax.lines if line.get_ls() == "--"]
