"""Any structure: refused by one error that names its frame, or taken, and then as ase sees it.

About a hundred by default; `LUMLIP_EXAMPLES=400` tries 4,000.
"""

import os

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumlip.datasets.validation import OVERLAP, check_structures
from lumlip.errors import StructureError
from lumlip.extraction.arrays import StoredStructures, save_structures
from lumlip.extraction.batching import Batches

NUMBERS = st.sampled_from([1, 6, 8, 26, 29, 29, 79, 92, 118, 0, 119])
PLACES = st.sampled_from(["random", "random", "random", "lattice", "one point", "nan", "far"])
CELLS = st.sampled_from(
    ["cubic", "cubic", "random", "random", "none", "flat", "left-handed", "skewed", "inf", "slab"]
)
INFO = st.sampled_from([{}, {}, {"charge": 1}, {"charge": 0.5}, {"spin": np.nan}, {"spin": "up"}])


@st.composite
def odd(draw):
    """Atoms of up to six atoms, mostly with something that no model can take."""
    n, rng = draw(st.integers(0, 6)), np.random.default_rng(draw(st.integers(0, 99)))
    size = 10.0 ** draw(st.sampled_from([-3, -1, 0, 0.5, 0.5, 0.8, 1, 3, 9, 60]))
    kind = draw(PLACES)
    positions = size * rng.random((n, 3))
    if kind == "lattice":
        positions = np.round(positions)
    elif kind == "one point":
        positions[:] = size
    elif n and kind in ("nan", "far"):
        positions[-1, 0] = np.nan if kind == "nan" else 1e12
    atoms = Atoms([draw(NUMBERS) for _ in range(n)], positions, info=dict(draw(INFO)))
    atoms.cell = cell(draw(CELLS), size, rng)
    atoms.pbc = draw(st.sampled_from([True, True, False, [True, True, False], [True, False, True]]))
    return atoms


def cell(kind, size, rng):
    made = size * np.eye(3)
    if kind == "random":
        return size * rng.normal(size=(3, 3))
    if kind == "flat":
        made[2] = made[0] + made[1]
    elif kind == "left-handed":
        made[2] *= -1
    elif kind == "skewed":
        made[1] += 1e3 * made[0]
    elif kind == "inf":
        made[1, 1] = np.inf
    elif kind == "slab":
        made[2] = 0
    return None if kind == "none" else made


@settings(
    max_examples=10 * int(os.environ.get("LUMLIP_EXAMPLES", "10")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(atoms=odd())
def test_structures(tmp_path_factory, atoms):
    try:
        check_structures([Atoms("Xe"), atoms])
    except StructureError as error:
        first, second = str(error).split("\n")
        assert first.startswith("1 of 2 structures ha")
        assert second.startswith("  frame 1")
        return
    assert set(atoms.numbers) <= set(range(1, 119))
    assert np.isfinite(atoms.positions).all()
    if not atoms.pbc.any():
        distances = Atoms(atoms.numbers, atoms.positions).get_all_distances()
        assert (distances + np.eye(len(atoms)) >= OVERLAP).all()
    elif atoms.cell.complete().volume < 1e5:  # ase's search is slow in larger ones
        assert len(neighbor_list("d", atoms, OVERLAP * (1 - 1e-9))) == 0
    path = tmp_path_factory.mktemp("odd") / "s.npz"
    save_structures(path, [atoms])
    (same,) = StoredStructures(path)
    assert same == atoms
    assert list(Batches([atoms], indices=[0], batch_atoms=1, cutoff=6.0)) == [[0]]
