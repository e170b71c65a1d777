"""Several models on the atoms that all of them take."""

import numpy as np
import pytest
from ase.build import bulk

from lumlip import panel as panel_module
from lumlip.panel import panel
from lumlip.paper import PAPER_MODELS
from lumlip.process import ExtractionError
from lumlip.weights import UntrustedCheckpointError
from lumlip.zoo import resolve

MODELS = ["sevennet-0", "chgnet-0.3.0"]


@pytest.fixture(scope="module")
def structures():
    made = [bulk("Cu", cubic=True), bulk("Po", "sc", a=3.35), bulk("Si", cubic=True)]
    for i, atoms in enumerate(made):
        atoms.rattle(0.05, seed=i)
    return made


@pytest.mark.heavy
def test_structures_that_one_model_does_not_take_are_left_out_and_named(structures):
    shown = panel(MODELS, structures)  # SevenNet-0 has no polonium, CHGNet has
    assert [atoms.get_chemical_formula() for atoms in shown.structures] == ["Cu4", "Si8"]
    assert shown.dropped == {1: "frame 1, Po: not for sevennet-0"}
    assert "left out: 1 structures, such as frame 1, Po" in shown.report()
    for dataset in shown.datasets.values():
        assert dataset["atomic_number"].to_numpy().tolist() == [29] * 4 + [14] * 8
        assert dataset["structure"].to_numpy().tolist() == [0] * 4 + [1] * 8
        assert dataset.sizes["structure"] == 2
    layers = shown.layer("last_layer")
    assert {name: X.shape for name, X in layers.items()} == dict.fromkeys(MODELS, (12, 64))
    assert all(X.dtype == np.float64 for X in layers.values())


@pytest.mark.heavy
def test_failing_model_is_reported_and_the_others_go_on(structures, monkeypatch):
    real = panel_module.features

    def failing(model, *args, **options):
        if model == "chgnet-0.3.0":
            raise ExtractionError("chgnet-0.3.0 failed: out of memory\n  | log")
        return real(model, *args, **options)

    monkeypatch.setattr(panel_module, "features", failing)
    shown = panel(MODELS, structures, skip_failing=True)
    assert list(shown.datasets) == ["sevennet-0"]
    assert "missing: chgnet-0.3.0 (chgnet-0.3.0 failed: out of memory)" in shown.report()
    with pytest.raises(ExtractionError):
        panel(MODELS, structures)


def test_weights_of_all_models_are_looked_for_first(structures, monkeypatch, tmp_path):
    def refuse(*_args, **_options):
        raise AssertionError("a model was run before all weights were there")

    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))
    monkeypatch.delenv("LUMLIP_MODELS", raising=False)
    monkeypatch.setattr(panel_module, "features", refuse)
    with pytest.raises(UntrustedCheckpointError, match="no trusted weights for mace-omat-0"):
        panel(["sevennet-0", "mace-omat-0"], structures)


@pytest.mark.heavy
def test_model_without_weights_is_left_out_with_its_elements(structures, monkeypatch):
    monkeypatch.delenv("LUMLIP_MODELS", raising=False)
    shown = panel(["sevennet-0", "mace-off23-small"], structures, skip_failing=True)
    assert list(shown.datasets) == ["sevennet-0"]
    assert len(shown.structures) == 2  # polonium is not for SevenNet; copper not for the other
    assert "missing: mace-off23-small (no trusted weights" in shown.report()


def test_repeated_model_is_refused(structures):
    with pytest.raises(ValueError, match="got a model twice"):
        panel(["sevennet-0", "sevennet-0"], structures)


def test_unknown_model_is_an_error_even_when_failures_are_skipped(structures):
    with pytest.raises(ValueError, match="sevennet-0"):
        panel(["sevenet-0", "chgnet-0.3.0"], structures, skip_failing=True)


def test_nothing_in_common_is_an_error():
    with pytest.raises(ValueError, match="no structure suits all of the models: frame 0, Po"):
        panel(MODELS, [bulk("Po", "sc", a=3.35)])


def test_the_papers_models_by_one_word():
    assert panel_module.chosen_models(["paper"], chapter=1)[0] == "mace-mp-0b3-medium"
    assert panel_module.chosen_models(MODELS, chapter=1) == MODELS
    with pytest.raises(ValueError, match="finding 3; known: 1, 2, 4, 5"):
        panel_module.chosen_models(["paper"], chapter=3)
    for ids in PAPER_MODELS.values():
        assert all(resolve(model).weights == "download" for model in ids)
