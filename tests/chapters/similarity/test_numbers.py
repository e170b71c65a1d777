"""Numbers from draws: cases whose answer is known."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from chapters.similarity import numbers
from chapters.similarity.all_measures import LABELS
from chapters.similarity.draws import AS_IS, BEFORE, MINIS, PERMUTED, SAME, SEEDS

GROUPS = {
    MINIS: [("mace-mini", "pet-mini")],
    BEFORE: [("mace-mini-untrained", "pet-mini-untrained")],
    SEEDS: [("mace-mini", "mace-mini-seed2")],
}


def table_of(values):
    """All measures alike: (group, atoms) -> similarity."""
    rows = {(AS_IS, atoms, *GROUPS[name][0]): value for (name, atoms), value in values.items()}
    index = pd.MultiIndex.from_tuples(list(rows))
    return pd.DataFrame({name: list(rows.values()) for name in LABELS}, index=index)


@pytest.fixture
def table():
    values = {(MINIS, SAME): 0.7, (MINIS, PERMUTED): 0.4, (BEFORE, SAME): 0.6}
    values |= {(BEFORE, PERMUTED): 0.2, (SEEDS, SAME): 0.8, (SEEDS, PERMUTED): 0.2}
    return table_of(values)


def test_scale_goes_from_each_groups_chance_to_two_seeds(table):
    # Above chance: minis (0.7 - 0.4) / 0.6 = 0.5; twins 0.4 / 0.8 = 0.5; seeds 0.6 / 0.8 = 0.75.
    assert numbers.scaled(table, GROUPS, MINIS, AS_IS)["cka"] == pytest.approx(2 / 3)
    assert numbers.scaled(table, GROUPS, SEEDS, AS_IS)["cka"] == pytest.approx(1)
    assert numbers.closer(table, GROUPS, AS_IS)["rsa"] == pytest.approx(0)


def test_what_chance_levels_alone_would_make_of_it(table):
    # (0.4 - 0.2) / (0.8 - 0.2)
    assert numbers.by_chance(table, GROUPS, AS_IS)["cka"] == pytest.approx(0.2 / 0.6)


def test_a_measure_that_chance_fills_has_no_place(table):
    table["pwcca"] = 1.0
    assert np.isnan(numbers.scaled(table, GROUPS, MINIS, AS_IS)["pwcca"])


def test_what_was_not_measured_is_missing(table):
    none = {**GROUPS, MINIS: [], SEEDS: [("a", "b")]}
    assert numbers.level(table, none, MINIS, AS_IS).isna().all()
    assert numbers.closer(table, none, AS_IS).isna().all()
    assert np.isnan(numbers.average([], numbers.level, GROUPS, MINIS, AS_IS).value)
    assert np.isnan(numbers.average([[]], numbers.level, GROUPS, MINIS, AS_IS).value)


def test_an_estimate_has_the_spread_of_halves_and_of_draws():
    def value(x):
        return x

    one = numbers.estimate([[1.0, 0.9, 1.1]], value)  # a standard deviation of 0.1 * sqrt(2)
    assert one.high - one.value == pytest.approx(1.96 * 0.1 * np.sqrt(2))
    two = numbers.estimate([[1.0, 0.9, 1.1], [3.0, 2.9, 3.1]], value)
    assert two.value == 2
    assert two.high - two.value == pytest.approx(1.96 * np.sqrt(0.02 + 2))
    assert len(two.by_seed) == 2


def test_by_measure_and_averages_agree(table):
    draws = [[table, table + 0.01, table - 0.01]]
    each = numbers.by_measure(draws, numbers.level, GROUPS, MINIS, AS_IS)
    assert list(each) == list(LABELS)
    found = numbers.average(draws, numbers.level, GROUPS, MINIS, AS_IS)
    assert found.value == pytest.approx(each["cka"].value) == pytest.approx(0.7)
    assert found.low == pytest.approx(each["cka"].low)


def test_orders_and_what_chance_makes_of_them():
    pairs = list(combinations("abcdefgh", 2))
    index = pd.MultiIndex.from_tuples([(AS_IS, SAME, *pair) for pair in pairs])
    rng = np.random.default_rng(0)
    x = rng.normal(size=len(pairs))
    table = pd.DataFrame({"gfre": x, "cka": np.exp(x), "rsa": -x}, index=index)
    assert numbers.order(table, pairs, "gfre", "cka") == pytest.approx(1)
    assert numbers.order(table, pairs, "gfre", "rsa") == pytest.approx(-1)
    table["cknna"] = rng.normal(size=len(pairs))
    chance = numbers.order_by_chance([[table]], pairs, "gfre", "cknna")
    # Independent pairs: about 1.96 / sqrt(27).
    assert chance == pytest.approx(1.96 / np.sqrt(27), abs=0.1)
    assert np.isnan(numbers.order(table, pairs[:5], "gfre", "cka"))
    assert np.isnan(numbers.order_by_chance([[]], pairs, "gfre", "cka"))


def test_over_families_leaves_out_one_at_a_time():
    models = ["mace-mini", "pet-mini", "dpa-mini@inorganic"]
    twin = {m: m.replace("-mini", "-mini-untrained") for m in models}
    pairs = list(combinations(models, 2))
    groups = {
        MINIS: pairs,
        BEFORE: [(twin[a], twin[b]) for a, b in pairs],
        SEEDS: [("mace-mini", "mace-mini-seed2")],
    }
    values = {
        (AS_IS, SAME, *pair): value for pair, value in zip(pairs, (0.2, 0.4, 0.9), strict=True)
    }
    values |= {(AS_IS, SAME, *pair): 0.0 for pair in groups[BEFORE]}
    values[(AS_IS, SAME, *groups[SEEDS][0])] = 1.0
    values |= {(AS_IS, PERMUTED, *key[2:]): 0.0 for key in list(values)}
    index = pd.MultiIndex.from_tuples(list(values))
    table = pd.DataFrame({name: list(values.values()) for name in LABELS}, index=index)
    found = numbers.over_families([[table]], groups, AS_IS)
    # Left out pet, dpa, mace: one pair each, 0.4, 0.2 and 0.9; t of two degrees of freedom, 4.303.
    parts = np.array([0.4, 0.2, 0.9])
    reach = 4.3027 * np.sqrt(2 / 3 * np.square(parts - 0.5).sum())
    assert found.value == pytest.approx(0.5)
    assert found.high - 0.5 == pytest.approx(reach, rel=1e-4)
