"""Which structures a shift leaves out."""

import numpy as np
import pytest
import xarray as xr

from chapters.disagreement.distribution_shifts import changed, held_out_elements, held_out_subsets

OWNER = np.repeat(np.arange(300), 3)
#: Every twelfth structure has an atom of gold; the others are of silicon or carbon.
NUMBERS = np.where(OWNER % 2, 14, 6)
NUMBERS[::36] = 79
ATOMS = xr.Dataset(
    coords={
        "structure": ("atom", OWNER),
        "atomic_number": ("atom", NUMBERS),
        "subset": ("structure", np.resize(["bulk", "surface", "rare"], 300)),
    }
)
TEST = np.flatnonzero(OWNER % 5 < 3)
TRAIN = np.flatnonzero(OWNER % 5 >= 3)


def test_a_subset_is_out_of_the_fit_and_its_test_structures_are_the_unusual_ones():
    subset = ATOMS["subset"].to_numpy()
    shifts = held_out_subsets(ATOMS, train=TRAIN, test=TEST)
    assert [shift.name for shift in shifts] == ["bulk", "surface", "rare"]
    for shift in shifts:
        assert set(subset[shift.unusual]) == {shift.name}
        assert shift.name not in set(subset[shift.usual])
        assert shift.name not in set(subset[OWNER[shift.train]])
        assert not set(OWNER[shift.train]) & {*shift.usual, *shift.unusual}
        few = shift.fewer(9)
        assert len(few.usual) == 9
        assert set(few.usual) < set(shift.usual)


def test_elements_are_out_of_the_fit():
    (shift,) = held_out_elements(ATOMS, train=TRAIN, test=TEST, n_elements=1, fewest=3)
    holds = {int(i) for i in OWNER[NUMBERS == 79]}
    assert set(shift.unusual) <= holds
    assert not holds & {*shift.usual, *OWNER[shift.train]}


def test_changed_structures_are_paired_with_their_originals():
    (shift,) = changed("compressed", train=TRAIN, originals=range(10), copies=range(300, 310))
    assert shift.paired
    assert shift.unusual.tolist() == list(range(300, 310))


@pytest.mark.parametrize("n", [0, 3])
def test_too_few_structures_are_no_shift(n):
    assert changed("compressed", train=TRAIN, originals=range(n), copies=range(n)) == []
    few = TEST[OWNER[TEST] < n]
    assert held_out_subsets(ATOMS, train=TRAIN, test=few) == []
    assert held_out_elements(ATOMS, train=TRAIN, test=few) == []
