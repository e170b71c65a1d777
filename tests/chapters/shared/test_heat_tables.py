"""Heat maps as tables: what they say to eyes, ears, and a terminal."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from chapters.shared.heat_tables import heat_table
from lumlip.plotting.style import error_color, letters_on

MODELS = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "mace-mini"]


def table_of(values, names=MODELS):
    return pd.DataFrame(values, names, names)


@pytest.fixture
def table():
    values = np.arange(16).reshape(4, 4) / 10
    values[1, 2] = np.nan
    return heat_table(table_of(values), label="GFRE", low=table_of(values - 0.1),
                      high=table_of(values + 0.1))  # fmt: skip


def contrast(one, two):
    """Of WCAG 2: (lighter + 0.05) / (darker + 0.05) of relative luminances."""
    darker, lighter = sorted(
        np.dot([0.2126, 0.7152, 0.0722], [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)
        ])
        for color in (one, two)
    )  # fmt: skip
    return (lighter + 0.05) / (darker + 0.05)


def test_letters_stand_out_on_every_color():
    grounds = [error_color(error, 1.0) for error in np.linspace(-0.1, 1.2, 261)]
    assert min(contrast(ground, letters_on(ground)) for ground in grounds) >= 4.5


def test_every_cell_says_pair_number_and_interval(table):
    html = table._repr_html_()
    assert re.findall(r'title="([^"]*)">([^<]*)<', html)[:4] == [
        ("chgnet-0.3.0 \u2192 chgnet-r2scan: 0.10 (0.00 to 0.20)", ".10"),
        ("chgnet-0.3.0 \u2192 sevennet-0: 0.20 (0.10 to 0.30)", ".20"),
        ("chgnet-0.3.0 \u2192 mace-mini: 0.30 (0.20 to 0.40)", ".30"),
        ("chgnet-r2scan \u2192 chgnet-0.3.0: 0.40 (0.30 to 0.50)", ".40"),
    ]
    assert 'title="chgnet-r2scan \u2192 sevennet-0: not measured"></td>' in html
    assert html.count("<td></td>") + html.count('<td class="part"></td>') == 1 + len(MODELS)


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(-0.2, 0.3, "0.10 (0.00 to 0.30)"), (0.05, 5e5, "0.10 (0.05 to above 10)"), (1, 0, "0.10")],
)
def test_ends_that_tell_nothing_are_not_told(low, high, told):
    value, *ends = (pd.DataFrame([[x]], ["a"], ["b"]) for x in (0.1, low, high))
    made = heat_table(value, label="GFRE", low=ends[0], high=ends[1])
    assert f'title="a \u2192 b: {told}"' in made._repr_html_()


def test_the_markup_names_rows_and_columns_parts_families_and_marks_minis(table):
    html = table._repr_html_()
    assert html.count('scope="col"') == html.count('scope="row"') == len(MODELS)
    assert html.count('<tr class="part">') == 2  # before SevenNet and before MACE
    assert html.count("<i>mace-mini</i>") == html.count("<i>") == 2
    assert "\n\n" not in html  # a blank line would end the table in Markdown


def test_without_html_the_numbers_are_read_as_markdown(table):
    assert repr(table).splitlines()[2:] == [
        "| chgnet-0.3.0 |  | .10 | .20 | .30 |",
        "| chgnet-r2scan | .40 |  |  | .70 |",
        "| sevennet-0 | .80 | .90 |  | 1.10 |",
        "| mace-mini | 1.20 | 1.30 | 1.40 |  |",
    ]


def test_names_that_are_no_models_are_escaped_and_need_no_interval():
    values = pd.DataFrame([[0.5, -0.05]], ["<b>"], ["x&y", "z"])
    html = heat_table(values, label="a < b")._repr_html_()
    assert "<b>" not in html
    assert 'title="&lt;b&gt; \u2192 x&amp;y: 0.50">.50<' in html
    assert ">-.05<" in html
    assert "a &lt; b" in html
