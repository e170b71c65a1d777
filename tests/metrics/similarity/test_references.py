"""Our numbers against those of other libraries, which references/make.py has written down."""

import importlib.util
import json
from pathlib import Path

import pytest

from lumlip import similarity

HERE = Path(__file__).parent / "references"
KNOWN = json.loads((HERE / "references.json").read_text())


@pytest.fixture(scope="module")
def pair():
    spec = importlib.util.spec_from_file_location("make", HERE / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.data()


OURS = {
    ("rsatoolbox", "rsa"): similarity.rsa,
    ("dcor", "distance_correlation"): lambda X, Y: similarity.distance_correlation(
        X, Y, bias_corrected=False
    ),
    ("dcor", "bias_corrected"): similarity.distance_correlation,
    ("scikit-dimension", "mle_dimension"): lambda X, _: similarity.mle_dimension(X, k=20),
    ("dadapy", "two_nn"): lambda X, _: similarity.two_nn(X),
    ("dadapy", "imbalance_there"): lambda X, Y: similarity.information_imbalance(X, Y)[0],
    ("dadapy", "imbalance_back"): lambda X, Y: similarity.information_imbalance(X, Y)[1],
    ("repsim", "cka_biased"): lambda X, Y: similarity.cka(X, Y, debiased=False),
    ("repsim", "cka_debiased"): similarity.cka,
    ("repsim", "pwcca_both_ways"): lambda X, Y: (
        (similarity.pwcca(X, Y) + similarity.pwcca(Y, X)) / 2
    ),
}


def test_every_number_of_the_libraries_is_compared():
    stored = {(library, name) for library, numbers in KNOWN.items() for name in numbers}
    assert {key for key in stored if key[1] != "version"} == set(OURS)


@pytest.mark.parametrize(("library", "name"), list(OURS), ids="-".join)
def test_agrees_with_the_library(library, name, pair):
    assert OURS[library, name](*pair) == pytest.approx(KNOWN[library][name], rel=1e-6)
