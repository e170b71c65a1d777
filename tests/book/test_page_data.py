"""The tables of a page, as a reader of the csv files finds them."""

import io
import json
from zipfile import ZipFile

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup

from chapters.shared.heat_tables import heat_table
from lumlip.book.page_data import ALL, README, _archive, figures_of, join, tables_of


def page(body):
    return tables_of(BeautifulSoup(f"<h1>Title</h1>{body}", "html.parser"))


def read(text):
    return pd.read_csv(io.StringIO(text), comment="#")


def test_a_frame_comes_back_with_its_place_and_caption():
    frame = pd.DataFrame({"here / eV": ["0.56 (0.53 to 0.61)"]}, pd.Index(["a, b"], name="claim"))
    caption = '<figcaption>Errors.<a class="headerlink" href="#x">#</a></figcaption>'
    found = page(f"<h2>Paper against here</h2><figure>{frame.to_html()}{caption}</figure>")
    [(name, text)] = found.items()
    assert name == "01-paper-against-here.csv"
    assert text.splitlines()[:2] == ["# Errors.", "# Paper against here"]
    pd.testing.assert_frame_equal(read(text).set_index("claim"), frame)


def test_heads_over_several_columns_stand_over_each():
    columns = pd.MultiIndex.from_product([["paper", "here"], ["GFRE", "LFRE"]])
    [text] = page(pd.DataFrame([range(4)], ["x"], columns).to_html()).values()
    assert text.splitlines()[1:3] == [",paper,paper,here,here", ",GFRE,LFRE,GFRE,LFRE"]


def test_a_table_in_colors_gives_a_line_for_each_pair():
    models = ["chgnet-0.3.0", "sevennet-0"]
    values = pd.DataFrame([[0, 0.5], [np.nan, 0]], models, models)
    table = heat_table(values, label="GFRE", low=values - 0.1, high=values + 0.1)
    [text] = page(table._repr_html_()).values()
    assert read(text).to_numpy().tolist() == [["chgnet-0.3.0", "sevennet-0", 0.5, 0.4, 0.6]]


def test_data_of_a_script_are_kept_too():
    found = page('<script type="application/json" id="ask-data">{"a":[1]}</script>')
    assert json.loads(found["ask-data.json"]) == {"a": [1]}


def test_a_figure_gives_its_points_below_its_caption(tmp_path):
    show = {"data": {"image/svg+xml": "<svg/>", "text/csv": ["panel,x\n", "1,2\n"]}}
    mystnb = {"figure": {"name": "fig-squares", "caption": "{glue}`squares`"}}
    cells = [{"metadata": {"mystnb": mystnb}, "outputs": [show]}, {"metadata": {}}]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    body = '<figure id="fig-squares"><figcaption>Fig. 1 Squares, 3</figcaption></figure>'
    found = figures_of(BeautifulSoup(body, "html.parser"), tmp_path / "a.ipynb")
    assert found == {"fig-squares.csv": "# Fig. 1 Squares, 3\npanel,x\n1,2\n"}
    assert figures_of(BeautifulSoup(body, "html.parser"), tmp_path / "page.ipynb") == {}


def test_one_archive_holds_those_of_all_pages(tmp_path):
    folder = tmp_path / "data"
    for name in ("one", "two"):
        _archive(folder / f"{name}.zip", {"a.csv": name})
    join(folder)
    with ZipFile(folder / ALL) as archive:
        assert archive.namelist() == ["README.txt", "one/a.csv", "two/a.csv"]
        assert archive.read("README.txt").decode() == README
        assert archive.read("two/a.csv") == b"two"
