# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = [
#   "dadapy==0.3.4", "repsim==0.1.5", "rsatoolbox==0.3.2", "dcor==0.7", "scikit-dimension==0.5.0",
# ]
# ///
"""Numbers of other libraries on the features of `data`, written to references.json beside this.

Run by hand in an environment with these libraries (``uv run make.py``); some of them cannot share
one with lumlip, for they need numpy 1. A library that is not there keeps the numbers it has.
"""

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def data() -> tuple[np.ndarray, np.ndarray]:
    """Return two sets of features of 120 samples that have something in common."""
    rng = np.random.default_rng(7)
    hidden = rng.normal(size=(120, 3))
    first = np.hstack([hidden, rng.normal(size=(120, 2))])
    second = np.hstack([np.tanh(hidden @ rng.normal(size=(3, 4))), rng.normal(size=(120, 1))])
    return first, second


def dadapy_numbers(X: np.ndarray, Y: np.ndarray) -> dict[str, float]:
    """Two-neighbor dimension and information imbalance."""
    from dadapy import Data, MetricComparisons

    points = Data(X)
    joined = MetricComparisons(np.hstack([X, Y]), maxk=len(X) - 1)
    columns = list(range(X.shape[1])), list(range(X.shape[1], X.shape[1] + Y.shape[1]))
    there, back = joined.return_inf_imb_two_selected_coords(*columns, k=1)
    return {
        "two_nn": points.compute_id_2NN(algorithm="base", mu_fraction=0.9)[0],
        "imbalance_there": there,
        "imbalance_back": back,
    }


def repsim_numbers(X: np.ndarray, Y: np.ndarray) -> dict[str, float]:
    """CKA by two estimators, canonical correlations; its PWCCA is the mean of both ways.

    Its own debiased CKA divides the debiased numerator by norms that are not debiased. So the
    alignment is put together from its debiased HSIC here.
    """
    import repsim

    pair = [X, Y]
    hsic = [
        repsim.hsic(two, kernel_type="linear", estimator="song")[0, 1]
        for two in (pair, [X, X], [Y, Y])
    ]
    return {
        "cka_biased": repsim.cka(pair, kernel_type="linear", estimator="gretton")[0, 1],
        "cka_debiased": hsic[0] / np.sqrt(hsic[1] * hsic[2]),
        "pwcca_both_ways": repsim.pwcca(pair)[0, 1],
    }


def rsatoolbox_numbers(X: np.ndarray, Y: np.ndarray) -> dict[str, float]:
    """Rank correlation between the distances of all pairs."""
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare

    first, second = (calc_rdm(Dataset(Z), method="euclidean") for Z in (X, Y))
    return {"rsa": float(compare(first, second, method="spearman")[0, 0])}


def dcor_numbers(X: np.ndarray, Y: np.ndarray) -> dict[str, float]:
    """Distance correlation, original and bias-corrected."""
    import dcor

    return {
        "distance_correlation": float(dcor.distance_correlation(X, Y)),
        "bias_corrected": float(dcor.u_distance_correlation_sqr(X, Y)),
    }


def skdim_numbers(X: np.ndarray, _: np.ndarray) -> dict[str, float]:
    """Dimension of highest likelihood."""
    import skdim

    fitted = skdim.id.MLE().fit(X, n_neighbors=20, comb="mle")
    return {"mle_dimension": fitted.dimension_}


LIBRARIES: dict[str, Callable[[np.ndarray, np.ndarray], dict[str, float]]] = {
    "dadapy": dadapy_numbers,
    "repsim": repsim_numbers,
    "rsatoolbox": rsatoolbox_numbers,
    "dcor": dcor_numbers,
    "scikit-dimension": skdim_numbers,
}


def main() -> None:
    """Update the file with the numbers of every library that is installed here."""
    path = HERE / "references.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for library, numbers in LIBRARIES.items():
        try:
            found = {key: float(value) for key, value in numbers(*data()).items()}
        except ImportError as error:
            print(f"{library}: {error}")
            continue
        known[library] = {"version": version(library), **found}
    path.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
