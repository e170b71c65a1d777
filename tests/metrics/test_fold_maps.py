"""Global maps of all folds from sums of products, against the same maps fitted atom by atom."""

import numpy as np
import pytest
import torch

from lumlip.metrics._fold_maps import Source, fold_errors
from lumlip.metrics._fold_sums import FoldOrder
from lumlip.metrics._protocol import ALPHAS, GLOBAL, SCIKIT_MATTER, Protocol
from lumlip.metrics.cross_fit import cross_fitted_errors, halves

RNG = np.random.default_rng(1)
N = 240
BASE = RNG.normal(size=(N, 6))
SOURCES = {
    "plain": BASE,
    # Singular values over ten orders of magnitude, as learned features have them.
    "graded": (BASE + 5) * np.geomspace(1, 1e-10, 6),
    "dependent": np.hstack([BASE, BASE[:, :2] @ RNG.normal(size=(2, 3))]),
    # A direction that the atoms of one fold alone have.
    "rare": np.hstack([BASE, (np.arange(N) < 12)[:, None] * RNG.normal(size=(N, 1))]),
}
TARGETS = {"bent": np.tanh(BASE @ RNG.normal(size=(6, 4))), "one": BASE[:, :1] ** 3 + 2}
GROUPS = np.arange(N) // 3
FOLD = GROUPS // 4 % 5


def atom_by_atom(X, Y, half, protocol):
    """Fit every fold's map from the definition: pseudo-inverses of rows, by numpy alone."""
    errors = np.empty(N)
    for fold in range(5):
        train, test = fold != FOLD, fold == FOLD
        m, t = X[train].mean(axis=0), Y[train].mean(axis=0)
        spread = np.sqrt(((Y[train] - t) ** 2).mean(axis=0).sum())
        halves = [train & (half == h) for h in (0, 1)]
        largest = max(np.linalg.svd(X[rows] - m, compute_uv=False)[0] for rows in halves)
        losses = []
        for alpha in protocol.alphas:
            loss = 0.0
            for fit, held in (halves, halves[::-1]):
                W = truncated_inverse(X[fit] - m, alpha * largest) @ (Y[fit] - t)
                loss += np.sqrt(((Y[held] - t - (X[held] - m) @ W) ** 2).mean(axis=0)).mean()
            losses.append(loss)
        losses = np.array(losses)
        chosen = np.flatnonzero(losses <= losses.min() * (1 + protocol.tie))[-1]
        W = truncated_inverse(X[train] - m, protocol.alphas[chosen] * largest) @ (Y[train] - t)
        residual = Y[test] - t - (X[test] - m) @ W
        errors[test] = np.linalg.norm(residual, axis=1) / spread
    return errors


def truncated_inverse(X, cutoff):
    left, singular, right = np.linalg.svd(X, full_matrices=False)
    kept = singular > cutoff
    return (right[kept].T / singular[kept]) @ left[:, kept].T


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", [GLOBAL, Protocol(floor=1e-4)], ids=["global", "no ties"])
def test_equals_maps_fitted_atom_by_atom(source, protocol):
    X, half = SOURCES[source], halves(FOLD, GROUPS)
    targets = torch.tensor(np.hstack([Y - Y.mean(axis=0) for Y in TARGETS.values()]))
    widths = tuple(Y.shape[1] for Y in TARGETS.values())
    order = FoldOrder.of(targets, widths, part=2 * FOLD + half)
    found = fold_errors(
        Source.of(torch.tensor(X - X.mean(axis=0))), order, protocol=protocol
    ).numpy()
    for errors, Y in zip(found, TARGETS.values(), strict=True):
        np.testing.assert_allclose(errors, atom_by_atom(X, Y, half, protocol), rtol=1e-6)


def testhalves_share_no_group_and_are_of_like_size():
    half = halves(FOLD, GROUPS)
    assert all(len(set(half[group == GROUPS])) == 1 for group in range(GROUPS.max() + 1))
    for fold in range(5):
        assert abs((half[fold == FOLD] == 0).mean() - 0.5) < 0.1


def test_a_rotation_of_the_source_and_a_scale_change_nothing():
    before, after = (
        cross_fitted_errors({"a": some}, TARGETS, folds=FOLD)
        for some in (BASE, 3e4 * BASE @ np.linalg.qr(RNG.normal(size=(6, 6)))[0] - 7)
    )
    np.testing.assert_allclose(before, after, rtol=1e-9)


def test_the_protocols_agree_where_nothing_is_ill_conditioned():
    robust, plain = (
        cross_fitted_errors({"a": BASE}, TARGETS, folds=FOLD, protocol=name)
        for name in ("robust", "scikit-matter")
    )
    assert SCIKIT_MATTER.alphas.tolist() == ALPHAS.tolist()
    np.testing.assert_allclose(robust, plain, rtol=0.1, atol=0.05)


def test_features_that_do_not_vary_are_refused():
    with pytest.raises(ValueError, match="a: got a total standard deviation of 0"):
        cross_fitted_errors({"a": np.ones((N, 2))}, TARGETS, folds=FOLD)
