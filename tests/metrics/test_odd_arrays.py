"""Any small array: a right number or one ValueError, never NaN, infinity or another exception.

About a thousand inputs by default; `LUMLIP_EXAMPLES=400` tries more than 10,000 in all.
"""

import os

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import lumlip
from chapters.latent_spaces.pcovr import pcovr
from chapters.shared.spectrum import leading_share
from lumlip import similarity
from lumlip.metrics.cumulants import mean_over_atoms

thorough = settings(
    max_examples=int(os.environ.get("LUMLIP_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SIZES = st.one_of(st.integers(1, 6), st.integers(20, 30))
# From subnormal numbers to the largest ones, and what squares to one of these.
SCALES = st.sampled_from([-320, -300, -160, -150, -50, -3, 0, 0, 0, 0, 8, 50, 150, 160, 299, 308])
SHAPES = ["normal", "normal", "copies", "constant", "simplex", "integers", "steep", "far row"]
TYPES = [
    *["float64"] * 14,
    *["float32", "float16", "int8", "uint64", "bool"],
    *["complex128", "str", "object", "masked", "bfloat16", "grad", "list", "nan", "1d", "3d"],
]


def numbers(draw, n):
    """Finite features (n, d) of some kind, at some scale."""
    rng, d = np.random.default_rng(draw(st.integers(0, 99))), draw(st.integers(1, 5))
    X, kind = rng.normal(size=(n, d)), draw(st.sampled_from(SHAPES))
    if kind == "copies":
        X = X[rng.integers(0, max(1, n // 2), size=n)]
    elif kind == "constant":
        X[:] = X[0]
    elif kind == "simplex":
        X = np.eye(n)
    elif kind == "integers":
        X = np.round(X)
    elif kind == "steep":
        X *= np.geomspace(1, 1e-12, d)
    elif kind == "far row":
        X[-1] *= 10.0 ** draw(st.sampled_from([3, 9, 100, 155, 290]))
    with np.errstate(over="ignore"):
        return X * 10.0 ** draw(SCALES) / 2


def given_as(X, kind):
    """The same numbers as another type, some of which are no features."""
    with np.errstate(all="ignore"):
        if kind == "masked":
            return np.ma.masked_array(X, mask=X[0, 0] == X)
        if kind == "bfloat16":
            return torch.tensor(X).bfloat16()
        if kind == "grad":
            return torch.tensor(X, requires_grad=True)
        if kind == "list":
            return X.tolist()
        if kind == "nan":
            return np.where(X[-1, -1] == X, np.nan, X)
        if kind in ("1d", "3d"):
            return X[0] if kind == "1d" else X[None]
        return X.astype(kind)


@st.composite
def arrays(draw, n):
    return given_as(numbers(draw, n), draw(st.sampled_from(TYPES)))


@st.composite
def pairs(draw):
    """Two arrays of mostly as many rows."""
    n = draw(SIZES)
    return draw(arrays(n)), draw(arrays(n if draw(st.integers(0, 9)) else n + 1))


def number_or_refusal(call):
    """Return what a call gives, which is finite, or None if it refused by a ValueError."""
    try:
        found = call()
    except ValueError:
        return None
    assert np.isfinite(np.asarray(found, dtype=float)).all()
    return found


MEASURES = sorted(set(similarity.__all__) - {"two_nn", "mle_dimension"})
COUNTS = st.sampled_from([-1, 0, 1, 2, 3, 10, 10**9, 2.5, True, "3", None])


@pytest.mark.parametrize("name", MEASURES)
@thorough
@given(pair=pairs(), k=COUNTS)
def test_similarities(name, pair, k):
    measure = getattr(similarity, name)
    number_or_refusal(lambda: measure(*pair))
    takes = _counted(measure)
    for option in takes:
        number_or_refusal(lambda option=option: measure(*pair, **{option: k}))


def _counted(measure):
    return [name for name in ("k", "n_anchors") if name in (measure.__kwdefaults__ or {})]


@thorough
@given(X=SIZES.flatmap(arrays), k=COUNTS)
def test_dimensions(X, k):
    number_or_refusal(lambda: similarity.two_nn(X))
    number_or_refusal(lambda: similarity.mle_dimension(X, k=k))


INDICES = st.sampled_from(["good", "mask", "from 1", "strings", "floats", "both", "masked"])


def some_split(kind, n):
    """Train and test atoms, most of them wrong in one way."""
    train, test = np.arange(2 * n // 3), np.arange(2 * n // 3, n)
    if kind == "mask":
        return np.arange(n) < 2 * n // 3, np.arange(n) >= 2 * n // 3
    if kind == "from 1":
        return train + 1, test + 1
    if kind == "strings":
        return train.astype(str), test
    if kind == "floats":
        return train.astype(float), test
    if kind == "both":
        return train, np.append(test, 0)
    if kind == "masked":
        return np.ma.masked_equal(train, 0), test
    return train, test


@pytest.mark.parametrize("metric", ["gfre", "gfrd", "lfre"])
@thorough
@given(
    pair=pairs(),
    how=INDICES,
    k=COUNTS,
    protocol=st.sampled_from(["robust", "scikit-matter", "other"]),
)
def test_reconstruction(metric, pair, how, k, protocol):
    train, test = some_split(how, len(pair[0]))
    options = {"n_neighbors": k} if metric == "lfre" else {}
    found = number_or_refusal(
        lambda: getattr(lumlip, metric)(
            *pair, train=train, test=test, protocol=protocol, device="cpu", **options
        )
    )
    assert found is None or how in ("good", "mask")


@thorough
@given(pair=pairs(), n_folds=st.integers(1, 5), n_bootstrap=COUNTS, seed=COUNTS)
def test_cross_fitted_tables(pair, n_folds, n_bootstrap, seed):
    n = len(np.shape(pair[0])) and len(pair[0])
    if isinstance(n_bootstrap, int) and n_bootstrap > 100:
        n_bootstrap = 100
    number_or_refusal(
        lambda: lumlip.reconstruction_table(
            {"a": pair[0]},
            {"b": pair[1]},
            folds=np.arange(n) % n_folds,
            n_bootstrap=n_bootstrap,
            seed=seed,
            device="cpu",
        )
    )


OWNERS = st.sampled_from(["good", "from 1", "gap", "floats", "short", "masked"])


def owners(kind, n):
    index = np.arange(n) // 3
    return {
        "good": index,
        "from 1": index + 1,
        "gap": 2 * index,
        "floats": index.astype(float),
        "short": index[:-1],
        "masked": np.ma.masked_equal(index, 0),
    }[kind]


@thorough
@given(
    X=SIZES.flatmap(arrays),
    how=OWNERS,
    order=COUNTS,
    weight=st.sampled_from([None, 0.0, -1.0, 1e-308, 1.0, 1e308, np.inf, np.nan]),
)
def test_features_of_structures(X, how, order, weight):
    index = owners(how, len(X))
    weights = None if weight is None else np.full(len(X), weight)
    if weight is not None and len(X) > 1:
        weights[1] = 1.0
    found = number_or_refusal(
        lambda: lumlip.cumulant_features(X, index, order=order, weights=weights)
    )
    mean = number_or_refusal(lambda: mean_over_atoms(X, index))
    assert mean is None or how == "good" or (how == "gap" and len(X) <= 3)
    if found is not None and mean is not None and weights is None:
        rounding = 1e-12 * np.abs(np.asarray(X, dtype=float)).max()
        np.testing.assert_allclose(found[:, : mean.shape[1]], mean, rtol=0, atol=rounding)


@thorough
@given(X=SIZES.flatmap(arrays))
def test_spectra_and_maps(X):
    everyone = np.arange(len(X))
    number_or_refusal(lambda: leading_share(X, train=everyone))
    number_or_refusal(lambda: pcovr(X, np.arange(len(X)) ** 2.0))


@pytest.mark.parametrize("name", [*MEASURES, "gfre", "gfrd", "lfre"])
@thorough
@given(seed=st.integers(0, 99), scale=st.integers(-900, 900))
def test_the_unit_of_features_changes_nothing(name, seed, scale):
    """Powers of two are exact, so that rounding is the same; 2**900 is 1e271."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 4))
    options = {}
    if name in ("gfre", "gfrd", "lfre"):
        measure = getattr(lumlip, name)
        options = {"train": range(20), "test": range(20, 30), "device": "cpu"}
        options |= {"n_neighbors": 8} if name == "lfre" else {}
    else:
        measure = getattr(similarity, name)
    large = np.ldexp(X, scale)
    assume(np.isfinite(large).all())
    one, other = measure(X, Y, **options), measure(large, Y, **options)
    np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: lumlip.reconstruction_table([np.eye(3)], train=[0], test=[1]),
            "sources: got list",
        ),
        (lambda: lumlip.split(None, by="structure", n_test=3), "got None, expected an xarray"),
        (lambda: lumlip.extract_parts("x", [], "x", n_parts=2, executor=5), "executor: got 5"),
    ],
)
def test_what_is_of_another_kind_is_named(call, said):
    with pytest.raises(TypeError, match=said):
        call()


def test_features_with_other_coordinates_are_refused():
    X = np.random.default_rng(0).normal(size=(60, 3))
    one, other = (
        xr.DataArray(X, dims=("atom", "channel"), coords={"structure": ("atom", rows)})
        for rows in (np.arange(60) // 2, np.arange(60)[::-1] // 2)
    )
    options = {"train": range(40), "test": range(40, 60)}
    assert lumlip.gfre(one, one * 2, **options) < 1e-9
    with pytest.raises(ValueError, match="Y: got rows of another structure than X, expected the"):
        lumlip.gfre(one, other, **options)
    with pytest.raises(ValueError, match="Y: got rows of another structure than X, expected the"):
        lumlip.similarity.cka(one, other)
    frame = pd.DataFrame(X)
    assert lumlip.gfre(frame, frame * 2, **options) < 1e-9
    with pytest.raises(ValueError, match="Y: got rows of another index than X, expected the"):
        lumlip.gfre(frame, frame[::-1], **options)


def test_groups_without_a_name_are_refused():
    X, groups = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) // 2 * 1.0
    groups[7] = np.nan
    with pytest.raises(ValueError, match="groups: got none for 1 atoms, expected one each"):
        lumlip.reconstruction_table({"a": X}, train=range(40), test=range(40, 60), groups=groups)


def test_names_are_texts():
    X = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(ValueError, match="features: got the name 1, expected texts"):
        lumlip.reconstruction_table({1: X, "1": X}, train=range(40), test=range(40, 60))


def test_a_number_of_neighbors_is_named():
    X = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(ValueError, match="n_neighbors: got None, expected an integer"):
        lumlip.lfre(X, X, train=range(40), test=range(40, 60), n_neighbors=None)


def test_rows_from_the_last_to_the_first_are_rows():
    X = np.random.default_rng(0).normal(size=(60, 2))
    folds = np.arange(60) % 3
    backward = lumlip.reconstruction_table({"X": X[::-1], "Y": X[::-1] ** 2}, folds=folds[::-1])
    assert np.allclose(backward, lumlip.reconstruction_table({"X": X, "Y": X**2}, folds=folds))
