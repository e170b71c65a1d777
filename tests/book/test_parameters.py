"""Values of a chapter's parameters: what fits the declared type, and what is refused."""

import pytest

from lumlip.book.parameters import checked, read_declarations
from lumlip.errors import ParameterError

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
bounds: dict[str, float] = {}  # By model
swept: int | list[int] = 1  # One or more
kind = "x"  # Of no declared type
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
        ("bounds", "{a: 1, b: 0.5}", {"a": 1.0, "b": 0.5}),
        ("swept", "[1, 2]", [1, 2]),
        ("swept", "4", 4),
        ("kind", "[1, a]", [1, "a"]),
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
        ("bounds", "{a: b}"),
        ("bounds", "[1]"),
        ("swept", "[a]"),
    ],
)
def test_a_value_of_another_type_is_refused(name, given):
    with pytest.raises(ParameterError) as got:
        value(name, given)
    first, _, known = str(got.value).partition("; known:\n")
    assert first.startswith(f"parameter {name!r}: got {given!r}, expected {DECLARED[name].type}")
    assert "n: int = 1  # How many" in known


def test_a_type_that_is_not_known_is_named():
    with pytest.raises(ParameterError, match="'shape': the chapter declares an unknown type"):
        value("shape", "1")
