"""check_model(): the real SevenNet-0, and a model that is made wrong on purpose."""

import pytest
from ase.build import bulk, molecule

from lumlip import tables
from lumlip.checks import SAMPLE, _sample, check_model
from lumlip.conformance import CHECKS
from lumlip.extraction import UntrustedCheckpointError


def labelled(atoms, subset):
    atoms.info["subset"] = subset
    return atoms


@pytest.fixture
def structures():
    crystals = [labelled(bulk(s, cubic=True), "bulk") for s in ("Cu", "Si", "Po")]
    return [*crystals, labelled(molecule("CH3OH"), "molecule")]


def test_sample_takes_each_subset_in_turn(structures):
    names = [
        atoms.get_chemical_formula() for atoms in _sample(structures, frozenset({1, 6, 8, 14, 29}))
    ]
    assert names == ["Cu4", "CH4O", "Si8"]
    assert len(_sample(structures * 20, None)) == SAMPLE


def test_nothing_to_check_on_is_an_error(structures):
    with pytest.raises(ValueError, match="no structure of at most 40 atoms that the model takes"):
        _sample(structures, frozenset({92}))


@pytest.mark.heavy
def test_real_model_passes_every_check(structures):
    report = check_model("sevennet-0", structures)
    assert list(report.index) == list(CHECKS)
    assert report["ok"].all()
    assert (report["error"].dropna() <= report["bound"][report["error"].notna()]).all()


def test_checkpoint_of_the_user_needs_trust(structures, tmp_path):
    (tmp_path / "mine.pth").write_bytes(b"weights")
    with pytest.raises(UntrustedCheckpointError):
        check_model(f"sevennet:{tmp_path / 'mine.pth'}", structures)


@pytest.mark.heavy
def test_table_of_checks_has_a_row_per_model(structures):
    lines = tables.checks_markdown(structures, ["sevennet-0"]).splitlines()
    assert lines[0].startswith("| model | energy from last layer")
    assert lines[2].startswith("| `sevennet-0` | < 1e-")


def test_table_of_checks_is_refused_when_one_fails(structures, monkeypatch):
    import pandas as pd

    failing = pd.DataFrame({"error": [1.0], "bound": [0.1], "ok": [False]}, index=["rotation"])
    monkeypatch.setattr(tables, "check_model", lambda *_: failing)
    with pytest.raises(AssertionError, match=r"sevennet-0 fails \['rotation'\]"):
        tables.checks_markdown(structures, ["sevennet-0"])


def test_table_of_models_has_every_model_and_its_reference():
    text = tables.models_markdown()
    for row in ("`chgnet-0.3.0`", "`sevennet-mf-0@R2SCAN`", "`diep-matpes-r2scan`"):
        assert row in text
    assert "https://doi.org/10.1038/s42256-023-00716-3" in text  # CHGNet's paper


def test_errors_are_written_as_powers_of_ten():
    assert tables._power(3.2e-7) == "< 1e-06"
    assert tables._power(9.99e-7) == "< 1e-05"
    assert tables._power(0.0) == "0"
    assert tables._power(float("nan")) == "nothing to compare"
