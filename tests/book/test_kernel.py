"""The process that runs a notebook: how many cores it takes."""

import pytest

from lumlip.book import kernel


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("200000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8), ("max 100000", 8)],
)
def test_a_container_takes_no_more_cores_than_its_quota(tmp_path, monkeypatch, quota, expected):
    """Of eight that it sees; the file has the form that Linux gives it."""
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    monkeypatch.setattr(kernel, "QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(kernel.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert kernel.usable_cores() == expected


def test_without_a_quota_all_cores_are_usable(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel, "QUOTA", tmp_path / "none")
    monkeypatch.setattr(kernel.os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert kernel.usable_cores() == 2
