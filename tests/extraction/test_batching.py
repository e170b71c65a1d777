"""Batches: every structure once, bounded cost, like sizes together."""

from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given
from hypothesis import strategies as st

from lumlip.extraction.batching import Batches

SIZES = [bulk("Cu", cubic=True) * (n, 1, 1) for n in range(1, 12)]


def plan_batches(structures, **options):
    return list(Batches(structures, **options))


@given(
    indices=st.lists(st.integers(0, len(SIZES) - 1), unique=True),
    batch_atoms=st.integers(1, 200),
)
def test_every_structure_is_in_exactly_one_batch(indices, batch_atoms):
    plan = plan_batches(SIZES, indices=indices, batch_atoms=batch_atoms, cutoff=5.0)
    assert sorted(i for batch in plan for i in batch) == sorted(indices)
    assert all(plan)


def test_small_bound_gives_one_structure_a_batch():
    plan = plan_batches(SIZES, indices=range(len(SIZES)), batch_atoms=1, cutoff=5.0)
    assert [len(batch) for batch in plan] == [1] * len(SIZES)


def test_dense_structures_count_for_more_than_their_atoms():
    dilute, dense = bulk("Cu", a=6.0, cubic=True), bulk("Cu", a=2.4, cubic=True)
    plan = [
        len(plan_batches([s] * 20, indices=range(20), batch_atoms=80, cutoff=5.0)[0])
        for s in (dilute, dense)
    ]
    # 20 neighbours per atom within 5 Å cost no more than the atoms themselves; 151 cost 2.5 times.
    assert plan[0] == 20
    assert 6 <= plan[1] <= 9


def test_molecules_are_not_charged_for_neighbours_they_cannot_have():
    pair = Atoms("H2", [[0, 0, 0], [0, 0, 0.74]])
    plan = plan_batches([pair] * 10, indices=range(10), batch_atoms=20, cutoff=6.0)
    assert len(plan) == 1
    assert len(plan_batches([molecule("C60")], indices=[0], batch_atoms=1, cutoff=6.0)) == 1


def test_batches_are_half_of_what_memory_was_too_short_for():
    plan = Batches(SIZES[:4] * 5, indices=range(20), batch_atoms=80, cutoff=5.0)
    following = iter(plan)
    short = next(following)
    plan.shrink(short)
    half = plan.batch_atoms
    assert half <= 40
    later = [*following]
    assert max(map(len, later)) < len(short)
    plan.shrink(short)  # again, or the half of it that fits
    assert plan.batch_atoms == half
    assert sorted(i for batch in [short, *later] for i in batch) == list(range(20))


def test_batches_grow_while_they_take_less_than_a_third_of_the_memory():
    plan = Batches(SIZES * 9, indices=range(99), batch_atoms=8, cutoff=5.0)
    for taken, expected in ((0.1, 16), (0.3, 32), (0.6, 32)):
        next(iter(plan))
        plan.grow(taken)
        assert plan.batch_atoms == expected
    assert len([*plan]) < 99
    plan.grow(0.1)  # the last batch may be a small one: it tells nothing
    assert plan.batch_atoms == 32
