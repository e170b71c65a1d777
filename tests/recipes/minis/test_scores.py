"""What a mini is measured against."""

import numpy as np
import pytest
from ase import Atoms

from recipes.minis.scores import baselines, scores


def labelled(formula, energy, *, unseen=False, force=1.0):
    atoms = Atoms(formula, positions=np.zeros((len(Atoms(formula)), 3)))
    atoms.info = {"ref_energy": energy, "unseen": unseen}
    atoms.arrays["ref_forces"] = np.full((len(atoms), 3), force)
    return atoms


TRAIN = [labelled("H2", -2.0), labelled("O2", -8.0), labelled("HO", -7.0), labelled("HO", -9.0)]


def test_the_linear_baseline_is_exact_where_energies_are_linear_in_composition():
    train = [labelled("H2", -2.0), labelled("O2", -8.0), labelled("H2O", -6.0)]
    validation = [labelled("HO2", -9.0), labelled("H3O", -7.0)]
    linear, _ = baselines(train, validation)
    assert linear == pytest.approx([-3.0, -7 / 4])


def test_the_look_up_takes_the_median_of_equal_compositions_and_else_the_linear_one():
    validation = [labelled("H2O2", -99.0), labelled("H2O", -99.0)]
    linear, lookup = baselines(TRAIN, validation)
    assert lookup[0] == pytest.approx(-4.0)  # per atom: the median of -3.5 and -4.5
    assert lookup[1] == linear[1]


def test_perfect_predictions_score_zero_and_no_prediction_scores_one():
    validation = [labelled("HO", -5.0), labelled("OH2", -7.0, unseen=True, force=-2.0)]
    energies = np.array([a.info["ref_energy"] for a in validation])
    forces = [a.arrays["ref_forces"] for a in validation]
    perfect = scores(TRAIN, validation, energies, forces)
    assert perfect["all"]["energy"] == perfect["all"]["force"] == 0
    nothing = scores(TRAIN, validation, energies, [0 * f for f in forces])
    assert nothing["all"]["force_ratio"] == nothing["unseen"]["force_ratio"] == 1


def test_forces_are_averaged_over_components_and_energies_over_structures():
    validation = [labelled("HO", 0.0), labelled("H4O4", 0.0)]
    energies = np.array([2.0, 0.0])
    forces = [np.zeros((2, 3)), validation[1].arrays["ref_forces"]]
    got = scores(TRAIN, validation, energies, forces)["all"]
    assert got["energy"] == pytest.approx(0.5)  # 1 eV per atom in one of two structures
    assert got["force"] == pytest.approx(2 / 10)  # 6 of 30 components are off by 1 eV/Å
    assert (got["structures"], got["atoms"]) == (2, 10)


def test_unseen_systems_are_scored_apart():
    validation = [labelled("HO", -5.0), labelled("H2", 1.0, unseen=True)]
    got = scores(TRAIN, validation, np.array([-5.0, 0.0]), [np.ones((2, 3))] * 2)
    assert got["unseen"]["energy"] == pytest.approx(0.5)
    assert got["all"]["energy"] == pytest.approx(0.25)
    assert "unseen" not in scores(TRAIN, validation[:1], np.array([-5.0]), [np.ones((2, 3))])
