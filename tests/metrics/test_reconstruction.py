"""GFRE, LFRE and GFRD against scikit-matter, known answers, invariances, bad input."""

import numpy as np
import pandas as pd
import pytest
import skmatter.metrics as reference
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lumlip.metrics import _errors, pointwise
from lumlip.metrics._protocol import BROKEN
from lumlip.metrics.pointwise import pointwise_errors
from lumlip.metrics.reconstruction import (
    gfrd,
    gfre,
    lfre,
    neighborhood_size,
    pointwise_gfre,
    pointwise_lfre,
)
from lumlip.metrics.tables import reconstruction_table

N_TRAIN, N_TEST = 90, 30


def pointwise_gfrd(X, Y, **options):
    """Distortion of every test atom."""
    return pointwise_errors({"X": X}, {"Y": Y}, metric="gfrd", **options).to_numpy()[0, 0]


TRAIN, TEST = np.arange(N_TRAIN), np.arange(N_TRAIN, N_TRAIN + N_TEST)
# Below this an error is rounding (features are scaled to a total variance of 1).
ROUNDING = 1e-10


def _latent(rng, width):
    return rng.normal(size=(N_TRAIN + N_TEST, width))


def _tall(rng):
    Z = _latent(rng, 6)
    return np.tanh(Z @ rng.normal(size=(6, 9))), np.tanh(Z @ rng.normal(size=(6, 13)))


def _wide(rng):
    Z = _latent(rng, 12)
    return np.tanh(Z @ rng.normal(size=(12, 150))), np.cos(Z @ rng.normal(size=(12, 120)))


def _random(rng):
    return _latent(rng, 20), _latent(rng, 10)


def _rank_deficient(rng):
    Z = _latent(rng, 5)
    return Z @ rng.normal(size=(5, 40)) + 3, np.sin(Z @ rng.normal(size=(5, 30)))


def _float32_noise(rng):
    X, Y = _rank_deficient(rng)
    return X.astype(np.float32).astype(float), Y.astype(np.float32).astype(float)


def _steep_spectrum(rng):
    scales = np.geomspace(1, 1e-7, 24)
    Z = _latent(rng, 24)
    return (Z * scales) @ rng.normal(size=(24, 24)), np.tanh(Z[:, :8] @ rng.normal(size=(8, 16)))


def _contained(rng):
    X = _latent(rng, 12)
    return X, X @ rng.normal(size=(12, 20)) - 1


def _partly_constant(rng):
    X, Y = _tall(rng)
    X[:, 2], Y[:, ::3] = 4.0, -1e3
    return X, Y


def _symmetric_crystal(rng):
    # Groups of equivalent atoms: equal but for float32 noise, on both sides.
    Z = _latent(rng, 6)
    Z = Z[rng.integers(0, 40, size=len(Z))]
    X, Y = np.tanh(Z @ rng.normal(size=(6, 32))), np.tanh(Z @ rng.normal(size=(6, 24)))
    return X + 1e-7 * rng.normal(size=X.shape), Y + 1e-7 * rng.normal(size=Y.shape)


CASES = [
    _tall,
    _wide,
    _random,
    _rank_deficient,
    _float32_noise,
    _steep_spectrum,
    _contained,
    _partly_constant,
    _symmetric_crystal,
]


@pytest.fixture(params=CASES, ids=lambda case: case.__name__.strip("_"))
def pair(request):
    return request.param(np.random.default_rng(7))


@pytest.fixture
def stable_reference(monkeypatch):
    """scikit-matter with a stable sort of the neighbors.

    Its own (numpy's default) puts equally near atoms in an order that depends on the processor.
    """

    class StableNumpy:
        def __getattr__(self, name):
            return getattr(np, name)

        @staticmethod
        def argsort(array):
            return np.argsort(array, kind="stable")

    monkeypatch.setattr("skmatter.metrics._reconstruction_measures.np", StableNumpy())
    return reference


def test_gfre_gives_the_numbers_of_scikit_matter(pair):
    expected = reference.pointwise_global_reconstruction_error(
        *pair, train_idx=TRAIN, test_idx=TEST
    )
    options = {"train": TRAIN, "test": TEST, "protocol": "scikit-matter"}
    errors = pointwise_gfre(*pair, **options)
    assert_allclose(errors, expected, rtol=1e-6, atol=ROUNDING)
    assert_allclose(
        gfre(*pair, **options),
        reference.global_reconstruction_error(*pair, train_idx=TRAIN, test_idx=TEST),
        rtol=1e-6,
        atol=ROUNDING,
    )


@pytest.mark.parametrize("n_neighbors", [2, 9, 32, N_TRAIN])
def test_lfre_gives_the_numbers_of_scikit_matter(pair, n_neighbors, request):
    test = TEST[::3]
    expected = reference.pointwise_local_reconstruction_error(
        *pair, n_neighbors, train_idx=TRAIN, test_idx=test
    )
    options = {"n_neighbors": n_neighbors, "protocol": "scikit-matter"}
    errors = pointwise_lfre(*pair, train=TRAIN, test=test, **options)
    # Which of several equivalent atoms is nearest is decided at the level of the noise.
    noise = 1e-7 if "symmetric_crystal" in request.node.name else ROUNDING
    assert_allclose(errors, expected, rtol=1e-6, atol=noise)
    assert_allclose(
        lfre(*pair, train=TRAIN, test=test, **options),
        np.sqrt(np.mean(expected**2)),
        rtol=1e-6,
        atol=noise,
    )


def near_copies(rng, *, noise=1e-6):
    """Forty train atoms, each eight times but for rounding, and others to test."""
    train, test = np.repeat(rng.normal(size=(40, 12)), 8, axis=0), rng.normal(size=(20, 12))
    X = np.concatenate([train, test])
    Y = np.tanh(X @ rng.normal(size=(12, 5)) / 3)
    X, Y = (values + noise * rng.normal(size=values.shape) for values in (X, Y))
    return X, Y, np.arange(320), np.arange(320, 340)


@pytest.mark.parametrize("seed", range(3))
def test_near_copies_do_not_break_a_robust_map(seed):
    X, Y, train, test = near_copies(np.random.default_rng(seed))
    options = {"train": train, "test": test, "n_neighbors": 32}
    robust = lfre(X, Y, **options)
    assert robust < gfre(X, Y, train=train, test=test) + 0.1  # 32 distinct of 40: nearly all
    assert lfre(X, Y, **options, protocol="scikit-matter") > 1.2 * robust


@pytest.mark.parametrize("measure", [gfre, gfrd])
def test_directions_that_are_rounding_do_not_break_a_robust_global_map(measure):
    """The second column stands for rounding, but at one test atom, where it is 1e-3."""
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, N_TRAIN + N_TEST))
    X = np.stack([x, 1e-7 * noise], axis=1)
    Y = (x + 0.5 * noise)[:, None]  # which makes the rounding look useful in train
    X[TEST[0], 1] = 1e-3
    robust, fragile = (
        measure(X, Y, train=TRAIN, test=TEST, protocol=name) for name in ("robust", "scikit-matter")
    )
    assert robust < 1 < 100 < fragile


def test_of_global_cutoffs_that_do_equally_well_the_robust_one_is_the_largest():
    """A small direction that improves the cross-validation by less than a hundredth stays out."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(N_TRAIN + N_TEST, 2)) * [1, 1e-4]
    Y = X[:, :1] + 400 * X[:, 1:] + 0.5 * rng.normal(size=(N_TRAIN + N_TEST, 1))
    options = {"train": TRAIN, "test": TEST}
    assert_allclose(gfre(X, Y, **options), gfre(X[:, :1], Y, **options), rtol=1e-6)
    plain = {**options, "protocol": "scikit-matter"}
    assert gfre(X, Y, **plain) != pytest.approx(gfre(X[:, :1], Y, **plain), rel=1e-2)


def test_copies_count_once():
    X, Y, train, test = near_copies(np.random.default_rng(0), noise=0.0)
    once = np.arange(0, 320, 8)
    options = {"test": test, "n_neighbors": 16}
    scaled = pointwise_lfre(X, Y, train=train, **options)
    assert_allclose(scaled, pointwise_lfre(X, Y, train=once, **options), rtol=1e-6)


def test_rounding_of_the_features_changes_no_printed_digit():
    rng = np.random.default_rng(1)
    X, Y, train, test = near_copies(rng)
    options = {"train": train, "test": test, "n_neighbors": 16}
    rounded = X * (1 + 6e-8 * rng.uniform(-1, 1, size=X.shape))  # half a unit of single precision
    assert lfre(rounded, Y, **options) == pytest.approx(lfre(X, Y, **options), rel=5e-3)


def test_where_nothing_is_copied_both_protocols_agree():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(300, 4))
    Y = X @ rng.normal(size=(4, 3)) + 0.5 * rng.normal(size=(300, 3))
    options = {"train": np.arange(240), "test": np.arange(240, 300), "n_neighbors": 60}
    fragile = lfre(X, Y, **options, protocol="scikit-matter")
    assert lfre(X, Y, **options) == pytest.approx(fragile, rel=1e-2)


def test_broken_maps_are_counted():
    X, Y, train, test = near_copies(np.random.default_rng(0))
    options = {"metric": "lfre", "train": train, "test": test, "n_neighbors": 16}
    assert reconstruction_table({"X": X}, {"Y": Y}, **options).attrs["n_broken"] == 0
    far = X.copy()
    far[test[0]] += 1e3  # no map fitted on a curve reaches there
    assert reconstruction_table({"X": far}, {"Y": Y}, **options).attrs["n_broken"] >= 1


def test_maps_that_blow_up_rounding_are_counted_even_where_errors_are_small():
    X, Y, train, test = near_copies(np.random.default_rng(0))
    options = {"metric": "lfre", "train": train, "test": test, "n_neighbors": 16}
    fragile = {**options, "protocol": "scikit-matter"}
    errors = pointwise_errors({"X": X}, {"Y": Y}, **fragile)
    n_broken = reconstruction_table({"X": X}, {"Y": Y}, **fragile).attrs["n_broken"]
    assert n_broken == errors.attrs["n_broken"] > 10 * (errors > BROKEN).sum()


@pytest.mark.parametrize(("size", "n_broken"), [(1e-5, 0), (1e-7, 1)])
def test_a_large_global_map_counts_once(size, n_broken):
    # Y is the column of X whose share of its spread is ``size``: |W| is its inverse.
    X = np.random.default_rng(0).normal(size=(120, 2)) * [1, size]
    options = {"train": TRAIN, "test": TEST, "protocol": "scikit-matter"}
    found = reconstruction_table({"X": X}, {"Y": X[:, 1:]}, **options)
    assert found.loc["X", "Y"] < 1e-6
    assert found.attrs["n_broken"] == n_broken


def test_atoms_on_both_sides_are_counted():
    X, Y = _tall(np.random.default_rng(0))
    X[TEST[:4]] = X[TRAIN[:4]]
    Y[TEST[:2]] = Y[TRAIN[:2]]
    alone = reconstruction_table({"X": X}, {"Y": Y}, train=TRAIN, test=TEST)
    both = reconstruction_table({"X": X, "Y": Y}, train=TRAIN, test=TEST)
    assert (alone.attrs["n_copied"], both.attrs["n_copied"]) == (4, 2)
    folds = (np.arange(len(X)) >= N_TRAIN).astype(int)
    assert reconstruction_table({"X": X}, {"Y": Y}, folds=folds).attrs["n_copied"] == 8


def test_a_test_atom_far_beyond_all_others_is_refused():
    X, Y = _tall(np.random.default_rng(0))
    X[TEST[0]] *= 1e155
    for metric in (gfre, gfrd):
        with pytest.raises(ValueError, match=r"X: got (a test atom|numbers up to) .*e\+15"):
            metric(X, Y, train=TRAIN, test=TEST)


def test_the_group_that_carries_most_is_named():
    rng = np.random.default_rng(0)
    X, Y = _tall(rng)
    Y[TEST[3]] += 30
    names = np.array([f"s{i}" for i in np.repeat(np.arange(24), 5)])
    options = {"train": TRAIN, "test": TEST}
    errors = pointwise_errors({"X": X}, {"Y": Y}, **options).to_numpy()[0, 0]
    for groups, own, worst in [
        (names, names[TEST] == names[TEST[3]], names[TEST[3]]),
        (None, np.arange(len(TEST)) == 3, TEST[3]),
    ]:
        attrs = reconstruction_table({"X": X}, {"Y": Y}, groups=groups, **options).attrs
        share = (errors[own] ** 2).sum() / (errors**2).sum()
        assert attrs["worst_share"]["X"]["Y"] == pytest.approx(share)
        assert share > 0.9
        assert attrs["worst_group"]["X"]["Y"] == worst


def test_tables_can_be_concatenated():
    X, Y = _tall(np.random.default_rng(0))
    some, other = (
        reconstruction_table({"X": X, "Y": Y}, metric=m, train=TRAIN, test=TEST)
        for m in ("gfre", "gfrd")
    )
    assert pd.concat([some, other]).shape == (4, 2)


def test_unknown_protocol_is_refused():
    with pytest.raises(ValueError, match="got protocol 'skmatter'; expected one of: robust, sci"):
        gfre(np.eye(4), np.eye(4), train=[0, 1, 2], test=[3], protocol="skmatter")


def test_gfrd_gives_the_numbers_of_scikit_matter(pair):
    # scikit-matter fails where the source is the wider one: columns of zeros widen the target.
    X, Y = pair
    padded = np.pad(Y, [(0, 0), (0, max(0, X.shape[1] - Y.shape[1]))])
    expected = reference.pointwise_global_reconstruction_distortion(
        X, padded, train_idx=TRAIN, test_idx=TEST
    )
    options = {"train": TRAIN, "test": TEST, "protocol": "scikit-matter"}
    errors = pointwise_gfrd(X, Y, **options)
    assert_allclose(errors, expected, rtol=1e-6, atol=ROUNDING)
    assert_allclose(gfrd(*pair, **options), np.sqrt(np.mean(expected**2)), rtol=1e-6)


def test_exact_copies_are_sorted_stably(stable_reference):
    # The corners of a cube: mean 0, total variance 1, so that all distances are exact integers.
    rng = np.random.default_rng(3)
    corners = np.stack(np.meshgrid(*[[-0.5, 0.5]] * 4), axis=-1).reshape(16, 4)
    X = np.concatenate([rng.permutation(np.repeat(corners, 5, axis=0)), corners])
    # The same source features, different targets: the order of the copies matters.
    Y = np.tanh(X @ rng.normal(size=(4, 5))) + 0.1 * rng.normal(size=(96, 5))
    train, test = np.arange(80), np.arange(80, 96)
    expected = stable_reference.pointwise_local_reconstruction_error(
        X, Y, 23, train_idx=train, test_idx=test
    )
    options = {"n_neighbors": 23, "protocol": "scikit-matter"}
    errors = pointwise_lfre(X, Y, train=train, test=test, **options)
    assert_allclose(errors, expected, rtol=1e-6)


@pytest.mark.parametrize("metric", ["gfre", "lfre", "gfrd"])
def test_a_table_holds_what_the_pairs_give(metric):
    rng = np.random.default_rng(0)
    (a, b), (c, _) = _tall(rng), _rank_deficient(rng)
    features = {"a": a, "b": b, "c": c}
    k = {"n_neighbors": 17} if metric == "lfre" else {}
    errors = pointwise_errors(features, metric=metric, train=TRAIN, test=TEST, **k)
    assert errors.dims == ("source", "target", "atom")
    assert_allclose(errors.atom, TEST)
    alone = {"gfre": pointwise_gfre, "lfre": pointwise_lfre, "gfrd": pointwise_gfrd}[metric]
    for source, X in features.items():
        for target, Y in features.items():
            expected = alone(X, Y, train=TRAIN, test=TEST, **k)
            cell = errors.sel(source=source, target=target)
            assert_allclose(cell, expected, rtol=1e-9, atol=ROUNDING)
    table = reconstruction_table(features, metric=metric, train=TRAIN, test=TEST, **k)
    assert_allclose(table, np.sqrt((errors**2).mean("atom")), rtol=1e-12)
    assert list(table.index) == list(table.columns) == ["a", "b", "c"]


def test_a_table_may_have_other_targets():
    rng = np.random.default_rng(0)
    (a, b), (c, _) = _tall(rng), _wide(rng)
    table = reconstruction_table({"a": a}, {"b": b, "c": c}, train=TRAIN, test=TEST)
    assert table.shape == (1, 2)
    assert_allclose(table.loc["a", "c"], gfre(a, c, train=TRAIN, test=TEST), rtol=1e-9)


def test_by_default_the_smaller_width_is_the_number_of_neighbors():
    rng = np.random.default_rng(0)
    (a, b), (c, _) = _tall(rng), _rank_deficient(rng)
    features = {"a": a, "b": b, "c": c}
    table = reconstruction_table(features, metric="lfre", train=TRAIN, test=TEST)
    for source, X in features.items():
        for target, Y in features.items():
            k = min(X.shape[1], Y.shape[1])
            expected = lfre(X, Y, train=TRAIN, test=TEST, n_neighbors=k)
            assert_allclose(table.loc[source, target], expected, rtol=1e-9, atol=ROUNDING)


def test_chunks_and_threads_change_nothing(monkeypatch):
    X, Y = _steep_spectrum(np.random.default_rng(1))
    options = {"metric": "lfre", "train": TRAIN, "test": TEST, "n_neighbors": 20}
    expected = pointwise_errors({"X": X, "Y": Y}, **options)
    threads = torch.get_num_threads()
    for n_threads in (1, 3):
        torch.set_num_threads(n_threads)
        for numbers in (1, 7 * 20 * 24, 2**19):
            monkeypatch.setattr(_errors, "BLOCK", {"cpu": numbers})
            errors = pointwise_errors({"X": X, "Y": Y}, **options)
            assert_allclose(errors, expected, rtol=1e-9, atol=ROUNDING)
        assert torch.get_num_threads() == n_threads
    torch.set_num_threads(threads)


# Known answers


def test_a_feature_set_rebuilds_itself(pair):
    for features in pair:
        if features.shape[1] < N_TRAIN:  # else the train atoms do not span the space
            options = {"train": TRAIN, "test": TEST}
            assert gfre(features, features, **options, protocol="scikit-matter") < 1e-6
            # Directions that only rounding, or only the test atoms have, are left out.
            assert gfre(features, features, **options) < 0.05


def test_unrelated_features_are_no_better_than_the_mean():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(4000, 3)), rng.normal(size=(4000, 5))
    error = gfre(X, Y, train=np.arange(3000), test=np.arange(3000, 4000))
    # 1 from the scaling; 3 fitted coefficients add 3 / 3000, 5000 test numbers scatter by 1 %.
    assert error == pytest.approx(1, abs=0.03)


def test_half_of_the_variance_missing_gives_the_square_root_of_a_half():
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(6000, 2))
    error = gfre(Y[:, :1], Y, train=np.arange(4000), test=np.arange(4000, 6000))
    assert error == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_lfre_follows_a_curve_that_gfre_misses():
    t = np.random.default_rng(0).uniform(0, 6, size=(1000, 1))
    Y = np.hstack([np.sin(t), np.cos(t)])
    train, test = np.arange(800), np.arange(800, 1000)
    assert gfre(t, Y, train=train, test=test) > 0.7
    assert lfre(t, Y, train=train, test=test, n_neighbors=8) < 0.01


def test_direction_counts():
    X, Y = _contained(np.random.default_rng(0))
    assert gfre(X, Y, train=TRAIN, test=TEST) < 1e-6
    assert gfre(Y[:, :3], X, train=TRAIN, test=TEST) > 0.5


def test_a_rotation_is_no_distortion_and_a_stretch_is():
    rng = np.random.default_rng(0)
    X = _latent(rng, 5)
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    assert gfrd(X, 7 * X @ rotation, train=TRAIN, test=TEST) < 1e-9
    assert gfrd(X, X * [1, 1, 1, 1, 10], train=TRAIN, test=TEST) > 0.5


@pytest.mark.parametrize(
    ("block", "threads", "at_once"),
    [(320, 1, [10, 10, 10]), (2**19, 2, [15, 15]), (2**19, 4, [8, 8, 8, 6]), (1, 2, [1] * 30)],
)
def test_local_maps_are_fitted_so_many_at_a_time(block, threads, at_once, monkeypatch):
    """As many as the block has room for, 8 neighbors of 4 channels each, or a thread's part."""
    sizes, real = [], _errors._chunk_errors

    def counted(source, targets, atoms, *rest):
        sizes.append(len(atoms))
        return real(source, targets, atoms, *rest)

    monkeypatch.setattr(_errors, "BLOCK", {"cpu": block})
    monkeypatch.setattr(_errors, "_chunk_errors", counted)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    rng = np.random.default_rng(0)
    pointwise_lfre(_latent(rng, 5), _latent(rng, 4), train=TRAIN, test=TEST, n_neighbors=8)
    assert sorted(sizes, reverse=True) == at_once


# Invariances


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(1e-3, 1e3), n_neighbors=st.integers(4, 60))
def test_rotation_shift_and_scale_change_nothing(seed, scale, n_neighbors):
    rng = np.random.default_rng(seed)
    X, Y = _tall(rng)
    turned = scale * X @ np.linalg.qr(rng.normal(size=(9, 9)))[0] + rng.normal(size=9)
    for metric in (gfre, gfrd):
        expected = metric(X, Y, train=TRAIN, test=TEST)
        assert metric(turned, Y, train=TRAIN, test=TEST) == pytest.approx(expected, rel=1e-6)
        assert metric(X, scale * Y + 5, train=TRAIN, test=TEST) == pytest.approx(expected, rel=1e-6)
    options = {"train": TRAIN, "test": TEST, "n_neighbors": n_neighbors}
    assert lfre(turned, Y, **options) == pytest.approx(lfre(X, Y, **options), rel=1e-6)
    assert lfre(X, scale * Y + 5, **options) == pytest.approx(lfre(X, Y, **options), rel=1e-6)


def test_the_order_of_target_columns_and_of_test_atoms_is_free():
    rng = np.random.default_rng(0)
    X, Y = _tall(rng)
    columns, rows = rng.permutation(Y.shape[1]), rng.permutation(N_TEST)
    for function, k in ((pointwise_gfre, {}), (pointwise_lfre, {"n_neighbors": 20})):
        expected = function(X, Y, train=TRAIN, test=TEST, **k)
        errors = function(X, Y[:, columns], train=TRAIN, test=TEST[rows], **k)
        assert_allclose(errors, expected[rows], rtol=1e-9)


def test_single_precision_input_masks_and_lists_are_fine():
    X, Y = _tall(np.random.default_rng(0))
    mask = np.zeros(len(X), dtype=bool)
    mask[TRAIN] = True
    expected = gfre(X.astype("f4").astype("f8"), Y, train=TRAIN, test=TEST)
    assert gfre(X.astype("f4"), Y.tolist(), train=mask, test=~mask) == expected
    assert gfre(torch.as_tensor(X), pd.DataFrame(Y), train=list(TRAIN), test=range(90, 120)) > 0


# Bootstrap


def test_intervals_stand_in_the_attributes_of_the_table():
    rng = np.random.default_rng(0)
    X, Y = _tall(rng)
    structure = np.repeat(np.arange(24), 5)
    options = {"train": TRAIN, "test": TEST, "groups": structure, "n_bootstrap": 300}
    table = reconstruction_table({"X": X, "Y": Y}, **options)
    low, high = table.attrs["low"], table.attrs["high"]
    assert (low.index == table.index).all()
    assert (high.columns == table.columns).all()
    assert ((low <= table + ROUNDING) & (table <= high + ROUNDING)).all(axis=None)
    again = reconstruction_table({"X": X, "Y": Y}, **options)
    assert low.equals(again.attrs["low"])
    other = reconstruction_table({"X": X, "Y": Y}, seed=1, **options)
    assert not low.equals(other.attrs["low"])
    plain = reconstruction_table({"X": X, "Y": Y}, train=TRAIN, test=TEST)
    assert list(plain.attrs) == ["n_broken", "n_copied", "worst_share", "worst_group"]
    assert plain.attrs["n_broken"] == 0
    assert_allclose(plain, table, rtol=1e-12, atol=ROUNDING)


# Bad input


def _ones(n, d=3):
    return np.random.default_rng(0).normal(size=(n, d))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": _ones(119)}, "different numbers of atoms .X: 119, Y: 120., expected the same"),
        ({"X": _ones(120)[:, 0]}, r"X: got shape \(120,\), expected \(n_atoms, n_features\)"),
        ({"X": np.where(np.eye(120, 3), np.nan, 1)}, "X: got NaN or infinity in 3 of 120 rows"),
        ({"Y": np.where(np.eye(120, 3), np.inf, 1)}, "Y: got NaN or infinity .*first: row 0"),
        ({"X": _ones(120).astype(complex)}, "X: got dtype complex128, expected real"),
        ({"X": np.full((120, 3), 0.1)}, "X: got a total standard deviation of .* that vary"),
        ({"X": 1e301 * _ones(120)}, "X: got numbers up to .*e[+]301, expected at most 1e[+]300"),
        ({"X": np.ma.masked_greater(_ones(120), 0)}, "X: got masked numbers, expected none"),
        ({"Y": torch.ones(120, 3).bfloat16()}, "Y: got a Tensor of torch.bfloat16 that is no arr"),
        ({"X": torch.ones(120, 3, requires_grad=True)}, "X: got a Tensor of torch.float32"),
        ({"X": [[1.0], [1.0, 2.0]]}, "X: got a list of mixed types or lengths"),
        ({"X": _ones(120).astype(str)}, "X: got dtype <U32, expected real"),
        ({"test": np.arange(91, 121)}, "test: got indices from 91 to 120, expected 0 to 119"),
        ({"train": np.arange(95)}, r"got 5 atoms in both \(first: 90\), expected none"),
        ({"train": [0, 1, 1]}, "train: got repeated indices"),
        ({"train": [0]}, r"train: got shape \(1,\), expected a list of at least 2 atoms"),
        ({"test": []}, "test: got shape .* at least 1"),
        ({"test": [120]}, "test: got indices from 120 to 120, expected 0 to 119"),
        ({"test": [-1]}, "test: got indices from -1"),
        ({"test": [0.5]}, "test: got dtype float64, expected integer"),
        ({"test": np.ones(3, dtype=bool)}, r"test: got a mask of shape \(3,\), expected \(120,\)"),
        ({"device": "tpu"}, "got device 'tpu'; expected one of: auto, cpu, cuda, cuda:N, mps"),
        ({"device": "cuda:99"}, "got device 'cuda:99', but torch"),
    ],
)
def test_bad_input_is_refused(change, message):
    call = {"X": _ones(120), "Y": _ones(120), "train": TRAIN, "test": TEST} | change
    X, Y = call.pop("X"), call.pop("Y")
    for metric in (gfre, gfrd):
        with pytest.raises(ValueError, match=message):
            metric(X, Y, **call)
    with pytest.raises(ValueError, match=message):
        lfre(X, Y, n_neighbors=8, **call)


@pytest.mark.parametrize(
    ("k", "message"),
    [
        (1, r"n_neighbors: got 1, expected 2 to 90 \(the number of train atoms\)"),
        (91, "n_neighbors: got 91, expected 2 to 90"),
        (2.5, "n_neighbors: got 2.5, expected an integer"),
        (True, "n_neighbors: got True, expected an integer"),
    ],
)
def test_bad_numbers_of_neighbors_are_refused(k, message):
    X, Y = _tall(np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        lfre(X, Y, train=TRAIN, test=TEST, n_neighbors=k)


def test_a_number_of_neighbors_may_be_one_of_numpy():
    X, Y = _tall(np.random.default_rng(0))
    two, same = (lfre(X, Y, train=TRAIN, test=TEST, n_neighbors=n) for n in (2, np.int64(2)))
    assert two == same


def test_bad_options_of_tables_are_refused_before_work_starts(monkeypatch):
    def work(*_):
        raise AssertionError("work has started")

    for solve in ("_global", "_local"):
        monkeypatch.setattr(pointwise, solve, work)
    X, Y = _tall(np.random.default_rng(0))
    split = {"train": TRAIN, "test": TEST}
    for options, message in [
        ({"metric": "cka"}, "got metric 'cka'; expected one of: gfre, lfre, gfrd"),
        ({"n_neighbors": 3}, "n_neighbors: got 3 with metric 'gfre', expected it with 'lfre' only"),
        ({"groups": [1, 2]}, r"groups: got shape \(2,\), expected \(120,\)"),
        ({"n_bootstrap": -1}, "n_bootstrap: got -1, expected 0 or more"),
    ]:
        with pytest.raises(ValueError, match=message):
            reconstruction_table({"X": X, "Y": Y}, **split, **options)
    with pytest.raises(ValueError, match=r"smaller width of a pair.: got 1, expected 2"):
        reconstruction_table({"X": X[:, :1]}, metric="lfre", **split)
    with pytest.raises(ValueError, match="features: got none"):
        reconstruction_table({}, **split)


def _of_structures(sha256, width=3):
    return xr.DataArray(
        np.random.default_rng(width).normal(size=(120, width)).astype(np.float32),
        dims=("atom", "channel"),
        attrs={"structures_sha256": sha256} if sha256 else {},
    )


def test_features_of_other_structures_are_refused():
    X, Y, unknown = (_of_structures(sha) for sha in ("a" * 64, "b" * 64, ""))
    split = {"train": TRAIN, "test": TEST}
    near = {"n_neighbors": 8}
    message = (
        r"Y: got features of other structures than X \(structures_sha256 b{12} and a{12}\), "
        "expected the same atoms"
    )
    for metric, options in [
        (gfre, {}),
        (gfrd, {}),
        (lfre, near),
        (pointwise_gfre, {}),
        (pointwise_gfrd, {}),
        (pointwise_lfre, near),
    ]:
        with pytest.raises(ValueError, match=message):
            metric(X, Y, **split, **options)
        assert np.all(metric(X, unknown, **split, **options) >= 0)
        assert np.all(metric(X, _of_structures("a" * 64, 4), **split, **options) >= 0)
    with pytest.raises(ValueError, match=message):
        reconstruction_table({"X": X, "plain": Y.to_numpy(), "Y": Y}, **split)
    with pytest.raises(ValueError, match="X: got features of other structures than X"):
        pointwise_errors({"X": X}, {"X": Y}, **split)


def test_sources_and_targets_of_one_name_have_as_many_atoms():
    with pytest.raises(ValueError, match=r"numbers of atoms .a: 120, a: 121., expected the same"):
        reconstruction_table({"a": _ones(120)}, {"a": _ones(121)}, train=TRAIN, test=TEST)


def test_at_most_a_quarter_of_train_is_near():
    assert [neighborhood_size(n, 64) for n in (8000, 256, 255, 9, 3)] == [64, 64, 63, 2, 2]
    assert neighborhood_size(8000, 1) == 1  # for `lfre` to refuse
