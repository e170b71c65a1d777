"""What can be read off a structure without a model: neighbors (of images, too), elements."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from lumlip.array_types import FloatArray, IntArray

#: Two atoms are neighbors if they are closer than this times the sum of their covalent radii.
REACH = 1.1
#: Images of the cell beyond which its shortest vectors are looked for: those of a skewed cell.
MANY_IMAGES = 1000


def neighbor_pairs(atoms: Atoms, cutoff: float) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs of atoms nearer than a cutoff in Å, with their periodic images.

    Returns first, second and distance, (n_pairs,) each: indices of the atoms, first <= second, and
    the distance in Å. Both are equal for an atom and its own image. Each pair comes at least once,
    pairs across a boundary twice.
    """
    positions, origin = _with_images(atoms, cutoff)
    n_atoms = len(atoms)
    pairs = cKDTree(positions).query_pairs(cutoff, output_type="ndarray")
    pairs = pairs[pairs[:, 0] < n_atoms]  # query_pairs sorts each pair: drop image with image
    distance = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
    ends = np.sort(origin[pairs], axis=1)
    return ends[:, 0], ends[:, 1], distance


def neighbors_of_atoms(atoms: Atoms, cutoff: float) -> tuple[IntArray, IntArray, FloatArray]:
    """Every neighbor of every atom nearer than a cutoff in Å, each periodic image for itself.

    Returns atom, neighbor and distance in Å, (n_pairs,) each, in both directions of a pair.
    """
    positions, origin = _with_images(atoms, cutoff)
    centers = cKDTree(positions[: len(atoms)])
    found = centers.sparse_distance_matrix(cKDTree(positions), cutoff, output_type="ndarray")
    found = found[found["i"] != found["j"]]
    found = np.sort(found, order=["i", "j"])
    return found["i"], origin[found["j"]], found["v"]


def reduced_cell(atoms: Atoms) -> FloatArray:
    """Shortest vectors (3, 3) of the lattice in Å; of unit length where it is not periodic."""
    from ase.geometry import complete_cell, minkowski_reduce

    given = np.where(atoms.pbc[:, None], atoms.cell.array, 0.0)
    return np.asarray(complete_cell(minkowski_reduce(given, atoms.pbc)[0]))


def _margin(atoms: Atoms, cell: FloatArray, cutoff: float) -> FloatArray:
    """How far the images within the cutoff reach beyond the cell (3,), in cell vectors."""
    # The distance of opposite faces is one over the length of the reciprocal vector.
    return np.where(atoms.pbc, cutoff * np.linalg.norm(np.linalg.inv(cell), axis=0), 0.0)


def _with_images(atoms: Atoms, cutoff: float) -> tuple[FloatArray, IntArray]:
    """Positions of all atoms, then of their images within the cutoff of the cell, and whose."""
    origin = np.arange(len(atoms))
    if not atoms.pbc.any():
        return atoms.positions, origin
    cell = atoms.cell.complete().array
    margin = _margin(atoms, cell, cutoff)
    if np.prod(2 * margin + 1) > MANY_IMAGES:
        cell = reduced_cell(atoms)
        margin = _margin(atoms, cell, cutoff)
    scaled = np.linalg.solve(cell.T, atoms.positions.T).T
    scaled[:, atoms.pbc] %= 1.0
    reach = np.ceil(margin).astype(int)
    shifts = np.indices(tuple(2 * reach + 1)).reshape(3, -1).T - reach
    shifts = shifts[shifts.any(axis=1)].reshape(-1, 1, 3)
    images = (shifts + scaled).reshape(-1, 3)
    periodic = images[:, atoms.pbc]
    near = ((periodic >= -margin[atoms.pbc]) & (periodic <= 1 + margin[atoms.pbc])).all(axis=1)
    scaled = np.concatenate([scaled, images[near]])
    return scaled @ cell, np.concatenate([origin, np.tile(origin, len(shifts))[near]])


def coordination_numbers(structures: Sequence[Atoms]) -> FloatArray:
    """Number of neighbors of every atom (n_atoms,): those closer than ``1.1 (r_i + r_j)``.

    The covalent radii r are ase's, generous for alkali metals: ions of a kind count in salts.
    """
    return np.concatenate(list(map(_coordination, structures)))


def _coordination(atoms: Atoms) -> FloatArray:
    radius = covalent_radii[atoms.numbers]
    atom, neighbor, distance = neighbors_of_atoms(atoms, 2 * REACH * float(radius.max()))
    bonded = distance < REACH * (radius[atom] + radius[neighbor])
    return np.bincount(atom[bonded], minlength=len(atoms)).astype(float)


def composition(structures: Sequence[Atoms]) -> FloatArray:
    """Share of each element that occurs, by number, in structures (n_structures, n_elements)."""
    known = np.unique(np.concatenate([atoms.numbers for atoms in structures]))
    shares: FloatArray = np.array(
        [(atoms.numbers[:, None] == known).mean(axis=0) for atoms in structures]
    )
    return shares


def energy_target(energies: ArrayLike, structures: Sequence[Atoms]) -> FloatArray:
    """Energy per atom less what a linear function of the composition predicts, by least squares.

    Parameters
    ----------
    energies : array of shape (n_structures,)
        Of whole structures, in eV.
    structures : sequence of ase.Atoms

    Returns
    -------
    array of shape (n_structures,)
        In eV/atom. Zero for an element that occurs in one structure only.

    Raises
    ------
    ValueError
        Another number of energies than of structures.

    Examples
    --------
    >>> oxides = [Atoms("CuO"), Atoms("CuO2"), Atoms("Cu2O2")]
    >>> energy_target([-4.0, -9.0, -9.6], oxides).round(6)
    array([ 0.2,  0. , -0.2])
    """
    numbers, shares = np.asarray(energies, dtype=float), composition(structures)
    if numbers.shape != (len(structures),):
        raise ValueError(f"energies: got shape {numbers.shape}, expected ({len(structures)},)")
    per_atom = numbers / [len(atoms) for atoms in structures]
    rest: FloatArray = per_atom - shares @ np.linalg.lstsq(shares, per_atom, rcond=None)[0]
    return rest


def one_hot(numbers: ArrayLike) -> FloatArray:
    """One column per element that occurs, by number (n_atoms, n_elements): 1 where it is."""
    array = np.asarray(numbers)
    return np.asarray((array[:, None] == np.unique(array)).astype(float))
