"""Roles of fine-tuned models, the paper's numbers, and what is kept."""

import numpy as np
import pandas as pd
import pytest

from chapters.shared import fine_tuning as ft
from chapters.shared.fine_tuning import SCRATCH, START, UNTRAINED
from lumlip.metrics.bootstrap import Distances


def exact(names, *, first=0.1):
    """Distances that grow along the names: 0.1 between neighbors, both ways."""
    place = np.arange(len(names))
    return Distances.exact(pd.DataFrame(first * abs(place[:, None] - place), names, names))


def test_kept_share_is_one_at_the_start_and_zero_at_the_distance_from_scratch():
    scratch = np.array([0.4, 0.2])
    np.testing.assert_allclose(ft.kept_share(0 * scratch, scratch), 1)
    np.testing.assert_allclose(ft.kept_share(scratch, scratch), 0)


def test_answers_are_nan_for_what_is_missing():
    found = ft.answers(exact([START, "FF", SCRATCH]))
    assert found["fine-tuned and start"][0] == pytest.approx(0.1)
    assert found["share kept"][0] == pytest.approx(0.5)
    assert np.isnan(found["untrained and start"]).all()


def test_relatives_of_a_mini():
    found = ft.relatives("mace-mini")
    assert found["HTL"] == "mace-mini-lps-htl"
    assert found[UNTRAINED] == "mace-mini-untrained"
    assert len(set(found.values())) == 8
