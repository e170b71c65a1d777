"""Places of the elements in the periodic table."""

import pytest
import seaborn as sns
from ase.data import chemical_symbols
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from lumlip.plotting.periodic_table import periodic_heat_map, position

# Group (column) of one element each of blocks s, d, p in every period, from the IUPAC table.
GROUPS = {
    "H": 1, "He": 18, "Li": 1, "Be": 2, "B": 13, "Ne": 18, "Mg": 2, "Al": 13, "K": 1, "Sc": 3,
    "Zn": 12, "Ga": 13, "Kr": 18, "Y": 3, "Cd": 12, "I": 17, "Cs": 1, "Ba": 2, "Hf": 4, "Hg": 12,
    "Tl": 13, "Rn": 18, "Ra": 2,
}  # fmt: skip


def test_groups_are_those_of_the_iupac_table():
    for symbol, group in GROUPS.items():
        assert position(chemical_symbols.index(symbol))[1] == group - 1, symbol


def test_no_two_elements_share_a_place():
    places = [position(z) for z in range(1, 95)]
    assert len(set(places)) == 94


def test_f_block_stands_below():
    assert {position(z)[0] for z in range(57, 72)} == {8}
    assert {position(z)[0] for z in range(89, 95)} == {9}


def test_every_element_has_a_square_in_its_place_in_the_color_of_its_value():
    figure = Figure()
    values = {1: 1.0, 26: 3.0, 92: 5.0}
    periodic_heat_map(figure.subplots(), values, label="atoms")
    ax, bar = figure.axes
    squares = dict(zip((t.get_text() for t in ax.texts), ax.patches, strict=True))
    assert list(squares) == chemical_symbols[1:95]
    for text, (symbol, square) in zip(ax.texts, squares.items(), strict=True):
        row, column = position(chemical_symbols.index(symbol))
        assert square.get_xy() == (column, row)
        x, y = text.get_position()
        assert (int(x), int(y)) == (column, row)
    shades = {symbol: to_hex(squares[symbol].get_facecolor()) for symbol in ("H", "Fe", "U", "O")}
    mako = sns.color_palette("mako_r", as_cmap=True)
    ends = {symbol: to_hex(mako(at)) for symbol, at in {"H": 0.0, "Fe": 0.5, "U": 1.0}.items()}
    assert shades == {**ends, "O": "#eeeeee"}
    inks = {text.get_text(): sum(to_rgb(text.get_color())) for text in ax.texts}
    assert inks["U"] == 3 > inks["O"] > inks["H"]  # legible on dark, on grey and on light
    assert ax.yaxis_inverted()
    assert (bar.get_xlabel(), bar.get_xlim()) == ("atoms", (1, 5))


@pytest.mark.parametrize(("log", "middle"), [(False, 50.5), (True, 10)])
def test_colors_may_be_logarithmic(log, middle):
    ax = Figure().subplots()
    periodic_heat_map(ax, {1: 1, 2: middle, 3: 100}, label="", log=log)
    expected = sns.color_palette("mako_r", as_cmap=True)(0.5)
    assert to_hex(ax.patches[1].get_facecolor()) == to_hex(expected)
