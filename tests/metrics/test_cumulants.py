"""Cumulants against their definition, known distributions and the laws that they obey."""

from math import factorial

import numpy as np
import pytest
import scipy.stats
import sympy
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lumlip.metrics.cumulants import CentralMoments, cumulant_features, kappas_of

ONE = np.zeros(1, dtype=int)


def _raw(sample, order=8):
    """kappa_1 to kappa_order of one structure with one feature, the roots undone."""
    sample = np.asarray(sample, dtype=float)[:, None]
    roots = cumulant_features(sample, np.zeros(len(sample), dtype=int), order=order)[0]
    return np.sign(roots) * np.abs(roots) ** np.arange(1, order + 1)


def _from_definition(order):
    """kappa_n of central moments m_n: the Taylor coefficients of log E[exp(t (x - mean))]."""
    t = sympy.Symbol("t")
    m = [sympy.Integer(1), sympy.Integer(0), *sympy.symbols(f"m2:{order + 1}")]
    generating = sum(m[n] * t**n / factorial(n) for n in range(1, order + 1))
    log = sum((-1) ** (j + 1) * generating**j / sympy.Integer(j) for j in range(1, order // 2 + 1))
    coefficients = sympy.Poly(sympy.expand(log), t)
    return m, [coefficients.coeff_monomial(t**n) * factorial(n) for n in range(2, order + 1)]


def test_as_the_logarithm_of_the_moment_generating_function():
    sample = np.random.default_rng(0).gamma(2.0, size=37)
    moments, cumulants = _from_definition(8)
    values = {
        moments[n]: scipy.stats.moment(sample, order=n, center=sample.mean()) for n in range(2, 9)
    }
    expected = [float(kappa.subs(values)) for kappa in cumulants]
    assert_allclose(_raw(sample)[1:], expected, rtol=1e-9)
    # The published formula has 420 and 560 interchanged; these are the definition's.
    m2, m3, m4 = moments[2:5]
    assert cumulants[-1].expand().coeff(m4).coeff(m2, 2) == 420
    assert cumulants[-1].expand().coeff(m3, 2).coeff(m2) == 560


def test_a_discrete_distribution_has_its_exact_cumulants():
    # Bernoulli(1/4), from d/dp recursion kappa_{n+1} = p (1 - p) dkappa_n / dp.
    p = sympy.Symbol("p")
    kappa, expected = p, []
    for _ in range(8):
        expected.append(float(kappa.subs(p, sympy.Rational(1, 4))))
        kappa = sympy.expand(p * (1 - p) * sympy.diff(kappa, p))
    assert_allclose(_raw([0, 0, 0, 1]), expected, rtol=1e-10)


def test_central_moments_of_a_gaussian_and_an_exponential():
    # Through the function under the features: exact moments, no sampling.
    gaussian = [1, 0, 1, 0, 3, 0, 15, 0, 105]  # (n - 1)!! for even n
    exponential = [1, 0, 1, 2, 9, 44, 265, 1854, 14833]  # subfactorials: E[(x - 1)^n]
    as_arrays = [[np.array([[float(m)]]) for m in ms] for ms in (gaussian, exponential)]
    kappas = [[float(k[0, 0]) for k in kappas_of(ms, ms)] for ms in as_arrays]
    assert kappas[0] == [1, 0, 0, 0, 0, 0, 0]
    assert kappas[1] == [factorial(n - 1) for n in range(2, 9)]  # kappa_8 = 5040


def test_cumulants_of_independent_sums_add_up():
    a, b = np.array([0.0, 1.0, 4.0]), np.array([-2.0, 0.5, 0.7, 3.0])
    sums = (a[:, None] + b[None]).ravel()  # every pair once: independent
    assert_allclose(_raw(sums), _raw(a) + _raw(b), rtol=1e-9)


def test_mean_and_central_moments_are_those_of_scipy():
    rng = np.random.default_rng(0)
    X, structure = rng.normal(size=(50, 3)), np.repeat(np.arange(5), 10)
    features = cumulant_features(X, structure, order=3)
    for s in range(5):
        rows = X[structure == s]
        assert_allclose(features[s, :3], rows.mean(axis=0))
        assert_allclose(features[s, 3:6] ** 2, scipy.stats.moment(rows, order=2))
        assert_allclose(features[s, 6:9] ** 3, scipy.stats.moment(rows, order=3))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    order=st.integers(1, 8),
    shift=st.floats(-10, 10),
    scale=st.floats(1e-40, 1e40) | st.floats(-1e40, -1e-40),
)
def test_shift_scale_and_order_of_atoms(seed, order, shift, scale):
    rng = np.random.default_rng(seed)
    structure = np.sort(np.concatenate([np.arange(4), rng.integers(0, 4, size=20)]))
    # Skewed, so that no cumulant is near 0.
    X = rng.gamma(0.5, size=(24, 2)) ** 2
    features = cumulant_features(X, structure, order=order)
    assert features.shape == (4, 2 * order)
    atoms = rng.permutation(24)
    permuted = cumulant_features(X[atoms], structure[atoms], order=order)
    size = np.tile(np.abs(features).reshape(4, order, 2).max(axis=1), order)
    # A k-th root turns a relative error of 1e-14 near 0 into (1e-14)^(1/8) = 0.02 of the spread.
    assert_allclose(permuted, features, atol=0.05 * size.max(), rtol=1e-6)
    moved = cumulant_features(X + shift, structure, order=1)
    assert_allclose(moved, features[:, :2] + shift, rtol=1e-9, atol=1e-9)
    # kappa_k(c x) = c^k kappa_k(x): its root takes the sign of c for odd k only.
    signs = np.repeat([np.sign(scale) ** k for k in range(1, order + 1)], 2)
    scaled = cumulant_features(scale * X, structure, order=order)
    assert_allclose(scaled / abs(scale), signs * features, atol=0.05 * size.max(), rtol=1e-6)


def test_shifts_leave_higher_orders_alone():
    X = np.random.default_rng(0).gamma(1.0, size=(30, 4))
    structure = np.repeat([0, 1, 2], 10)
    features = cumulant_features(X, structure, order=8)
    moved = cumulant_features(X + 100, structure, order=8)
    assert_allclose(moved[:, 4:], features[:, 4:], rtol=1e-9)


def test_what_rounding_leaves_is_nothing():
    # Symmetric values have no odd cumulants; equal values none at all beyond the mean.
    symmetric = _raw([-0.3, -0.1, 0.1, 0.3, 0.7, -0.7])
    assert not symmetric[2::2].any()
    assert symmetric[1] > 0.1
    equal = cumulant_features(np.full((7, 2), 0.1), np.zeros(7, dtype=int), order=8)
    assert_allclose(equal[:, :2], 0.1)
    assert not equal[:, 2:].any()
    single = cumulant_features([[2.0, -3.0]], ONE, order=4)
    assert_allclose(single, [[2, -3, 0, 0, 0, 0, 0, 0]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("ratio", 10.0 ** np.arange(9))
def test_two_atoms_have_no_odd_cumulants_whatever_the_mean(dtype, ratio):
    # kappa_2, 4, 6 and 8 of +-1: the Taylor coefficients of log cosh t, times n!.
    even = {2: 1.0, 4: -2.0, 6: 16.0, 8: -272.0}
    rng = np.random.default_rng(0)
    deviations = rng.normal(size=(1, 300)) * [[1], [-1]] * rng.uniform(0.5, 2, size=(2, 300))
    X = (rng.normal(size=300) * (ratio + deviations)).astype(dtype)
    exact = X.astype(np.longdouble)
    spread = (np.abs(exact[1] - exact[0]) / 2).astype(float)
    features = cumulant_features(X, np.zeros(2, dtype=int), order=8).reshape(8, 300)
    assert_allclose(features[0], exact.mean(axis=0).astype(float), rtol=1e-15)
    for k in range(2, 9):
        root = np.sign(even.get(k, 0)) * abs(even.get(k, 0)) ** (1 / k)
        assert_allclose(features[k - 1], root * spread, rtol=1e-12, atol=0)


@pytest.mark.parametrize("ratio", 10.0 ** np.arange(9))
def test_symmetric_numbers_far_from_zero_have_no_odd_cumulants(ratio):
    # Symmetric but for the last digit that the numbers can hold.
    deviations = np.array([-2.0, -0.7, 0.7, 2.0, 1.3, -1.3])[:, None]
    X = ratio * np.pi + deviations * np.random.default_rng(0).uniform(0.5, 1, size=300)
    features = cumulant_features(X, np.zeros(6, dtype=int), order=8).reshape(8, 300)
    assert not features[2::2].any()
    assert (np.abs(features[1::2]) > 0.1).all()


@pytest.mark.parametrize("shift", np.random.default_rng(0).normal(size=20))
def test_a_fourth_cumulant_that_its_terms_cancel_in_is_none(shift):
    """Of -1, 0, 0, 0, 0, 1: m_2 = m_4 = 1/3, so that m_4 - 3 m_2^2 = 0, whatever rounding says."""
    atoms = shift + np.array([-1.0, 0, 0, 0, 0, 1])[:, None]
    assert cumulant_features(atoms, np.zeros(6, int), order=4)[0, 3] == 0


def test_an_atom_at_the_mean_hides_no_spread():
    """Of -1, 0 and 1: m_2 = m_4 = 2/3, so that kappa_4 = 2/3 - 3 (2/3)^2 = -2/3."""
    features = cumulant_features([[-1.0], [0.0], [1.0]], np.zeros(3, int), order=4)
    assert_allclose(features, [[0, (2 / 3) ** (1 / 2), 0, -((2 / 3) ** (1 / 4))]], rtol=1e-14)


def test_a_small_skew_far_from_zero_is_kept():
    # Of +-1 and a third number at x: m_3 = 2 x (x^2 - 9) / 27, none of it rounding.
    X = 1e3 + np.array([[-1.0], [1.0], [2.0**-12]])
    skew = cumulant_features(X, np.zeros(3, dtype=int), order=3)[0, 2] ** 3
    assert skew == pytest.approx(2 * 2.0**-12 * (2.0**-24 - 9) / 27, rel=1e-6)


def test_higher_orders_contain_the_lower():
    X = np.random.default_rng(0).normal(size=(20, 3))
    structure = np.repeat([0, 1], 10)
    eight = cumulant_features(X, structure, order=8)
    for order in range(1, 8):
        lower = cumulant_features(X, structure, order=order)
        np.testing.assert_array_equal(eight[:, : 3 * order], lower)


def test_a_weight_of_two_is_a_second_copy():
    rng = np.random.default_rng(0)
    X, structure, copies = rng.gamma(1.0, size=(20, 3)), np.arange(20) % 3, rng.integers(1, 4, 20)
    expected = cumulant_features(np.repeat(X, copies, 0), np.repeat(structure, copies), order=6)
    for unit in (1, 0.01):  # only ratios count
        found = cumulant_features(X, structure, order=6, weights=unit * copies)
        assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("weights", [[1, 1], [1, 0, 1], [1, np.nan, 1]])
def test_weights_are_one_positive_number_per_atom(weights):
    with pytest.raises(ValueError, match="finite numbers above 0, one for each of the 3 atoms"):
        cumulant_features([[1.0], [2.0], [3.0]], [0, 0, 1], order=2, weights=weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": 0}, "order: got 0, expected 1 to 8"),
        ({"order": 9}, "order: got 9"),
        ({"order": 2.5}, "order: got 2.5"),
        ({"order": True}, "order: got True"),
        (
            {"structure": [0, 0]},
            r"structure: got shape \(2,\) .* expected \(3,\) of int",
        ),
        ({"structure": [0.0, 0.0, 1.0]}, "structure: got .* of float64"),
        ({"structure": [0, 0, 2]}, "got 2 different indices from 0 to 2, expected 0 to n_struc"),
        ({"structure": [1, 1, 2]}, "got 2 different indices from 1 to 2"),
        ({"X": [[np.nan], [0], [1]]}, "X: got NaN or infinity in 1 of 3 rows"),
    ],
)
def test_bad_input_is_refused(change, message):
    call = {"X": [[1.0], [2.0], [3.0]], "structure": [0, 0, 1], "order": 2} | change
    with pytest.raises(ValueError, match=message):
        cumulant_features(call["X"], call["structure"], order=call["order"])


@pytest.mark.parametrize("size", [1e-308, 1e300, 1e308])
def test_only_ratios_of_weights_count(size):
    X = np.array([[1.0], [3.0], [8.0], [5.0]])
    plain, large = (
        cumulant_features(X, [0, 0, 0, 1], order=3, weights=scale * np.array([1.0, 0.5, 0.25, 1.0]))
        for scale in (1.0, size)
    )
    np.testing.assert_allclose(large, plain, rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 8])
def test_moments_of_parts_merge_to_those_of_all_atoms(order):
    rng = np.random.default_rng(0)
    X = np.hstack([rng.exponential(size=(500, 3)) * [1, -1e-3, 1e3] + 5, np.full((500, 1), 0.1)])
    parts = [CentralMoments.of(part, order=order) for part in np.split(X, [1, 7, 300])]
    expected = cumulant_features(X, np.zeros(500, dtype=int), order=order)
    for some in (sum(parts[1:], parts[0]), parts[3] + (parts[1] + (parts[0] + parts[2]))):
        assert_allclose(some.features(order), expected, rtol=1e-9)


def test_moments_have_no_more_orders_than_were_summed():
    with pytest.raises(ValueError, match="order: got 3, expected 1 to 2"):
        CentralMoments.of([[1.0], [2.0]], order=2).features(3)


@pytest.mark.parametrize("other", [(np.eye(3)[:, :1], 8), (np.eye(3), 2)])
def test_moments_of_other_features_or_powers_are_not_merged(other):
    """One column would be spread over all."""
    with pytest.raises(ValueError, match=r"got sums .* \(9, 3\) and .*, expected as many of both"):
        CentralMoments.of(np.eye(3)) + CentralMoments.of(other[0], order=other[1])


def test_moments_that_overflow_are_refused():
    """Else their cumulants would be 0."""
    with pytest.raises(ValueError, match="the powers of which overflow"):
        CentralMoments.of([[1e60], [3e60], [9e60]])


def test_structures_of_other_atoms_are_refused():
    rows = [np.repeat([0, 1], n) for n in ((3, 5), (5, 3))]
    X, other = (
        xr.DataArray(np.eye(8), coords={"structure": ("atom", r)}, dims=("atom", "c")) for r in rows
    )
    assert cumulant_features(X, X["structure"], order=1).shape == (2, 8)
    with pytest.raises(ValueError, match="structure: got rows of another structure than X"):
        cumulant_features(X, other["structure"], order=1)
