"""The scaling against scikit-matter's scaler, and the devices."""

import numpy as np
import pytest
import torch
from ase.build import bulk
from skmatter.preprocessing import StandardFlexibleScaler

import lumlip
from lumlip.metrics._device import map_in_threads, resolve_device
from lumlip.metrics._scaling import scale

CPU = torch.device("cpu")


def test_scaling_is_that_of_scikit_matter():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4)) * [1, 10, 0.1, 0] + [3, -1, 1e3, 7]
    train, test = np.arange(5, 25), np.array([0, 27, 3])
    scaled = scale(X, train, test, "X", CPU)
    scaler = StandardFlexibleScaler(column_wise=False).fit(X[train])
    np.testing.assert_allclose(scaled.train, scaler.transform(X[train]), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaled.test, scaler.transform(X[test]), rtol=1e-9, atol=1e-12)
    assert scaled.train.square().sum(dim=1).mean().item() == pytest.approx(1)
    assert scaled.width == 4


def test_tiny_features_are_as_good_as_others():
    X = np.random.default_rng(0).normal(size=(20, 3))
    train, test = np.arange(15), np.arange(15, 20)
    expected = scale(X, train, test, "X", CPU).test
    torch.testing.assert_close(scale(1e-60 * X, train, test, "X", CPU).test, expected)


@pytest.mark.parametrize("offset", [0.0, 0.1, 1e6])
def test_constant_features_are_refused(offset):
    X = np.full((20, 3), offset)
    X[15:] = 5  # the test atoms differ
    with pytest.raises(ValueError, match=r"standard deviation of .* over the 15 train atoms"):
        scale(X, np.arange(15), np.arange(15, 20), "X", CPU)


def _spread(relative, dtype, *, n=64, width=20):
    """Features of many magnitudes that differ from atom to atom by a share of their own size."""
    rng = np.random.default_rng(0)
    mean = np.geomspace(1e-3, 10, width) * rng.choice([-1, 1], width)
    X = mean * (1 + relative * rng.normal(size=(n, width)))
    return X.astype(dtype).astype(np.float64)


@pytest.mark.parametrize(
    ("relative", "dtype"), [(0, "f4"), (1e-7, "f4"), (6e-7, "f4"), (0, "f8"), (1e-16, "f8")]
)
def test_rounding_is_no_variation(relative, dtype):
    X = _spread(relative, dtype)
    with pytest.raises(ValueError, match=r"X: got a total standard .* vary beyond rounding"):
        scale(X, np.arange(50), np.arange(50, 64), "X", CPU)


@pytest.mark.parametrize(("relative", "dtype"), [(1e-5, "f4"), (1e-12, "f8")])
def test_small_variation_is_no_rounding(relative, dtype):
    X = _spread(relative, dtype)
    scaled = scale(X, np.arange(50), np.arange(50, 64), "X", CPU)
    assert scaled.train.square().sum(dim=1).mean().item() == pytest.approx(1)


def test_a_large_column_that_does_not_vary_hides_no_other():
    X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32).astype(float)
    X[:, 0] = 1e9
    assert scale(X, np.arange(15), np.arange(15, 20), "X", CPU).width == 3


def test_equivalent_atoms_of_a_real_model_do_not_vary():
    crystal = [bulk("Si", cubic=True) * (2, 1, 1)] * 3
    X = lumlip.features("chgnet-0.3.0", crystal, device="cpu")["backbone"].to_numpy()
    assert X.std(axis=0).max() > 0  # rounding differs from atom to atom
    with pytest.raises(ValueError, match="vary beyond rounding"):
        lumlip.gfre(X, X, train=range(32), test=range(32, 48), device="cpu")


def test_devices():
    assert resolve_device("cpu") == CPU
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == expected
    for name in ("gpu", "cuda:x", "cpu:", ""):
        with pytest.raises(ValueError, match=f"got device '{name}'; expected"):
            resolve_device(name)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_work_in_threads_keeps_its_order_and_the_setting(n_threads):
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    seen = map_in_threads(lambda i: (i, torch.get_num_threads()), list(range(20)), CPU)
    assert seen == [(i, 1) for i in range(20)]
    alone = map_in_threads(lambda i: torch.get_num_threads(), [0], CPU, large=True)
    assert alone == [n_threads]
    with pytest.raises(ZeroDivisionError):
        map_in_threads(lambda i: 1 // i, [1, 0], CPU)
    assert torch.get_num_threads() == n_threads
    torch.set_num_threads(before)
