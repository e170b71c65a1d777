"""The figure of the variants: what is drawn where."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from chapters.variants.figures import kinds_plot
from chapters.variants.pairs import paper_rows
from lumlip.plotting.style import FAMILY_COLORS, INK
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
    names = ["MACE", "MACE", "SevenNet", "families", "families"]
    assert rows(ax) == [
        "seed", names[0], "training data", *names[1:3], "architecture", *names[3:],
    ]  # fmt: skip
    minis = [label.get_text() for label in ax.get_yticklabels() if label.get_style() == "italic"]
    assert minis == ["families", "MACE"]  # from below
    in_order = found.iloc[[2, 0, 1, 3, 4]].set_axis(names)
    assert intervals(ax)[::-1] == list(in_order[["low", "high"]].itertuples(name=None))
    drawn = list(zip(dots(ax), hues(ax), filled(ax), strict=True))
    means = [(*dot.values(), hue, full) for dot, hue, full in drawn[::-1]]
    means = [mean for mean in means if mean[0] in set(found["value"])]
    sevennet, mace = (FAMILY_COLORS[name].lower() for name in ("sevennet", "mace"))
    assert means == [
        (0.35, mace, False),
        (0.3, INK, True),
        (0.25, sevennet, True),
        (0.6, INK, True),
        (0.7, INK, False),
    ]
    pairs = [list(dot.values())[-1] for dot, *_ in drawn[::-1]]
    assert [x for x in pairs if x not in set(found["value"])] == [0.36, 0.4, 0.55, 0.72]


def test_the_paper_stands_alone_where_nothing_was_run(figure):
    published = paper_rows().sort_values("kind")
    kinds_plot(figure, published)
    [ax] = figure.axes
    assert sorted(start for _, start, _ in intervals(ax)) == sorted(published["low"])
