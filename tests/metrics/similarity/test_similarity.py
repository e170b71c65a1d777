"""Known answers of every measure of similarity, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.spatial
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


@pytest.fixture
def rng():
    return np.random.default_rng(3)


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


def test_biased_cka_grows_with_the_width_and_debiased_does_not(rng):
    narrow, wide = (
        [similarity.cka(rng.normal(size=(50, d)), rng.normal(size=(50, d)), debiased=debiased)]
        for d, debiased in ((200, True), (200, False))
    )
    # of n samples and many columns, biased CKA is near 1 for noise (Murphy et al. 2024)
    assert abs(narrow[0]) < 0.1
    assert wide[0] > 0.7


def test_linear_cka_is_its_formula_in_features(rng):
    X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 5))
    x, y = X - X.mean(0), Y - Y.mean(0)
    formula = np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    assert similarity.cka(X, Y, debiased=False) == pytest.approx(formula, rel=1e-12)


def test_unbiased_hsic_is_its_sum_over_quadruples(rng):
    # The definition (Song 2012, eq. 4): mean over distinct i, j, q, r of h, on 6 samples.
    from itertools import permutations

    from lumlip.metrics.similarity.kernels import unbiased_hsic

    K, L = (Z @ Z.T for Z in (rng.normal(size=(6, 2)), rng.normal(size=(6, 2))))
    terms = [
        K[i, j] * (L[i, j] + L[q, r] - 2 * L[i, q]) for i, j, q, r in permutations(range(6), 4)
    ]
    assert unbiased_hsic(K, L) == pytest.approx(np.mean(terms), rel=1e-9)


def test_cknna_of_all_neighbors_is_debiased_cka_of_unit_rows(rng):
    X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 3))
    # rows are centered, then brought to unit length; CKA centers once more, which its own
    # estimator does with kernel matrices anyway
    from lumlip.metrics.similarity.kernels import aligned
    from lumlip.metrics.similarity.neighborhoods import cosines

    expected = aligned(cosines(X), cosines(Y), debiased=True)
    assert similarity.cknna(X, Y, k=29) == pytest.approx(expected, rel=1e-9)


def test_procrustes_agrees_with_scipy(rng):
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(30, 4))
    squared = scipy.spatial.procrustes(X, Y)[2]
    assert similarity.procrustes_similarity(X, Y) ** 2 == pytest.approx(1 - squared, abs=1e-12)


def test_shape_distance_keeps_the_triangle_inequality(rng):
    clouds = [rng.normal(size=(20, d)) for d in (2, 3, 4, 5)]
    distance = np.array([[similarity.shape_distance(a, b) for b in clouds] for a in clouds])
    through = (distance[:, :, None] + distance[None, :, :]).min(axis=1)
    assert (distance <= through + 1e-6).all()


def test_canonical_correlations_of_known_mixtures(rng):
    # One shared direction with correlation 0.6 by construction, one that has nothing in common.
    basis = np.linalg.qr(rng.normal(size=(200, 4)) - 0.0)[0]
    basis = np.linalg.qr(basis - basis.mean(0))[0]
    X = basis[:, :2]
    Y = np.column_stack([0.6 * basis[:, 0] + 0.8 * basis[:, 2], basis[:, 3]])
    assert similarity.svcca(X, Y, variance=1.0) == pytest.approx(0.3, abs=1e-9)
    assert similarity.pwcca(X * [9.0, 1e-9], Y) == pytest.approx(0.6, abs=1e-6)


def test_cosines_to_anchors_take_a_common_offset_for_agreement(rng):
    X, Y = rng.normal(size=(200, 5)), rng.normal(size=(200, 5))  # nothing in common
    assert abs(similarity.anchored_cosine(X, Y)) < 0.1
    assert similarity.anchored_cosine(X + 5, Y + 5) > 0.95


def test_information_imbalance_of_a_plane_and_a_line(rng):
    plane = rng.uniform(size=(400, 2))
    there, back = similarity.information_imbalance(plane, plane[:, :1])
    assert there < 0.1
    assert back > 0.2
    # nothing in common: ranks 1 to n - 1 at random have the mean n / 2 and so D = 1
    noise = similarity.information_imbalance(plane, rng.uniform(size=(400, 2)))
    assert noise == pytest.approx((1.0, 1.0), abs=0.12)
    assert similarity.information_imbalance(plane, plane) == (2 / 400, 2 / 400)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_dimension_of_a_cube_in_more_directions(dimension, rng):
    cube = (
        rng.uniform(size=(3000, dimension)) @ np.linalg.qr(rng.normal(size=(9, 9)))[0][:dimension]
    )
    assert similarity.two_nn(cube) == pytest.approx(dimension, rel=0.1)
    assert similarity.mle_dimension(cube, k=10) == pytest.approx(dimension, rel=0.15)


def test_dimension_does_not_notice_rotation_and_scale(rng):
    X = rng.normal(size=(200, 4))
    turned = 3 * X @ np.linalg.qr(rng.normal(size=(4, 4)))[0] - 1
    assert similarity.two_nn(turned) == pytest.approx(similarity.two_nn(X), rel=1e-9)
    assert similarity.mle_dimension(turned) == pytest.approx(similarity.mle_dimension(X), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X: similarity.cka(X, X[:-1]), "got 20 and 19 samples"),
        (lambda X: similarity.cka(X[:, 0], X), r"X: got shape \(20,\)"),
        (lambda X: similarity.rsa(X * np.nan, X), "NaN or inf"),
        (lambda X: similarity.cka(X, X, kernel="cosine"), "expected one of: linear, rbf"),
        (lambda X: similarity.cka(X[:3], X[:3]), "got 3 samples, expected 4 or more"),
        (lambda X: similarity.cka(np.ones((20, 2)), X), "same for all samples"),
        (lambda X: similarity.mutual_knn(X, X, k=20), "k: got 20, expected 1 to 19"),
        (lambda X: similarity.svcca(X, X, variance=0), "variance: got 0"),
        (lambda X: similarity.two_nn(np.vstack([X, X[:1]])), "2 samples that are copies"),
        (lambda X: similarity.two_nn(X, discard=1), "discard: got 1"),
        (lambda X: similarity.anchored_cosine(X, X, n_anchors=0), "n_anchors: got 0"),
        (lambda X: similarity.mle_dimension(X, k=1), "k: got 1, expected 2"),
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
