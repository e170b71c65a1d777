import numpy as np
import pytest
import xarray as xr
from ase.build import bulk, molecule
from ase.data import chemical_symbols

from chapters.variants.subsets import ORGANIC, narrow_models, organic, organic_part, restricted
from lumlip.extraction.panel import Panel


@pytest.fixture
def three():
    """A panel of two models on a molecule, a metal and another molecule."""
    frames = [molecule("H2O"), bulk("Cu"), molecule("CH4")]
    structure = np.repeat(np.arange(3), [len(atoms) for atoms in frames])
    values = {name: (("atom", "channel"), np.arange(9.0)[:, None]) for name in ("a",)}
    dataset = xr.Dataset(
        {**values, "energy": ("structure", [0.0, 1.0, 2.0])},
        coords={"structure": ("atom", structure)},
    )
    return Panel(frames, {"one": dataset, "two": dataset})


def test_organic_elements_are_the_papers():
    assert {chemical_symbols[z] for z in ORGANIC} == {*"HCNOFPSI", "Cl", "Br"}
    frames = [molecule("C6H6"), molecule("SiH4"), bulk("Cu")]
    assert organic(frames).tolist() == [True, False, False]


def test_restricting_numbers_the_structures_anew(three):
    kept = restricted(three, np.array([True, False, True]))
    assert [len(atoms) for atoms in kept.structures] == [3, 5]
    for dataset in kept.datasets.values():
        assert dataset["structure"].to_numpy().tolist() == [0] * 3 + [1] * 5
        assert dataset["a"].to_numpy()[:, 0].tolist() == [0, 1, 2, 4, 5, 6, 7, 8]
        assert dataset["energy"].to_numpy().tolist() == [0, 2]


def test_organic_part(three):
    assert len(organic_part(three).structures) == 2
    assert organic_part(None) is None
    metal = restricted(three, np.array([False, True, False]))
    assert organic_part(metal) is None


@pytest.mark.parametrize("keep", [[True, False], [False, False, False]])
def test_a_wrong_mask_is_refused(three, keep):
    with pytest.raises(ValueError, match="expected some of 3"):
        restricted(three, np.array(keep))


def test_narrow_models_take_much_less_than_others():
    frames = [bulk("Cu"), bulk("Fe"), bulk("Si"), molecule("CH4")]
    assert narrow_models(["mace-mini", "mace-mini-organic"], frames) == ["mace-mini-organic"]
    assert narrow_models(["mace-mini", "mace-mini-organic"], frames[3:]) == []
    assert narrow_models([], frames) == []
