"""Uncertainties of energies: right where errors are as assumed, limited as the docstring says."""

import numpy as np
import pytest
from ase.build import bulk
from scipy.stats import spearmanr

import lumlip
from lumlip.datasets.sets import structures_sha256
from lumlip.uncertainty import PENALTIES, calibrated
from recipes.minis.data import STRUCTURES, read_labelled


def test_scale_of_errors_that_are_as_assumed_is_found_again():
    rng = np.random.default_rng(0)
    F, fold = rng.normal(size=(2000, 5)) * [1, 2, 3, 4, 5], np.arange(2000) % 4
    near = np.linalg.inv(F.T @ F * 0.75)
    sigma = 7.0 * np.sqrt(np.einsum("ij,jk,ik->i", F, near, F))
    errors = rng.normal(size=2000) * sigma
    best, scale, found = calibrated(F, errors, fold)
    assert PENALTIES[best] < 1e-2  # the errors were made without one
    assert scale == pytest.approx(7.0, rel=0.05)
    assert np.allclose(found, sigma, rtol=0.1)


def test_copies_of_known_structures_do_not_count(tmp_path):
    rng = np.random.default_rng(0)
    known, asked = ([bulk("Cu") for _ in range(n)] for n in (60, 5))
    for i, atoms in enumerate(known + asked):
        atoms.rattle(0.1 + i / 1000)
        atoms.info["energy"] = rng.normal()
    np.savez(
        tmp_path / "some.npz",
        last_layer=rng.normal(size=(65, 128)),
        energy=np.zeros(65),
        structures_sha256=[structures_sha256([atoms]) for atoms in known + asked],
        structure=np.arange(65),
    )
    model = f"features:{tmp_path / 'some.npz'}"
    once, twice = (lumlip.last_layer_uncertainty(model, asked, known=known * n) for n in (1, 2))
    assert once.attrs["n_again"] == 0
    assert lumlip.last_layer_uncertainty(model, known[:3], known=known).attrs["n_again"] == 3
    assert once.attrs["n_known"] == twice.attrs["n_known"] == 60
    assert np.allclose(once["uncertainty"], twice["uncertainty"], rtol=0.05)
    known[0].info = {"REF_energy": 1.0, "note": "mine"}
    with pytest.raises(ValueError, match=r"frame 0 \(numbers .* --key: REF_energy\); expected"):
        lumlip.last_layer_uncertainty(model, asked, known=known[:3])
    known[0].info = known[1].info
    with pytest.raises(ValueError, match="known: got 10 energies; expected 20 or more, each once"):
        lumlip.last_layer_uncertainty(model, asked, known=known[:10] * 2)


def named(atoms, i):
    atoms.info["parent"] = "one"


def of_its_own_element(atoms, i):
    atoms.numbers[:] = 20 + i % 10
    atoms.info["parent"] = str(i % 10)


def alike(atoms, i):
    atoms.info["alike"] = True


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (named, "known: got structures of one parent, expected more: each is left out"),
        (of_its_own_element, "known: got 0 structures with elements that other parents have, too"),
        (alike, "known: got structures that the last layer does not tell apart"),
    ],
)
def test_known_structures_that_tell_nothing_are_refused(tmp_path, change, said):
    rng, known = np.random.default_rng(0), [bulk("Cu") for _ in range(40)]
    for i, atoms in enumerate(known):
        atoms.rattle(0.1 + i / 1000)
        atoms.info["energy"] = rng.normal()
        change(atoms, i)
    np.savez(
        tmp_path / "some.npz",
        last_layer=np.ones((40, 4)) if change is alike else rng.normal(size=(40, 4)),
        energy=np.zeros(40),
        structures_sha256=structures_sha256(known),
    )
    with pytest.raises(ValueError, match=said):
        lumlip.last_layer_uncertainty(f"features:{tmp_path / 'some.npz'}", known, known=known)


@pytest.mark.heavy
def test_calibration_holds_for_structures_like_the_known_and_not_for_others():
    known = read_labelled(STRUCTURES, "validation")
    other = read_labelled(STRUCTURES, "validation", dataset="lps")
    found = lumlip.last_layer_uncertainty("mace-mini", other, known=known, key="ref_energy")
    assert found.attrs["n_known"] == len(known) == 1090
    # As measured when this was written, with room for rounding.
    assert found.attrs["within_1"] == pytest.approx(0.80, abs=0.01)
    assert found.attrs["within_2"] == pytest.approx(0.94, abs=0.01)
    assert found.attrs["rank_correlation"] == pytest.approx(0.28, abs=0.02)
    truth = np.array([atoms.info["ref_energy"] / len(atoms) for atoms in other])
    errors = np.abs(truth - found["energy"])
    assert (errors < found["uncertainty"]).mean() == pytest.approx(0.41, abs=0.03)
    assert spearmanr(errors, found["uncertainty"]).statistic < 0


def test_energies_of_other_references_change_nothing_and_missing_ones_are_named(tmp_path, capfd):
    known, rng = read_labelled(STRUCTURES, "validation")[::10], np.random.default_rng(0)
    owner = np.repeat(np.arange(len(known)), [len(atoms) for atoms in known])
    np.savez(
        tmp_path / "some.npz",
        last_layer=rng.normal(size=(len(owner), 16)),
        energy=np.zeros(len(known)),
        structures_sha256=[structures_sha256([atoms]) for atoms in known],
        structure=owner,
    )
    model = f"features:{tmp_path / 'some.npz'}"
    options = {"structures": known[:3], "key": "ref_energy"}
    one = lumlip.last_layer_uncertainty(model, known=known, **options)
    for atoms in known:
        atoms.info["ref_energy"] += atoms.numbers.sum()
    other = lumlip.last_layer_uncertainty(model, known=known, **options)
    assert np.allclose(one, other, rtol=0.02)
    more = {"structures": [*known[:3], bulk("W")], "key": "ref_energy"}
    assert len(lumlip.last_layer_uncertainty(model, known=known, **more)) == 3
    assert "left out: 1 structures, such as frame 3, W: not for feat" in capfd.readouterr().err
    with pytest.raises(ValueError, match=r"known: got 18 energies; expected 20 or more"):
        lumlip.last_layer_uncertainty(model, known=known[:18], **options)
    with pytest.raises(ValueError, match=r"got 0 energies, none in info\['energy'\] of frame 0"):
        lumlip.last_layer_uncertainty(model, known[:1], known=known)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda energies, n: energies, False),
        (lambda energies, n: energies * 23.06, True),  # kcal/mol
        (lambda energies, n: energies / 27.2, True),  # Hartree
        (lambda energies, n: -energies, True),
        (lambda energies, n: energies / n, True),  # of an atom
        (lambda energies, n: np.random.default_rng(1).permutation(energies), True),
    ],
)
def test_energies_of_another_unit_sign_or_order_are_told(capfd, change, told):
    known = lumlip.structures("mini-mad:bulk")[:60]
    energies = lumlip.features("chgnet-0.3.0", known)["energy"].to_numpy()
    for atoms, energy in zip(known, change(energies, [len(a) for a in known]), strict=True):
        atoms.info["energy"] = energy + 0.01 * np.random.default_rng(len(atoms)).normal()
    found = lumlip.last_layer_uncertainty("chgnet-0.3.0", known[:1], known=known)
    assert ("beyond composition, the known energies change by" in capfd.readouterr().err) == told
    assert (abs(found.attrs["slope"] - 1) < 0.2) != told
