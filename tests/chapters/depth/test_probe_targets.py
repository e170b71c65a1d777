"""What is read off features, and what is given for free."""

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk, molecule

from chapters.depth.probe_targets import energy_beyond_composition, targets_of
from lumlip.extraction.panel import Panel


def made_structures(n=24):
    rng = np.random.default_rng(0)
    made = []
    for i in range(n):
        salt = bulk("NaCl", "rocksalt", a=5.2 + 0.02 * i)
        salt.info["parent"] = f"salt-{i // 2}"
        water = molecule("H2O")
        water.info["parent"] = f"water-{i // 2}"
        made += [salt, water]
    for atoms in made:
        atoms.rattle(0.02, rng=rng)
        atoms.arrays["ref_forces"] = rng.normal(size=(len(atoms), 3))
    return made


@pytest.fixture(scope="module")
def structures():
    return made_structures()


@pytest.fixture(scope="module")
def panel(structures):
    """A model that knows element and volume in its backbone, the energy in its last layer."""
    numbers = np.concatenate([a.numbers for a in structures])
    owner = np.repeat(np.arange(len(structures)), [len(a) for a in structures])
    volume = np.array([a.get_volume() if a.pbc.all() else 0.0 for a in structures])[owner]
    noise = np.random.default_rng(1).normal(size=(len(owner), 2))
    elements = (numbers[:, None] == np.unique(numbers)).astype(float)
    energy = np.bincount(owner, weights=noise[:, 0] - 0.1 * numbers)
    dataset = xr.Dataset(
        {
            "backbone": (("atom", "backbone_channel"), np.c_[elements, volume]),
            "last_layer": (("atom", "last_layer_channel"), noise),
            "energy": ("structure", energy),
        },
        coords={"structure": ("atom", owner), "atomic_number": ("atom", numbers)},
    )
    return Panel(structures, {"sevennet-0": dataset})


def test_targets_are_what_the_structures_allow(structures):
    assert [target.name for target in targets_of(structures)] == [
        "element",
        "coordination number",
        "log volume per atom",
        "force magnitude",
    ]
    waters = [atoms.copy() for atoms in structures[1::2]]
    for atoms in waters:
        del atoms.arrays["ref_forces"]
    assert [target.name for target in targets_of(waters)] == ["element", "coordination number"]


def test_groups_are_parents(structures):
    element = targets_of(structures)[0]
    assert len(set(element.groups)) == 24
    assert element.groups[:2].tolist() == ["salt-0", "salt-0"]


def test_energy_beyond_composition_has_none_of_it(structures):
    energy = [
        -3.0 * (atoms.numbers == 8).sum() - (atoms.numbers == 1).sum() for atoms in structures
    ]
    noise = np.random.default_rng(0).normal(size=len(structures))
    target = energy_beyond_composition(structures, energy + noise)
    sizes = [len(atoms) for atoms in structures]
    assert target.values.std() == pytest.approx((noise / sizes).std(), rel=0.1)


def test_what_each_layer_knows(panel, structures):
    element, _, volume, _ = targets_of(structures)
    own = energy_beyond_composition(structures, panel.datasets["sevennet-0"]["energy"].to_numpy())
    owner = panel.atoms["structure"].to_numpy()
    backbone, last = (panel.layer(name)["sevennet-0"] for name in ("backbone", "last_layer"))
    assert element.probe_atoms(backbone, owner).value == 1
    assert element.probe_atoms(last, owner).value < 0.5
    assert volume.probe_atoms(backbone, owner).value > 0.8
    assert volume.probe_atoms(last, owner).value < 0.3
    assert own.probe_atoms(last, owner).value > 0.95
    assert own.probe_atoms(backbone, owner).value < 0.3


def test_rows_without_the_property_are_left_out(panel, structures):
    volume = {target.name: target for target in targets_of(structures)}["log volume per atom"]
    assert np.isnan(volume.values).sum() == len(structures) // 2
    owner = panel.atoms["structure"].to_numpy()
    score = volume.probe_atoms(panel.layer("backbone")["sevennet-0"], owner)
    assert np.isfinite(score.value)
