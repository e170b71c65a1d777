"""All measures of all pairs, in both directions where they have one."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from chapters.similarity.all_measures import DIRECTED, MEASURES
from chapters.similarity.both_ways import both_ways
from lumlip import similarity


def test_directed_measures_have_two_numbers_and_all_are_those_of_the_functions():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(80, 4))
    layer = {"a": a, "b": a[:, :2] + 0.1 * rng.normal(size=(80, 2)), "c": rng.normal(size=(80, 3))}
    coords = {
        "structure": ("atom", np.arange(80)),  # one atom each: every draw takes all of them
        "parent": ("structure", [f"p{i // 2}" for i in range(80)]),
    }
    panel = SimpleNamespace(
        atoms=xr.Dataset(coords=coords),
        datasets=layer,
        layer=lambda _: layer,
        structures=range(80),
    )
    found = both_ways(panel, layer="last_layer", n_draws=2, n_halves=4)
    assert list(found) == list(MEASURES)
    for name, pairs in found.items():
        assert len(pairs) == (6 if name in DIRECTED else 3)
        assert all(one.low < one.value < one.high for one in pairs.values())
    forth, back = similarity.information_imbalance(layer["a"], layer["b"])
    assert found["imbalance"]["a", "b"].value == pytest.approx(1 - forth)
    assert found["imbalance"]["b", "a"].value == pytest.approx(1 - back)
    assert found["cka"]["a", "b"].value == pytest.approx(similarity.cka(layer["a"], layer["b"]))
    assert found["cka"]["a", "b"].low > found["cka"]["a", "c"].high
