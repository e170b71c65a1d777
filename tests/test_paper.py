"""The published tables."""

import numpy as np
import pytest

from lumlip.paper import paper_table, paper_tables


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
