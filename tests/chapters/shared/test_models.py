"""Which models a page takes."""

from chapters.shared.models import seeds_of, with_seeds


def test_of_a_mini_trained_once_there_is_no_other_seed():
    assert seeds_of("uma-mini@omat") == ["uma-mini@omat"]
    assert "pet-mini-seed2" in seeds_of("pet-mini")


def test_seeds_come_once_and_shorter_trainings_do_not():
    found = with_seeds(["pet-mini", "pet-mini-seed2", "mace-mini-r2scan"])
    assert found == [*seeds_of("pet-mini"), "mace-mini-r2scan"]
    assert all(name.removeprefix("pet-mini-seed").isdigit() for name in found[1:-1])
