"""What holds of every measure of similarity, and what all refuse."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from lumlip import similarity

PAIRWISE = {
    "cka": similarity.cka,
    "cka_biased": lambda X, Y: similarity.cka(X, Y, debiased=False),
    "cka_rbf": lambda X, Y: similarity.cka(X, Y, kernel="rbf"),
    "anchored_cosine": lambda X, Y: similarity.anchored_cosine(X, Y, n_anchors=len(X)),
    "cknna": similarity.cknna,
    "mutual_knn": similarity.mutual_knn,
    "procrustes_similarity": similarity.procrustes_similarity,
    "svcca": similarity.svcca,
    "pwcca": similarity.pwcca,
    "rsa": similarity.rsa,
    "distance_correlation": similarity.distance_correlation,
    "distance_correlation_biased": lambda X, Y: similarity.distance_correlation(
        X, Y, bias_corrected=False
    ),
}


@pytest.fixture(params=PAIRWISE, ids=str)
def measure(request):
    return PAIRWISE[request.param]


def test_one_for_itself_and_the_samples_may_come_in_any_order(measure, rng):
    X, Y = rng.normal(size=(60, 4)), rng.normal(size=(60, 3))
    order = rng.permutation(60)
    assert measure(X, X) == pytest.approx(1.0, abs=1e-9)
    assert measure(X[order], Y[order]) == pytest.approx(measure(X, Y), abs=1e-9)


@pytest.mark.parametrize(
    "name", ["cka", "cka_rbf", "cknna", "rsa", "distance_correlation", "mutual_knn"]
)
def test_little_for_features_that_have_nothing_in_common(name, rng):
    # Estimators without bias, and k / (n - 1) shared by chance: their definitions. The masks of
    # CKNNA are not independent of its kernels, so that a trace of the shared ones is left.
    expected = {"mutual_knn": 10 / 299, "cknna": 10 / 299}.get(name, 0.0)
    found = [PAIRWISE[name](rng.normal(size=(300, 5)), rng.normal(size=(300, 7))) for _ in range(5)]
    assert np.mean(found) == pytest.approx(expected, abs=0.02)


def _far(n):
    """Factors that put the last row very far away."""
    return np.where(np.arange(n) < n - 1, 1.0, 1e155)[:, None]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X: similarity.cka(X, X[:-1]), "got 20 and 19 samples"),
        (lambda X: similarity.cka(X[:, 0], X), r"X: got shape \(20,\)"),
        (lambda X: similarity.rsa(X * np.nan, X), "NaN or inf"),
        (lambda X: similarity.cka(X, X, kernel="cosine"), "expected one of: linear, rbf"),
        (lambda X: similarity.cka(X[:3], X[:3]), "got 3 samples, expected 4 or more"),
        (lambda X: similarity.cka(np.ones((20, 2)), X), "same for all samples"),
        # Of equal samples the order of the neighbors is that of the rows, in both sets: agreement.
        (lambda X: similarity.mutual_knn(np.ones((20, 2)), X), "same for all samples"),
        (lambda X: similarity.information_imbalance(X, np.ones((20, 2))), "same for all samples"),
        (lambda X: similarity.mutual_knn(X, X, k=20), "k: got 20, expected 1 to 19"),
        (lambda X: similarity.svcca(X, X, variance=0), "variance: got 0"),
        (
            lambda X: similarity.svcca(X, X, variance="all"),
            "variance: got 'all', expected a number",
        ),
        (lambda X: similarity.two_nn(X, discard=None), "discard: got None, expected a number"),
        (lambda X: similarity.two_nn(np.vstack([X, X[:1]])), "2 samples that are copies"),
        (lambda X: similarity.two_nn(X, discard=1), "discard: got 1"),
        (lambda X: similarity.anchored_cosine(X, X, n_anchors=0), "n_anchors: got 0"),
        (lambda X: similarity.mle_dimension(X, k=1), "k: got 1, expected 2"),
        (lambda X: similarity.mutual_knn(X, X, k=2.5), "k: got 2.5, expected an integer"),
        (lambda X: similarity.mutual_knn(X * _far(20), X), "X: got numbers up to .* in row 19"),
    ],
)
def test_bad_input_is_named(call, message, rng):
    with pytest.raises(ValueError, match=message):
        call(rng.normal(size=(20, 3)))


def test_features_of_other_structures_are_refused(measure, rng):
    X, Y = (
        xr.DataArray(rng.normal(size=(60, 3)), attrs={"structures_sha256": sha * 64})
        for sha in "ab"
    )
    with pytest.raises(ValueError, match="Y: got features of other structures than X"):
        measure(X, Y)
    assert measure(X, X) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("name", ["cka", "procrustes_similarity", "svcca", "rsa"])
def test_rounding_is_no_variation(name, rng):
    Y = rng.normal(size=(60, 3))
    rounded = (0.1 * (1 + 1e-7 * Y)).astype(np.float32)
    with pytest.raises(ValueError, match="the same for all samples"):
        PAIRWISE[name](rounded, Y)
    assert PAIRWISE[name](1e-20 * Y, Y) == pytest.approx(1.0)


@pytest.mark.parametrize("unit", [1e-7, 1e7])
@pytest.mark.parametrize("name", ["distance_correlation", "rsa"])
def test_whether_distances_differ_has_no_unit(name, unit, rng):
    X, corners = rng.normal(size=(9, 3)), np.eye(9) + 1e-14 * rng.normal(size=(9, 9))
    assert PAIRWISE[name](unit * X, X) == pytest.approx(1)
    with pytest.raises(ValueError, match="equally far apart"):
        PAIRWISE[name](unit * corners, X)


def test_fewest_samples(rng):
    X = rng.normal(size=(4, 3))
    assert similarity.distance_correlation(X, X) == pytest.approx(1)
    assert similarity.rsa(X[:3], X[:3]) == pytest.approx(1)
    with pytest.raises(ValueError, match="got 3 samples, expected 4 or more"):
        similarity.distance_correlation(X[:3], X[:3])


@pytest.mark.parametrize("name", ["cka", "distance_correlation", "rsa", "two_nn", "mle_dimension"])
def test_samples_that_are_all_equally_far_apart_are_refused(name):
    measure, corners = getattr(similarity, name), np.eye(9)
    options = {"k": 4} if name == "mle_dimension" else {}
    arrays = [corners] * (1 if name in ("two_nn", "mle_dimension") else 2)
    with pytest.raises(ValueError, match="equally far apart"):
        measure(*arrays, **options)


def test_more_anchors_than_samples_are_all_samples(rng):
    X, Y = rng.normal(size=(2, 20, 3))
    all_of_them = similarity.anchored_cosine(X, Y, n_anchors=20)
    assert similarity.anchored_cosine(X, Y, n_anchors=10**12) == all_of_them  # 8 TB of anchors


NEEDS_NUMPY_AND_SCIPY = """
import sys
import numpy as np
from lumlip import similarity

X = np.random.default_rng(0).normal(size=(60, 3))
for name in similarity.__all__:
    measure = getattr(similarity, name)
    measure(X) if name in ("two_nn", "mle_dimension") else measure(X, X**3)
heavy = {"torch", "pandas", "xarray", "sklearn", "matplotlib", "ase"}
print(sorted(heavy & set(sys.modules)))
"""


def test_similarity_needs_numpy_and_scipy_alone():
    done = subprocess.run(
        [sys.executable, "-c", NEEDS_NUMPY_AND_SCIPY], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_splits_and_cumulants_need_numpy_alone():
    code = "import sys, lumlip.metrics.splits, lumlip.metrics.cumulants; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "xarray"} & set(done.stdout.split())
