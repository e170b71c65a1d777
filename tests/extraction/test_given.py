"""What is found out about structures once, and what each time."""

import pytest
from ase.build import bulk

from lumlip.datasets import validation
from lumlip.errors import StructureError
from lumlip.extraction import given as given_module
from lumlip.extraction.given import Given
from lumlip.runtime.paths import home


@pytest.fixture(autouse=True)
def looked_at(monkeypatch, tmp_path):
    """The structures whose cells and distances are looked at, in a cache of their own."""
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    found, real = [], validation._cell_fault
    monkeypatch.setattr(
        validation, "_cell_fault", lambda a: found.append(str(a.symbols)) or real(a)
    )
    return found


def test_structures_are_checked_once_for_each_content(looked_at, monkeypatch, tmp_path):
    for _ in range(2):
        assert not Given.of([bulk("Cu"), bulk("Al")]).faults(stop=True)
    assert looked_at == ["Cu", "Al"]
    assert not Given.of([bulk("Cu"), bulk("Al", a=4.1)]).faults(stop=True)
    monkeypatch.setattr(given_module, "CHECKS_VERSION", validation.CHECKS_VERSION + 1)
    assert not Given.of([bulk("Cu"), bulk("Al")]).faults(stop=True)
    assert looked_at == ["Cu", "Al"] * 3


def test_faults_are_found_each_time_with_the_users_numbers():
    wrong = Given.of([bulk("Cu"), bulk("Cu", a=0.3)]).part([1])
    for _ in range(2):
        with pytest.raises(StructureError, match=r"frame 1 \(Cu\)"):
            wrong.faults(stop=True)
        assert list(wrong.faults(stop=False)) == [0]
    charged = bulk("Cu")
    charged.info["charge"] = 0.5
    assert "frame 0 (Cu): charge is 0.5" in Given.of([charged]).faults(stop=False)[0]
    assert not list(home().glob("faultless/*"))


def test_what_the_sum_does_not_cover_is_looked_at_each_time():
    half = bulk("Cu")
    assert not Given.of([half]).faults(stop=True)
    half.info["occupancy"] = {"0": {"Cu": 0.5}}
    with pytest.raises(StructureError, match="occupied in part"):
        Given.of([half]).faults(stop=True)


def test_a_part_that_is_the_whole_keeps_what_is_known():
    whole = Given.of([bulk("Cu"), bulk("Al")])
    assert whole.part([0, 1]) is whole
    assert whole.part([1, 0]).frames == [1, 0]
    assert whole.part([1, 0]).labels["parent"].tolist() == ["frame-1", "frame-0"]
