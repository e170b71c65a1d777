"""What is the same for all structures of a parent, and energies beyond composition."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk

from chapters.disagreement.study import Study, composition_baseline, groups_of, over_atoms

MINIS = ["mace-mini", "pet-mini"]


def test_a_composition_that_tells_all_leaves_nothing():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(4), size=50)
    energy = shares @ rng.normal(size=(4, 3)) - 5.0
    baseline = composition_baseline(energy, shares, np.arange(50) < 40)
    assert np.abs(baseline - energy).max() < 1e-3  # what the penalty shrinks


def test_the_baseline_does_not_see_what_is_tested():
    shares, train = np.tile(np.eye(2), (3, 1)), np.arange(6) < 4
    energy = np.array([1.0, 3.0, 1.0, 3.0, 9.0, 9.0])[:, None]
    found = composition_baseline(energy, shares, train)[:, 0]
    np.testing.assert_allclose(found, [1, 3, 1, 3, 1, 3], atol=2e-3)


def test_energies_beyond_composition_forget_what_elements_cost(study):
    # The fixture puts (i + 1) times another energy on every element for each model i, and the
    # same noise: models differ by what their elements cost far more than beyond that.
    apart = np.ptp(study.energy, axis=1)
    assert np.abs(study.beyond).max() < 0.3 * apart.max()


def test_the_error_of_a_structure_is_the_root_mean_square_of_its_atoms():
    np.testing.assert_allclose(over_atoms([1.0, 7.0, 2.0], np.array([0, 0, 1])), [5, 2])


def test_every_structure_counts_alike_in_the_gfre(study):
    fit = study.fit(study.errors, study.features)
    expected = np.sqrt(np.square(study.errors[..., study.known]).mean(axis=-1)).mean(axis=0)
    np.testing.assert_allclose(fit.table.to_numpy(), expected)


def test_parents_are_in_one_fold_and_drawn_together(study):
    for row in (*study.folds, *study.draws):
        assert all(len(set(row[study.parent == p])) == 1 for p in np.unique(study.parent))
    assert (study.draws[0] == 1).all()


def test_structures_with_an_element_of_too_few_parents_do_not_count(make_crystals, make_panel):
    rare = bulk("CsCl", "cesiumchloride", a=4.1)
    panel = make_panel([*make_crystals(24), rare], ["chgnet-0.3.0", "sevennet-0"])
    known = Study(panel, list(panel.datasets)).known
    assert known[:24].all()
    assert not known[24]


def test_pairs_of_families_count_once_and_twins_stand_for_their_models(make_crystals, make_panel):
    twins = [f"{name}-untrained" for name in MINIS]
    study = Study(make_panel(make_crystals(20), [*MINIS, *twins]), MINIS)
    np.testing.assert_allclose(study.weights(), [[0, 0.5], [0.5, 0], [0, 0], [0, 0]])
    np.testing.assert_allclose(study.weights(trained=False), [[0, 0], [0, 0], [0, 0.5], [0.5, 0]])
    without = replace(study, panel=make_panel(make_crystals(20), MINIS))
    assert not without.weights(trained=False).any()


@pytest.mark.parametrize(
    ("models", "groups"),
    [
        (["chgnet-0.3.0", "sevennet-0"], ["chgnet", "sevennet"]),
        (["chgnet-0.3.0", "chgnet-r2scan"], ["chgnet-0.3.0", "chgnet-r2scan"]),
    ],
)
def test_variants_of_one_family_are_groups_of_their_own(models, groups):
    assert groups_of(models) == groups
