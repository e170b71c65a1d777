"""The figure of the variants: what is drawn where."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.variants.figures import GREY, kinds_plot
from chapters.variants.pairs import paper_rows
from lumlip.plotting.style import FAMILY_COLORS
from tests.artists import dots, filled, hues, intervals, rows


@pytest.fixture
def figure():
    made = Figure(layout="constrained")
    yield made
    made.draw_without_rendering()


def test_all_distances_in_one_figure(figure):
    found = pd.DataFrame(
        [
            ("data", "MACE", "paper", 0.3, 0.2, 0.5, [0.2, 0.5]),
            ("data", "sevennet", "published", 0.25, 0.15, 0.45, [0.1, 0.4]),
            ("seed", "mace", "minis", 0.35, 0.3, 0.4, [0.34, 0.36]),
            ("architecture", "", "published", 0.6, 0.5, 0.65, [0.55]),
            ("architecture", "", "minis", 0.7, 0.68, 0.75, [0.72]),
        ],
        columns=["kind", "name", "source", "value", "low", "high", "pairs"],
    )
    kinds_plot(figure, found)
    [ax] = figure.axes
    names = ["MACE minis", "paper: MACE", "SevenNet", "published: families", "minis: families"]
    assert rows(ax) == [
        "seed", names[0], "training data", *names[1:3], "architecture", *names[3:],
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
        ("published: families", 0.6, GREY, True),
        ("minis: families", 0.7, GREY, False),
    ]
    pairs = dict(dot for dot, *_ in drawn if dot not in in_order["value"].items())
    assert pairs == {name: p[-1] for name, p in in_order["pairs"].items() if "paper" not in name}


def test_the_paper_stands_alone_where_nothing_was_run(figure):
    published = paper_rows().sort_values("kind")
    kinds_plot(figure, published)
    [ax] = figure.axes
    assert sorted(start for _, start, _ in intervals(ax)) == sorted(published["low"])
