"""Models that predict no energy: their features are to be had, and it is said what proves them."""

import numpy as np
import pytest
from ase.build import molecule

import lumlip
from lumlip.cli import main
from lumlip.conformance.check_model import check_model
from recipes.stand_ins.__main__ import write

FRAMES = [molecule(name) for name in ("H2O", "CH4", "CH3OH")]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A stand-in of PET-MAD-DOS: random weights."""
    (path,) = write(tmp_path_factory.mktemp("pet"), ["pet-mad-dos"], small=True)
    return f"pet:{path}"


@pytest.mark.heavy
def test_features_without_an_energy_say_so(model):
    found = lumlip.features(model, FRAMES, device="cpu", trust_checkpoint=True, layers=True)
    assert "energy" not in found
    assert found.attrs["no_energy"] == "mtt::dos"
    for layer in ("backbone", "last_layer", "readout", "layer_01_interaction_1"):
        values = found[layer].to_numpy()
        assert len(values) == sum(map(len, FRAMES))
        assert np.isfinite(values).all()
        assert np.ptp(values, axis=0).any()


@pytest.mark.heavy
def test_check_holds_them_against_the_package_alone(model):
    report = check_model(model, FRAMES, device="cpu", trust_checkpoint=True)
    assert report["error"].isna()[["energy_identity", "package_energy"]].all()
    assert report.at["package_features", "error"] < 1e-5
    (note,) = [text for text in report.attrs["notes"] if "mtt::dos" in text]
    assert note.startswith("it predicts mtt::dos: no energy proves which features these are")
    assert report["ok"].all(), report.attrs["notes"]


def test_the_list_of_models_says_so(capsys):
    assert main(["models"]) == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("pet-mad-dos ")]
    assert "published, no energy" in line
