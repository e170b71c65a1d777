"""What is here: the report of doctor, on a machine as it is."""

import pytest

from lumlip.doctor import report


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LUMLIP_MODELS", raising=False)


def test_report_counts_the_models_by_what_they_take():
    lines, healthy = report()
    assert healthy
    counts = next(line for line in lines if line.startswith("models: "))
    for how in ("offline", " download", "gated download"):
        assert how in counts
    assert any(line.startswith("LUMLIP_MODELS: not set") for line in lines)


def test_users_folder_of_weights_is_listed(tmp_path, monkeypatch):
    monkeypatch.setenv("LUMLIP_MODELS", str(tmp_path))
    (tmp_path / "mace-mh-1.model").write_bytes(b"weights")
    (tmp_path / "notes.txt").write_text("mine")
    lines, healthy = report()
    assert healthy
    told = next(line for line in lines if line.startswith(f"LUMLIP_MODELS {tmp_path}"))
    assert "mace-mh-1.model (mace-mh-1@omat_pbe)" in told
    assert "notes.txt (not in the table of models)" in told


def test_users_folder_that_is_not_there_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setenv("LUMLIP_MODELS", str(tmp_path / "no"))
    lines, healthy = report()
    assert not healthy
    assert any("no such folder" in line for line in lines)
