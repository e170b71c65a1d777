"""Areas under the ROC curve."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from chapters.disagreement.auroc import auroc

RNG = np.random.default_rng(0)


def test_is_that_of_scikit_learn_averaged_over_members():
    usual, unusual = RNG.integers(6, size=(3, 40)), RNG.integers(2, 8, size=(3, 25))
    labels = np.repeat([0, 1], [40, 25])
    each = [roc_auc_score(labels, np.r_[a, b]) for a, b in zip(usual, unusual, strict=True)]
    assert auroc(usual, unusual).value == pytest.approx(np.mean(each))


def test_sure_scores_useless_ones_and_interval():
    x = RNG.normal(size=(1, 60))
    sure, useless = auroc(x, x + 10), auroc(x, x, paired=True)
    assert sure.interval == pytest.approx((1, 1, 1))
    assert useless.value == 0.5
    value, low, high = auroc(x, RNG.normal(size=(1, 60))).interval
    assert low < value < high
    assert low < 0.5 < high


def test_only_the_order_of_scores_matters():
    a, b = RNG.random((2, 1, 30))
    assert auroc(a, b).value == auroc(np.exp(9 * a), np.exp(9 * b)).value


def test_the_same_seed_draws_the_same_structures():
    a, b = RNG.random((2, 2, 20))
    np.testing.assert_array_equal(auroc(a, b, seed=4).draws, auroc(a, b, seed=4).draws)


@pytest.mark.parametrize(
    ("usual", "unusual", "options", "message"),
    [
        ([[1.0, 2]], [[]], {}, "structures on both sides"),
        ([[1.0]], [[1.0], [2.0]], {}, "the same members"),
        ([[1.0, 2]], [[1.0]], {"paired": True}, "got 2 and 1"),
        ([[np.nan]], [[1.0]], {}, "NaN"),
    ],
)
def test_faulty_scores_are_refused(usual, unusual, options, message):
    with pytest.raises(ValueError, match=message):
        auroc(usual, unusual, **options)
