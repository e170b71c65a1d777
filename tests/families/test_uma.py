"""A single expert of UMA's mixture, and one that it lacks."""

import numpy as np
import pytest
from ase.build import bulk, molecule

import lumlip


@pytest.mark.heavy
def test_one_expert_gets_what_all_of_them_have_and_one_too_many_is_counted():
    frames, models = [bulk("Cu"), molecule("H2O")], [f"uma-mini@omat{x}" for x in ("", ":expert:2")]
    with pytest.raises(ValueError, match=r"has 4 experts, counted from 0, got task 'expert:4'"):
        lumlip.panel([*models, "uma-mini@expert:4"], frames)
    mixed, single = (lumlip.features(model, frames) for model in models)  # of the same worker
    routing = single["routing"].to_numpy()
    assert np.allclose(routing[:, 2], mixed["routing"].sum("routing_channel"))
    assert not np.delete(routing, 2, axis=1).any()
    assert np.abs(single["backbone"] - mixed["backbone"]).max() > 1e-3
