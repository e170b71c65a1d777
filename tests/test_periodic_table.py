"""Places of the elements in the periodic table."""

from ase.data import chemical_symbols

from lumlip.periodic_table import periodic_heat_map, position

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


def test_figure_has_a_square_per_element():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    periodic_heat_map(ax, {1: 1.0, 26: 5.0}, label="atoms")
    assert len(ax.patches) == 94
    assert [t.get_text() for t in ax.texts][25] == "Fe"
