"""Both ways within made-up models whose errors are known, and means over families."""

import numpy as np
import pytest
import xarray as xr

from chapters.layers import fits, tables
from lumlip.extraction.panel import Panel
from lumlip.metrics.repeated import orders_of
from lumlip.zoo.relations import first_of_families

N_STRUCTURES, PER = 80, 5
N_ATOMS = N_STRUCTURES * PER


def dataset(seed, n_backbone, head, readout="last_layer"):
    rng = np.random.default_rng(seed)
    backbone = rng.normal(size=(N_ATOMS, n_backbone))
    last_layer = head(backbone)
    structure = np.repeat(np.arange(N_STRUCTURES), PER)
    return xr.Dataset(
        {
            "backbone": (("atom", "backbone_channel"), backbone),
            "last_layer": (("atom", "last_layer_channel"), last_layer),
            "energy": ("structure", np.bincount(structure, weights=last_layer[:, 0])),
        },
        coords={
            "structure": ("atom", structure),
            "atomic_number": ("atom", np.ones(N_ATOMS, dtype=int)),
            "subset": ("structure", np.repeat(["a", "b"], N_STRUCTURES // 2)),
            "parent": ("structure", np.arange(N_STRUCTURES).astype(str)),
        },
        attrs={"readout": readout},
    )


@pytest.fixture(scope="module")
def panel():
    """Linear heads that drop half and a quarter of their backbones, and a head that doubles."""
    return Panel(
        [],
        {
            "sevennet-0": dataset(0, 8, lambda x: x[:, :4], "backbone"),
            "sevennet-l3i5": dataset(1, 8, lambda x: x[:, :6], "backbone"),
            "chgnet-0.3.0": dataset(2, 4, lambda x: np.hstack([x, x**2])),
        },
    )


@pytest.fixture(scope="module")
def orders(panel):
    return orders_of(panel.atoms, n_seeds=2)


@pytest.fixture(scope="module")
def found(panel, orders):
    return fits.LayerFits.of(panel, orders, sets=[list(panel.datasets)], n_bootstrap=50)


def test_linear_heads_are_told_apart(found):
    assert found.linear == ["sevennet-0", "sevennet-l3i5"]
    assert found.bent == ["chgnet-0.3.0"]


def test_a_linear_head_loses_the_channels_that_it_drops(found):
    assert found.error("forth", ["sevennet-0"]).value < 1e-6
    # Half of the backbone's variance is gone: sqrt(1/2).
    assert found.error("back", ["sevennet-0"]).value == pytest.approx(np.sqrt(0.5), abs=0.03)


def test_a_head_that_adds_squares_is_easier_to_undo(found):
    # x is there, but its squares, of variance 2 beside 1, cannot be had from x: -sqrt(2/3).
    assert found.excess(["chgnet-0.3.0"]).value == pytest.approx(-np.sqrt(2 / 3), abs=0.06)


def test_every_family_counts_once(found):
    one, two, other = (found.excess([m]).value for m in found.models)
    assert found.excess(found.models).value == pytest.approx(((one + two) / 2 + other) / 2)
    assert len(found.excess(found.models).by_seed) == 2


def test_excess_of_some_over_others(found):
    one, two = (found.excess([m]).value for m in found.linear)
    over = found.excess_over(["sevennet-0"], ["sevennet-l3i5"])
    assert over.value == pytest.approx(one - two)
    assert over.low < over.value < over.high


def test_readout_is_the_backbone_of_linear_heads(found):
    between = found.between("readout", found.models)
    assert between.sources == [
        "backbone:sevennet-0",
        "backbone:sevennet-l3i5",
        "last_layer:chgnet-0.3.0",
    ]
    # Nothing is shared between the families: all errors are those of noise.
    assert found.above_backbones("readout", found.models).value == pytest.approx(0, abs=0.05)


def test_only_what_is_asked_for_is_fitted(panel, orders, found):
    every = fits.CrossFit.of(fits.both_layers(panel), orders=orders).table
    fitted = found.fit.table.notna()
    np.testing.assert_allclose(found.fit.table.where(fitted), every.where(fitted), atol=1e-12)
    targets = fitted.loc["backbone:sevennet-0"]
    assert list(targets.index[targets]) == [
        "backbone:chgnet-0.3.0",  # the same layer of the other family
        "last_layer:sevennet-0",  # its own other layer
        "last_layer:chgnet-0.3.0",  # from readout to readout
    ]
    alone = fits.LayerFits.of(panel, orders).fit.table.notna()
    assert alone.to_numpy().sum() == 2 * len(found.models)


def test_no_models_no_numbers():
    nothing = fits.LayerFits.of(None, [])
    for estimate in (
        nothing.excess([]),
        nothing.excess_over([], []),
        nothing.above_backbones("last_layer", []),
    ):
        assert np.isnan(estimate.value)


def test_random_channels_of_a_white_backbone_lose_as_much(panel, orders):
    fit, weights = fits.back_from_random(panel, ["sevennet-0"], orders)
    assert fit.mean(weights).value == pytest.approx(np.sqrt(0.5), abs=0.03)
    assert np.isnan(fits.LayerFits(*fits.back_from_random(panel, [], orders)[:1]).excess([]).value)


def test_squares_of_a_whole_are_those_of_its_parts(panel, orders):
    models = ["sevennet-0", "chgnet-0.3.0"]
    parts = fits.to_parts(panel, models, orders)
    whole = fits.CrossFit.of({m: panel.layer("last_layer")[m] for m in models}, orders=orders)
    share = tables.leading_table(panel).loc[models[1], "share"]
    along, rest = (
        parts[part].table.loc[models[0], f"{part}:{models[1]}"] for part in ("along", "rest")
    )
    squared = share * along**2 + (1 - share) * rest**2
    assert np.sqrt(squared) == pytest.approx(whole.table.loc[models[0], models[1]], abs=0.01)


def test_the_worst_parents_are_named_and_left_out(panel, orders, found):
    sums = found.fit.sums.copy()
    worst = int(orders[0].groups[7 * PER])  # of structure 7
    sums[..., worst] += 1e3
    broken = fits.LayerFits(fits.CrossFit(found.fit.sources, found.fit.targets, sums,
                                          found.fit.counts, 50), found.readout)  # fmt: skip
    weights = broken.weights("back", broken.models)
    parents, kept = fits.without_worst(broken, [weights] * 2, panel.atoms, orders[0].groups)
    assert parents == ["7"]
    assert kept.fit.sums.shape[-1] == N_STRUCTURES - 1
    assert kept.error("back", kept.models).value < broken.error("back", kept.models).value


def test_representatives_are_the_first_of_their_families(found):
    assert first_of_families(found.models) == ["sevennet-0", "chgnet-0.3.0"]
