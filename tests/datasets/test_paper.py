"""The published tables."""

import numpy as np
import pytest

from lumlip.datasets.paper import paper_rows, paper_table, paper_tables


def test_headline_means_are_those_that_the_paper_quotes():
    # arXiv:2512.05717: off-diagonal means on the MAD test set, last-layer features.
    for metric, published in (("gfre", 0.662), ("lfre", 0.374)):
        values = paper_table("cross_model/last_layer/MAD-test", metric).to_numpy()
        mean = values[~np.eye(4, dtype=bool)].mean()
        assert mean == pytest.approx(published, abs=0.0006)


def test_backbone_means_are_those_that_the_paper_quotes():
    for metric, published in (("gfre", 0.542), ("lfre", 0.305)):
        values = paper_table("cross_model/backbone/MAD-test", metric).to_numpy()
        assert values[~np.eye(4, dtype=bool)].mean() == pytest.approx(published, abs=0.0006)


def test_unpublished_entries_are_nan():
    table = paper_table("variants/DPA-branches/last_layer/MAD-test", "lfre")
    assert table.isna().to_numpy().all()


def test_unknown_table_or_metric_names_the_known_ones():
    with pytest.raises(ValueError, match=r"known: .*cross_model"):
        paper_table("cross", "gfre")
    with pytest.raises(ValueError, match="has: gfre, lfre"):
        paper_table("cross_model/last_layer/MAD-test", "cka")
    assert "cross_model/backbone/MAD-test" in paper_tables()


def test_rows_are_read_with_their_columns():
    layers = paper_rows("last_layer_vs_backbone")
    assert layers.loc["PET-MAD", "gfre_bb_to_ll"] == 0.195
    errors = paper_rows("fine_tuning/PET-MAD-on-LPS/test_rmse")
    assert list(errors.columns) == ["energy_meV_per_atom", "force_meV_per_A"]
    assert errors.loc["FTL"].tolist() == [6.18, 91.3]


def test_orders_are_numbers_and_what_is_not_published_is_nan():
    orders = paper_rows("cumulants/PET-MAD/last_layer/MAD-test")
    assert list(orders.index) == list(range(1, 9))
    assert orders["gfre_from_order_1_to_K"].iloc[[1, 3, 7]].tolist() == [0.241, 0.6, 0.804]
    assert orders.isna().to_numpy().sum() == 2


def test_rows_of_a_table_between_models_are_refused():
    with pytest.raises(ValueError, match="a table between models"):
        paper_rows("cross_model/backbone/MAD-test")
