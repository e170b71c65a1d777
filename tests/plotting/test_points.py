"""The points of a figure, as a reader of its csv finds them."""

import io

import nbformat
import pandas as pd
from matplotlib.figure import Figure
from nbclient import NotebookClient

from lumlip.plotting.points import points_csv
from lumlip.plotting.style import FAMILY_COLORS


def read(figure):
    return pd.read_csv(io.StringIO(points_csv(figure)), keep_default_na=False)


def test_points_carry_the_names_of_their_place_their_series_and_their_axes():
    ax = (figure := Figure()).subplots()
    ax.scatter([0.1, 0.2], [1.2, 0], edgecolors=[FAMILY_COLORS["mace"], "#222222"], c="white")
    ax.set_yticks([0, 1], ["last\nlayer", "backbone"])
    ax.set(xlabel="GFRE", title="trained")
    first, second = read(figure).to_dict("records")
    assert [first[key] for key in ("panel", "x axis", "series")] == ["trained", "GFRE", "mace"]
    assert (first["x"], first["y"], second["series"]) == (0.1, "backbone", "")
    assert second["y"] == "last layer"


def test_bars_intervals_and_bounds_have_their_ends():
    ax = (figure := Figure()).subplots()
    ax.bar([1], [3], width=0.5, label="bar")
    ax.hlines([2], [0.1], [0.9], label="interval")
    ax.axvline(0.4, label="bound")
    found = read(figure).set_index("series").drop(columns=["panel", "x axis", "y axis"])
    assert found.loc["bar"].astype(float).tolist() == [0.75, 0, 1.25, 3]
    assert found.loc["interval"].astype(float).tolist() == [0.1, 2, 0.9, 2]
    assert found.loc["bound"].tolist() == [0.4, "", "", ""]


def test_what_has_no_number_has_no_row():
    ax = (figure := Figure()).subplots()
    ax.hlines([1, 2], [0.1, float("nan")], [0.9, float("nan")])
    assert read(figure)["y"].tolist() == [1]


def test_numbers_stay_numbers_beside_ticks_with_words_of_their_own():
    ax = (figure := Figure()).subplots()
    ax.plot([1 / 16, 1], [0.5, 0.25], label="seeds")
    ax.set_xticks([1 / 16, 1], ["1/16", "1"])
    assert read(figure)["x"].tolist() == [0.0625, 1]


def test_points_that_look_like_those_of_a_label_belong_to_it():
    ax = (figure := Figure()).subplots()
    for i, marker in enumerate("ooxx"):
        ax.scatter(i, i, c="black", marker=marker, label="pair" if i == 1 else None)
    ax.axline((0, 0), slope=1)
    assert read(figure)["series"].tolist() == ["pair", "pair", "", ""]


def test_a_notebook_keeps_the_points_of_its_figures_and_of_nothing_else():
    code = """
from lumlip.plotting.style import use_style
use_style()
import matplotlib.pyplot as plt, pandas as pd
plt.plot([1, 2], [3, 4])
plt.show()
pd.DataFrame({"a": [1]})
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook).execute()
    figure, table = (out["data"] for out in notebook.cells[0].outputs if "data" in out)
    assert figure["text/csv"].splitlines()[1:] == ["1,,,,1,3,,", "1,,,,2,4,,"]
    assert "text/csv" not in table


def test_a_figure_of_many_points_has_none():
    ax = (figure := Figure()).subplots()
    ax.scatter(range(1000), range(1000))
    assert len(read(figure)) == 1000
    ax.scatter(0, 0)
    assert points_csv(figure) is None
