"""Values of a chapter's parameters: what fits the declared type, and what is refused."""

import os
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumlip.book.parameters import BOUNDS, CHOICES, checked, declared_parameters, read_declarations
from lumlip.errors import ParameterError

CHAPTERS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))

DECLARED = read_declarations(
    """\
n: int = 1  # How many
k: int | None = None  # Neighbors
share: float = 0.5  # Of the atoms
names: list[str] = ["a"]  # Models
sizes: list[float] = [0.1]  # Shares
plain: list = []  # Anything
label: str = ""  # Of the figure
maybe: str | None = None  # A file
shape: Unknown = None  # A type that nobody knows
"""
)


def value(name, given):
    return checked({name: given}, DECLARED, "01_squares")[name]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("n", "3", 3),
        ("n", 3, 3),
        ("k", "null", None),
        ("k", "7", 7),
        ("share", "1", 1.0),
        ("share", 1, 1.0),
        ("share", "1.0e-3", 0.001),
        ("names", "[a, b]", ["a", "b"]),
        ("names", "mace-mini", ["mace-mini"]),
        ("names", "sevennet-mf-0@PBE", ["sevennet-mf-0@PBE"]),
        ("sizes", "[1, 0.5]", [1.0, 0.5]),
        ("plain", "paper", ["paper"]),
        ("plain", "[1, a]", [1, "a"]),
        ("label", "1.10", "1.10"),
        ("label", "null", "null"),
        ("label", "[a, b]", "[a, b]"),
        ("maybe", "null", None),
        ("maybe", "2024", "2024"),
    ],
)
def test_a_value_that_fits_is_converted(name, given, expected):
    found = value(name, given)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("n", "1.0"),
        ("n", "true"),
        ("n", "null"),
        ("n", "'3'"),
        ("k", "few"),
        ("share", "half"),
        ("share", "true"),
        ("names", "[1, 2]"),
        ("names", "a,b"),
        ("names", "3"),
        ("sizes", "[a]"),
        ("label", 3),
        ("maybe", 3),
        ("shape", "1"),
    ],
)
def test_a_value_of_another_type_is_refused(name, given):
    with pytest.raises(ParameterError) as got:
        value(name, given)
    first, _, known = str(got.value).partition("; known:\n")
    assert first.startswith(f"parameter {name!r}: got {given!r}, expected {DECLARED[name].type}")
    assert "n: int = 1  # How many" in known


OF_CHAPTERS = read_declarations(
    """\
models: list = ["published"]  # model ids, at least two; or published
minis: list = []  # small models
neighbors: list = [8, 64]  # sizes
n_neighbors: int = 64  # of a map
n_bootstrap: int = 500  # draws
n_test: int = 1000  # atoms
seed: int = 0  # of draws
layer: str = "last_layer"  # features
device: str = "auto"  # where
"""
)


@pytest.mark.parametrize(
    ("name", "given_value", "message"),
    [
        ("n_bootstrap", "2", "n_bootstrap: got 2, expected 20 to 100000"),
        ("n_bootstrap", "10000000", "expected 20 to 100000"),
        ("seed", "-1", "seed: got -1, expected 0 to 2147483647"),
        ("n_test", "0", "n_test: got 0, expected 1 or more"),
        ("n_neighbors", "1", "n_neighbors: got 1, expected 2 or more"),
        ("neighbors", "[8, 1]", "neighbors: got 1, expected 2 or more"),
        ("neighbors", "[8, a]", r"got '\[8, a\]', expected list\[int\]"),
        ("layer", "head", "got layer 'head'; expected one of: backbone, last_layer"),
        ("device", "tpu", "got device 'tpu'; expected one of: auto, cpu, cuda, cuda:N, mps"),
        ("models", "[]", "got none, expected 2 or more, each once"),
        ("models", "[sevennet-0]", "got sevennet-0, expected 2 or more, each once"),
        ("models", "[a, b, a]", "got a, b, a, expected 2 or more, each once"),
        ("models", "[1, 2]", r"expected list\[str\]"),
        ("minis", "[a, a]", "got a, a, expected 0 or more, each once"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name, given_value, message):
    with pytest.raises(ParameterError, match=f"parameter '{name}': .*{message}"):
        checked({name: given_value}, OF_CHAPTERS, "01")


@pytest.mark.parametrize("models", ["published", "[paper]", "[a, b]"])
def test_models_may_be_a_word_for_a_list(models):
    assert checked({"models": models}, OF_CHAPTERS, "01")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_each_chapter_keeps_to_the_bounds_itself(path):
    declared = declared_parameters(nbformat.read(path, as_version=4))
    values = {name: parameter.default for name, parameter in declared.items()}
    values = {n: v.strip("'\"") if declared[n].type == "str" else v for n, v in values.items()}
    lists = [n for n, v in values.items() if declared[n].type.startswith("list")]
    values |= {name: eval(values[name]) for name in lists}  # lists with a star in them
    assert checked(values, declared, path.stem)


@settings(max_examples=20 * int(os.environ.get("LUMLIP_EXAMPLES", "10")), deadline=None)
@given(
    name=st.sampled_from(sorted(OF_CHAPTERS)),
    given_value=st.one_of(
        st.text(max_size=12),
        st.integers().map(str),
        st.floats().map(str),
        st.sampled_from(["[]", "[8, 64]", "[a, b]", "null", "true", "auto", "backbone", "[[1]]"]),
        st.lists(st.one_of(st.integers(-3, 99), st.text(max_size=4), st.none())).map(str),
        st.integers(-5, 10**6),
        st.none(),
        st.lists(st.text(max_size=3)),
        st.dictionaries(st.text(max_size=3), st.integers()),
    ),
)
def test_any_value_is_of_the_type_and_in_range_or_refused(name, given_value):
    try:
        found = checked({name: given_value}, OF_CHAPTERS, "01")[name]
    except ParameterError:
        return
    items = found if isinstance(found, list) else [found]
    if name in BOUNDS:
        low, high = BOUNDS[name]
        assert all(type(item) is int and low <= item <= (high or item) for item in items)
    elif name in CHOICES:
        assert found in CHOICES[name]
    else:
        assert all(type(item) is str for item in items)
        assert name != "models" or len(items) > 1 or items in (["published"], ["paper"])
