"""One set of models: its pairs, their distances and disagreements."""

import numpy as np
import pytest

from chapters.disagreement.study import PairStudy, functional_of
from lumlip.zoo.relations import is_untrained


@pytest.fixture(scope="module")
def study(salts):
    return PairStudy.of(salts, n_folds=3)


def test_untrained_models_have_no_opinion_and_are_in_no_pair(study):
    assert is_untrained("mace-mini-untrained")
    assert "mace-mini-untrained" not in study.models
    assert len(study.pairs) == 6
    assert study.distance.shape == study.disagreement.shape == (6, 60)


def test_functionals_are_those_of_the_table():
    assert functional_of("chgnet-0.3.0") == functional_of("sevennet-0") == "PBE(+U)"
    assert functional_of("chgnet-r2scan") == "r2SCAN"


def test_a_row_for_each_pair_says_what_it_differs_in(study):
    rows = study.by_pair
    assert rows["kind"].tolist()[:2] == ["fine-tuning", "architecture"]
    assert rows["functional"].tolist()[:2] == ["other", "same"]
    own = study.distance[0][study.kept]
    assert rows["gfre"].iloc[0] == pytest.approx(np.sqrt((own**2).mean()))


def test_energies_are_per_atom(study, salts):
    total = salts.datasets["sevennet-0"]["energy"].to_numpy()
    np.testing.assert_allclose(study.energy("sevennet-0"), total / 2)


def test_local_errors_are_of_one_fold_only(study):
    found = study.local(["chgnet-0.3.0", "sevennet-0"], n_neighbors=9, at_most=1)
    for errors in found.values():
        assert errors.shape == (1, 60)
        np.testing.assert_array_equal(np.isfinite(errors[0]), study.fold == 0)


def test_groups_of_structures(study):
    assert {name: int(mask.sum()) for name, mask in study.subsets().items()} == {
        "bulk": 30,
        "rattled": 30,
    }
    assert int(study.holders()[11].sum()) == 15  # sodium is in every fourth


def test_mantels_test_over_all_pairs_and_those_of_one_functional(study):
    assert study.mantel().n_pairs == 6
    assert study.mantel(same_functional=True) is None  # two pairs are too few
