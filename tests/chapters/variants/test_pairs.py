"""Weights and rows of the second finding, on features and errors that are known."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from chapters.variants import pairs
from chapters.variants.kinds import kind_of
from lumlip.extraction.panel import Panel
from lumlip.metrics.repeated import CrossFit

MODELS = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "sevennet-0-22may2024", "sevennet-l3i5"]
NOTHING = pairs.fitted(None, n_seeds=2, n_bootstrap=10, device="cpu")


def fit_of(models, value, n_groups=8):
    """A cross-fit in which every group has the same error, a function of two models."""
    errors = np.array([[value(a, b) if a != b else 0.0 for b in models] for a in models])
    sums = np.repeat(errors[None, :, :, None] ** 2, n_groups, axis=3)
    return CrossFit(models, models, sums, np.ones(n_groups), n_bootstrap=20)


def by_kind(values, default=0.9):
    return lambda a, b: values.get(kind_of(a, b), default)


@pytest.fixture
def panel():
    """A CHGNet that holds all of another one and as much again, one parent in four structures."""
    X = np.random.default_rng(0).normal(size=(120, 4))
    coords = {
        "structure": ("atom", np.repeat(np.arange(40), 3)),
        "subset": ("structure", ["user"] * 40),
        "parent": ("structure", np.arange(40) // 10),
    }
    features = {"chgnet-0.2.0": X, "chgnet-0.3.0": X[:, :2]}
    datasets = {
        name: xr.Dataset({"last_layer": (("atom", "channel"), values)}, coords=coords)
        for name, values in features.items()
    }
    return Panel([None] * 40, datasets)


def test_a_part_is_rebuilt_from_the_whole_and_half_of_the_whole_from_the_part(panel):
    fit = pairs.fitted(panel, n_seeds=2, n_bootstrap=10, device="cpu")
    assert len(fit.counts) == 4  # parents: fewer than ten folds
    assert fit.table.loc["chgnet-0.2.0", "chgnet-0.3.0"] < 1e-6
    # two of four columns of one variance are missing
    assert fit.table.loc["chgnet-0.3.0", "chgnet-0.2.0"] == pytest.approx(0.5**0.5, abs=0.1)


def test_every_family_and_every_pair_of_families_counts_once():
    fit = fit_of([*MODELS, "diep-matpes-r2scan"], by_kind({}))
    sizes = pairs.weights(fit, "size", "data")
    assert sizes.sum() == pytest.approx(1)
    assert np.argwhere(sizes).tolist() == [[2, 3], [2, 4], [3, 2], [4, 2]]
    assert pairs.weights(fit, "data", family="chgnet").sum() == 0
    between = pairs.weights(fit, pairs.FAMILIES)
    blocks = between[:2, 2:5].sum(), between[:2, 5].sum(), between[2:5, 5].sum()
    assert 2 * np.array(blocks) == pytest.approx(np.full(3, 1 / 3))


def test_a_model_and_its_parent_are_no_variants():
    fit = fit_of(MODELS, by_kind({}))
    within = pairs.weights(fit, *pairs.VARIANTS)
    assert kind_of(*MODELS[:2]) == "fine-tuning"
    assert within[0, 1] == within[1, 0] == 0
    assert within[2:, 2:].sum() == pytest.approx(1)


def test_families_minus_variants_of_known_errors():
    fit = fit_of(MODELS, by_kind({"architecture": 0.8, "fine-tuning": 0.1}, default=0.3))
    assert pairs.families_minus_variants(fit, [0, 1, 2, 3, 4]) == pytest.approx(0.5)
    assert np.isnan(pairs.families_minus_variants(fit, [2, 3, 4]))


def test_rows_of_known_errors():
    models = ["mace-mini", "mace-mini-seed2", "mace-mini-r2scan", "uma-mini@omat", "uma-mini@omol"]
    known = {"seed": 0.3, "functional": 0.25, "task": 0.4, "architecture": 0.8}
    rows = pairs.kind_rows(fit_of(models, by_kind(known)), "minis")
    assert list(zip(rows["kind"], rows["name"], strict=True)) == [
        ("seed", "mace"), ("functional", "mace"), ("task", "uma"), ("architecture", ""),
    ]  # fmt: skip
    assert rows["value"].tolist() == pytest.approx(list(known.values()))
    assert rows["pairs"].map(len).tolist() == [2, 2, 2, 12]
    # With the paper's rows beside them, and nothing published.
    table = pairs.side_by_side(pd.concat([pairs.paper_rows(), rows]))
    assert table.loc["seed"].tolist() == ["–", "–", "MACE 0.30"]
    assert table.loc["task or branch"].tolist() == ["DPA 0.28; UMA 0.59", "–", "UMA 0.40"]
    assert table.loc["architecture", "minis"] == "0.80"


def test_nothing_is_measured_of_nothing():
    assert len(pairs.kind_rows(NOTHING, "published")) == 0
    nothing = pairs.weights(NOTHING, *pairs.VARIANTS)
    assert np.isnan(NOTHING.mean(nothing).value)
    assert np.isnan(NOTHING.difference(nothing, nothing).value)


def test_numbers_of_the_paper():
    # arXiv:2512.05717: sizes of MACE-MP, from 0.008 to 0.031; tasks of UMA, up to 0.978
    assert pairs.paper_value("size", "MACE-MP", "low") == 0.008
    assert pairs.paper_value("size", "MACE-MP", "high") == 0.031
    assert pairs.paper_value("task", "UMA", "high") == 0.978
    # its pairs by data that have no parent in common: 12 of MACE and PET, each in both directions
    assert len(pairs.paper_rows().set_index("name").loc["MACE, PET", "pairs"]) == 24
