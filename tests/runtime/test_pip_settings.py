"""pip's index settings reach uv."""

import os

import pytest

from lumlip.runtime.pip_settings import uv_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """No settings but those of the test."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("", encoding="utf-8")
    uv_settings.cache_clear()
    yield tmp_path
    uv_settings.cache_clear()


def test_variables_are_translated(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_FIND_LINKS", f"{tmp_path} https://example.org/wheels")
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    settings = uv_settings()
    assert settings["UV_FIND_LINKS"] == f"{tmp_path},https://example.org/wheels"
    assert settings["UV_DEFAULT_INDEX"] == "https://example.org/simple"
    # pip takes the best version of all indexes; uv would stop at the first that has the name.
    assert settings["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_files_are_translated(clean):
    (clean / "pip.conf").write_text(
        "[global]\nextra-index-url = https://example.org/more\n", encoding="utf-8"
    )
    assert "https://example.org/more" in uv_settings()["UV_INDEX"]


def test_variable_wins_over_file(clean, monkeypatch):
    (clean / "pip.conf").write_text("[global]\nindex-url = https://a.example\n", encoding="utf-8")
    monkeypatch.setenv("PIP_INDEX_URL", "https://b.example")
    assert uv_settings()["UV_DEFAULT_INDEX"] == "https://b.example"


def test_uv_variables_of_the_user_stay(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example")
    assert "UV_DEFAULT_INDEX" not in uv_settings()


def test_missing_local_folders_are_dropped(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{tmp_path.as_uri()} file:///no/such/folder")
    assert uv_settings()["UV_INDEX"] == tmp_path.as_uri()
