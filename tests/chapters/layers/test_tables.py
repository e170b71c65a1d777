"""Tables of both ways, of the leading direction and of the paper."""

import numpy as np
import pytest

from chapters.layers import figures, fits, tables
from lumlip.datasets.paper import paper_rows
from lumlip.metrics.repeated import CrossFit, Estimate


@pytest.fixture(scope="module")
def found():
    """Errors that are written down: 0.1 forth and 0.5 back in one model, 0.3 and 0.2 in another."""
    readout = {"sevennet-0": "backbone", "chgnet-0.3.0": "last_layer"}
    names = [fits.key(layer, m) for m in readout for layer in ("backbone", "last_layer")]
    errors = np.array([[0, 0.1, 1, 1], [0.5, 0, 1, 1], [1, 1, 0, 0.3], [1, 1, 0.2, 0]])
    sums = np.repeat(errors[None, :, :, None] ** 2, 20, axis=-1)
    return fits.LayerFits(CrossFit(names, names, sums, np.ones(20), 50), readout)


def test_rows_are_the_errors_and_models_without_fits_are_left_out(found):
    rows = tables.way_rows(found, {"one": ["sevennet-0"], "two": ["chgnet-0.3.0", "mace-mini"]})
    assert list(rows["model"]) == ["sevennet-0", "chgnet-0.3.0"]
    assert [e.value for e in rows["forth"]] == pytest.approx([0.1, 0.3])
    assert [e.value for e in rows["back"]] == pytest.approx([0.5, 0.2])


def test_pairs_of_families(found):
    table = tables.family_table(found)
    assert list(table.index) == ["SevenNet and CHGNet"]
    assert table.loc["SevenNet and CHGNet", "readout"].value == pytest.approx(1)


def test_the_papers_families():
    rows = tables.paper_ways(paper_rows("last_layer_vs_backbone")).set_index("family")
    # Means of columns of the paper's table, six PET models and five tasks of UMA.
    assert rows.loc["pet", "back"].value == pytest.approx(0.311, abs=1e-3)
    assert rows.loc["uma", "forth"].value == pytest.approx(0.168, abs=1e-3)
    against = tables.against_paper({"here": (Estimate(0.2, 0.1, 0.3), Estimate.missing())})
    assert list(against.loc["paper"]) == ["PET +0.13, UMA -0.05", "0.12"]


def test_figures_show_every_model_and_pair(found):
    import matplotlib.pyplot as plt

    _, (left, right) = plt.subplots(1, 2)
    rows = tables.way_rows(found, {"published": found.models})
    figures.both_ways(left, rows, {"sevennet-0": 0.4})
    figures.by_layer(right, tables.family_table(found))
    assert [tick.get_text() for tick in left.get_yticklabels()] == found.models
    assert [tick.get_text() for tick in right.get_yticklabels()] == ["SevenNet and CHGNet"]
    plt.close("all")
