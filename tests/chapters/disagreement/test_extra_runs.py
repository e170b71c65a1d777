"""Structures made for the purpose, joined with those of a study."""

import numpy as np
import pytest

from chapters.disagreement import extra_runs, forces
from chapters.disagreement.displaced import displaced
from chapters.disagreement.study import PairStudy

MODELS = ["chgnet-0.3.0", "sevennet-0"]


@pytest.fixture(scope="module")
def study(salts):
    return PairStudy.of(salts)


@pytest.fixture(scope="module")
def probes(study, make_crystals, make_panel):
    """Return displaced and changed structures, as made-up models see them."""
    moves = displaced(make_crystals(20), n=12)
    originals, changes = extra_runs.changed_crystals(study, n=10)
    every = moves.structures + [atoms for made in changes.values() for atoms in made]
    return extra_runs.Probes(make_panel(every, MODELS, seed=1), moves, originals, changes)


def test_changed_crystals_are_tested_ones(study, probes):
    assert set(study.fold[probes.originals]) == {0}
    before = study.panel.structures[probes.originals[0]].get_volume()
    after = probes.changes["compressed"][0].get_volume()
    assert after == pytest.approx(0.85**3 * before)


def test_atoms_are_moved_in_structures_that_all_models_take():
    frames = extra_runs.structures_to_move("labelled", ["mace-mini", "sevennet-0"])
    assert len(frames) > 100
    assert all("ref_forces" in atoms.arrays for atoms in frames)


def test_material_has_the_changed_crystals_at_its_end(study, probes):
    material = extra_runs.material_of(study, probes, MODELS, n_neighbors=8, local_atoms=1)
    assert len(material.shares) == 60 + 20
    assert material.owner.max() == 79
    tail = probes.panel.layer("last_layer")["sevennet-0"][-2:]
    np.testing.assert_array_equal(material.last_layer["sevennet-0"][-2:], tail)
    assert material.energy.shape == (1, 80)
    np.testing.assert_allclose(material.shares[probes.originals], material.shares[60:70])


def test_shifts_are_subsets_elements_and_changes(study, probes):
    shifts, train = extra_runs.shifts_of(study, probes, n_elements=1, n_usual=8)
    names = [shift.name for shift in shifts]
    assert names[:2] == ["bulk", "rattled"]
    assert names[-2:] == ["compressed", "shaken"]
    for shift in shifts:
        assert set(shift.train) <= set(train)
        assert len(shift.usual) <= (8 if shift.kind != "changed" else 10)


def test_without_extra_structures_the_material_is_that_of_the_study(study):
    nothing = extra_runs.Probes(None, displaced([], n=0), np.zeros(0, dtype=int), {})
    material = extra_runs.material_of(study, nothing, MODELS)
    assert len(material.shares) == 60
    assert len(extra_runs.shifts_of(study, nothing)[0]) >= 2


def test_forces_are_differences_of_energies_and_errors_those_of_the_moved_atoms(
    salts, probes, make_crystals
):
    found = forces.forces_of(salts, probes.panel, probes.moves, layer="last_layer")
    energy = probes.panel.datasets["sevennet-0"]["energy"].to_numpy()
    expected = -(energy[1] - energy[0]) / 0.02
    assert found.component["sevennet-0"][0] == pytest.approx(expected)
    assert found.pairs == [("chgnet-0.3.0", "sevennet-0")]
    assert found.distance.shape == found.disagreement.shape == found.magnitude.shape == (1, 12)
    assert (found.disagreement <= 2 * found.magnitude + 1e-9).all()
    assert forces.reference(probes.moves, make_crystals(20), "ref_forces") is None
