"""Checkpoints that a family's package knows and its extractor does not take: told as what they are.

Of the families' own classes with random weights, see ``foreign/odd_files.py``.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule

import lumlip
from lumlip.cli import main
from lumlip.conformance.check_model import check_models
from tests.conftest import run_in

SCRIPT = Path(__file__).parent / "foreign" / "odd_files.py"
#: File: what follows its name.
KINDS = {
    "mace": {
        "dipole.model": "of kind AtomicDipolesMACE, not supported",
        "les.model": "of kind MACELES, not supported",  # the package les is not here
        "temperature.model": "of kind electronic_temperature, not supported: of a structure",
        "old.model": "of kind another version (Can't get attribute 'AgnosticNonlinearInteraction",
        "tiny_run-1_epoch-8.pt": "of kind epoch, not supported: it lacks the network; give the .mo",
    },
    "pet": {
        "classifier.ckpt": "of kind Classifier, not supported: give the checkpoint of the PET",
        "far.ckpt": "of kind long_range, not supported",
        "newer.ckpt": "of kind newer format, not supported: a later metatrain than the",
    },
    "dpa": {
        "four.pt": "of kind DPA-4, not supported",
        "sezm.pt": "of kind DPA-4, not supported",
        "older.pt": "of kind se_e2_a, not supported: no dpa2 or dpa3 descriptor",
        "spin.pt": "of kind spin, not supported",
        "mixture.pt": "of kind linear_ener, not supported",
        "property.pt": "of kind property, not supported: its fitting network does not give an en",
        "dipole.pt": "of kind dipole, not supported: its fitting network does not give an energy",
        "frame.pt": "of kind fparam, not supported",
    },
    "sevennet": {"fcn.pth": "of kind readout_as_fcn, not supported"},
}
#: Files of no kind of the family, and what is in them.
FOREIGN = {
    ("mace", "absent.model"): "ModuleNotFoundError: No module named 'absent'",
    ("pet", "absent.ckpt"): "ModuleNotFoundError: No module named 'absent'",
    ("mace", "chgnet.pth.tar"): "TypeError: <class 'dict'>",
    ("mace", "linear.model"): "TypeError: <class 'torch.nn.modules.linear.Linear'>",
    ("dpa", "linear.pt"): "UnpicklingError: it holds Python objects (torch.nn.modules.linear.Lin",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("odd")


@pytest.fixture(scope="module")
def said(folder):
    """What a family's extractor says of each file, one process per family."""
    known = {}

    def ask(family: str) -> dict:
        if family not in known:
            (folder / family).mkdir()
            told = run_in(family, SCRIPT, family, folder / family)
            known[family] = json.loads(told.splitlines()[-1])
        return known[family]

    return ask


@pytest.mark.heavy
@pytest.mark.parametrize(("family", "name"), [(f, name) for f in KINDS for name in KINDS[f]])
def test_a_kind_that_is_not_supported_is_named(family, name, said):
    message = said(family)[name]
    assert message.startswith("ValueError: /")
    assert f"{name} is a {family} checkpoint {KINDS[family][name]}" in message


@pytest.mark.heavy
@pytest.mark.parametrize(("family", "name"), FOREIGN)
def test_a_file_of_another_kind_says_what_is_in_it(family, name, said):
    assert f"{name} is not a {family} checkpoint ({FOREIGN[family, name]}" in said(family)[name]


@pytest.mark.heavy
def test_no_message_asks_to_run_what_is_in_a_file_or_spreads_over_lines(said):
    for family in KINDS:
        for message in said(family).values():
            assert "weights_only" not in str(message)
            assert "\n" not in str(message)


@pytest.mark.heavy
def test_a_wrapper_that_adds_uncertainties_leaves_pets_energy(said):
    """A Classifier has a PET inside, too, and its output is no energy."""
    plain, uncertain = said("pet")["plain.ckpt"], said("pet")["uncertain.ckpt"]
    assert uncertain == plain
    assert plain[0] == pytest.approx(plain[1], rel=1e-5)  # the package's own


#: Files that are taken, and what their family takes for a structure without charge and spin.
TAKEN = {"dpa": ["charged.pt"], "pet": ["conditioned.ckpt", "pet-mad-dos.ckpt"]}
NEUTRAL = {"dpa": {"charge": 0, "spin": 2}, "pet": {"charge": 0, "spin": 1}}
BOTH = {"spin_multiplicity": 3, "spin": 5}  # the first is what packages look for first


@pytest.fixture(scope="module")
def taken(said, folder):
    """Features of waters in several states, and the checks, by file: a process each per family."""
    known = {}

    def ask(family: str) -> dict:
        if family not in known:
            said(family)
            infos = [{}, NEUTRAL[family], {"charge": -1}, {"spin": 3}, {"spin_multiplicity": 3}]
            frames = [molecule("H2O") for _ in [*infos, BOTH]]
            for atoms, info in zip(frames, [*infos, BOTH], strict=True):
                atoms.info.update(info)
            models = [f"{family}:{folder / family / name}" for name in TAKEN[family]]
            how = {"device": "cpu", "trust_checkpoint": True}
            found = lumlip.panel(models, frames, layers=True, **how).datasets.values()
            # Each state is as the package says, alone and in a batch.
            reports = check_models(models, [*frames, molecule("CH4")], **how).values()
            known[family] = dict(zip(TAKEN[family], zip(found, reports, strict=True), strict=True))
        return known[family]

    return ask


@pytest.mark.heavy
@pytest.mark.parametrize("family", TAKEN)
def test_charge_and_spin_of_every_structure_of_a_batch_are_seen(family, taken):
    found, report = taken(family)[TAKEN[family][0]]
    plain, stated, charged, *spins = np.split(found["backbone"].to_numpy(), 6)
    assert np.array_equal(plain, stated)
    assert all(np.array_equal(spin, spins[0]) for spin in spins)
    assert np.abs(charged - plain).max() > 1e-3
    assert np.abs(spins[0] - plain).max() > 1e-3
    assert np.ptp(found["energy"].to_numpy()) > 1e-3
    assert report["ok"].all(), report


@pytest.mark.heavy
def test_of_a_model_without_an_energy_it_is_said_what_proves_its_features(taken):
    """A stand-in of PET-MAD-DOS."""
    found, report = taken("pet")["pet-mad-dos.ckpt"]
    assert "energy" not in found
    assert found.attrs["no_energy"] == "mtt::dos"
    for layer in ("backbone", "last_layer", "readout", "layer_01_interaction_1"):
        assert np.isfinite(found[layer]).all()
        assert np.ptp(found[layer].to_numpy(), axis=0).any()
    assert report["error"].isna()[["energy_identity", "package_energy"]].all()
    assert report.at["package_features", "error"] < 1e-5
    (note,) = [text for text in report.attrs["notes"] if "mtt::dos" in text]
    assert note.startswith("it predicts mtt::dos: no energy proves which features these are")
    assert report["ok"].all(), report.attrs["notes"]


@pytest.mark.heavy
@pytest.mark.parametrize("chapter", ["05", "06", "09"])
def test_chapters_on_energies_ask_ones_own_model_before_the_work(said, folder, chapter, capsys):
    """They stopped after minutes, or printed an R² of nan."""
    said("pet")
    own = f"models=[pet:{folder / 'pet' / 'pet-mad-dos.ckpt'}]"
    few = ["-p", "minis=[]", "-p", own.replace("[", "[chgnet-0.3.0, ") if chapter == "09" else own]
    assert main(["run", chapter, *few, "--trust-checkpoint", "-o", str(folder / chapter)]) == 2
    assert "has no energies" in capsys.readouterr().err.replace("no model has", "it has no")
    assert not (folder / chapter).exists()
