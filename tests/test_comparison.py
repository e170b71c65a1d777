"""compare(): real models, real features, numbers of scikit-matter."""

import json

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk
from skmatter.metrics import global_reconstruction_error

import lumlip
from lumlip.comparison import compare, intervals

MODELS = ["sevennet-0", "chgnet-0.3.0"]


@pytest.fixture(scope="module")
def structures():
    made = [bulk(s, cubic=True) * (2, 2, 1) for s in ("Cu", "Al", "Ag", "Si", "Ge", "Fe", "W")] * 4
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
    return made


@pytest.fixture(scope="module")
def comparison(structures):
    return compare(MODELS, structures, n_bootstrap=50)


@pytest.mark.heavy
def test_table_holds_the_numbers_of_scikit_matter(comparison, structures):
    X = comparison.panel.layer("last_layer")
    n_test = comparison.panel.atoms.sizes["atom"] // 5
    train, test = lumlip.split(comparison.panel.atoms, by="structure", n_test=n_test, seed=0)
    wanted = global_reconstruction_error(X[MODELS[0]], X[MODELS[1]], train_idx=train, test_idx=test)
    assert comparison.table.loc[MODELS[0], MODELS[1]] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.heavy
def test_intervals_hold_the_values(comparison):
    rows = intervals(comparison.table)
    assert list(zip(rows["source"], rows["target"], strict=True)) == [
        (MODELS[0], MODELS[1]),
        (MODELS[1], MODELS[0]),
    ]
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()


@pytest.mark.heavy
def test_saved_files_say_what_was_done(comparison, tmp_path):
    paths = comparison.save(tmp_path / "result")
    table = pd.read_csv(paths[0], index_col=0)
    assert np.allclose(table, comparison.table, atol=1e-6)
    settings = json.loads(paths[2].read_text())
    assert settings["models"] == MODELS
    assert settings["split"] == "structure"
    assert paths[3].read_bytes().startswith(b"\x89PNG")


@pytest.mark.heavy
def test_too_few_atoms_are_warned_about(structures):
    few = compare(MODELS, structures[:7], n_bootstrap=0)
    assert any("not converged" in line for line in few.warnings())
    assert "low" not in intervals(few.table)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "cka"}, "got metric 'cka'; expected one of: gfre, lfre, gfrd"),
        ({"layer": "head"}, "got layer 'head'; expected one of: backbone, last_layer, readout"),
        ({"by": "year"}, "'year'"),
        ({"n_bootstrap": -1}, "n_bootstrap"),
    ],
)
def test_wrong_options_are_named_before_any_model_is_run(structures, monkeypatch, options, message):
    def refuse(*_args, **_options):
        raise AssertionError("a model was run before the options were checked")

    monkeypatch.setattr("lumlip.comparison.panel", refuse)
    with pytest.raises(ValueError, match=message):
        compare(MODELS, structures, **options)


def test_one_model_is_not_a_comparison(structures):
    with pytest.raises(ValueError, match="expected two or more"):
        compare(MODELS[:1], structures)
