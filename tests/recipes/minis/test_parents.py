"""The structures that the minis learn from."""

import numpy as np
import pytest

from recipes.mini_mad.geometry import closeness, scaled
from recipes.minis.lps import ELEMENTS as LPS_ELEMENTS
from recipes.minis.lps import lps_parents
from recipes.minis.make_data import SCALES, _best, closeness_or_touch, copies, split
from recipes.minis.parents import ELEMENTS, METALS, all_parents


@pytest.fixture(scope="module")
def parents():
    return all_parents(np.random.default_rng(0), decorations=2)


def test_forty_elements_and_all_kinds(parents):
    assert len(ELEMENTS) == len(set(ELEMENTS)) == 40
    seen = {symbol for parent in parents for symbol in parent.atoms.get_chemical_symbols()}
    assert seen == set(ELEMENTS)
    assert {parent.kind for parent in parents} == {"inorganic", "surface", "molecule"}


def test_the_same_seed_gives_the_same_parents(parents):
    again = all_parents(np.random.default_rng(0), decorations=2)
    assert [p.name for p in again] == [p.name for p in parents]
    for one, other in zip(again, parents, strict=True):
        assert (one.atoms.positions == other.atoms.positions).all()


def test_metals_replace_metals_only(parents):
    from recipes.mini_mad.prototypes import prototypes

    rocksalt = next(a for a in prototypes() if a.info["prototype"] == "AB_cF8_225_a_b")
    found = [p for p in parents if p.name.startswith("prototype/AB_cF8_225_a_b/")]
    assert found
    assert {"Na", "Cl"} & set(rocksalt.get_chemical_symbols())
    for parent in found:
        symbols = set(parent.atoms.get_chemical_symbols())
        assert len(symbols & set(METALS)) == len(
            {s for s in rocksalt.get_chemical_symbols() if s in METALS}
        )


def test_finished_parents_are_periodic_and_not_too_close(parents):
    for parent in parents[:400]:
        atoms = parent.atoms
        if parent.kind != "molecule":
            atoms = scaled(atoms, 1 / closeness_or_touch(atoms))
        finished = parent.finish(atoms)
        assert finished.pbc.all()
        assert finished.cell.rank == 3
        assert closeness(finished) > 0.4  # closer ones feel more than the largest force allowed


def test_the_volume_is_the_minimum_of_a_parabola():
    crystal = all_parents(np.random.default_rng(1), decorations=2)
    crystal = next(p.atoms for p in crystal if p.kind == "inorganic")
    checks = [scaled(crystal, scale) for scale in SCALES]
    energy = (np.array(SCALES) - 1.0) ** 2
    best = _best(checks, energy)
    assert best.cell.lengths() == pytest.approx(crystal.cell.lengths())
    assert _best(checks, -np.array(SCALES)) is None  # the energy falls without end: unbound


def test_copies_of_a_parent_stay_in_one_part(parents):
    settled = [
        (p, p.finish(scaled(p.atoms, 1 / closeness_or_touch(p.atoms)))) for p in parents[:60]
    ]
    rng = np.random.default_rng(0)
    parts = split(copies(settled, rng, n=3), rng)
    names = {part: {a.info["parent"] for a in frames} for part, frames in parts.items()}
    assert names["train"]
    assert names["validation"]
    assert not names["train"] & names["validation"]
    seen = {frozenset(a.get_chemical_symbols()) for a in parts["train"]}
    for atoms in parts["validation"]:
        assert atoms.info["unseen"] == (frozenset(atoms.get_chemical_symbols()) not in seen)


def test_the_lps_set_has_its_elements_and_real_thiophosphates():
    parents = lps_parents(np.random.default_rng(0))
    seen = {symbol for parent in parents for symbol in parent.atoms.get_chemical_symbols()}
    assert seen == set(LPS_ELEMENTS)
    gamma = next(p.atoms for p in parents if p.name == "lps/gamma-Li3PS4")
    assert gamma.get_chemical_formula() == "Li6P2S8"
    phosphorus = [i for i, s in enumerate(gamma.get_chemical_symbols()) if s == "P"]
    sulfur = [i for i, s in enumerate(gamma.get_chemical_symbols()) if s == "S"]
    for i in phosphorus:  # PS4 tetrahedra: P-S bonds of about 2.05 Å
        bonds = np.sort(gamma.get_distances(i, sulfur, mic=True))
        assert bonds[:4] == pytest.approx(2.05, abs=0.3)
        assert bonds[4] > 3.0
