"""SOAP: what a fixed formula, without any training, says of the surroundings of an atom.

The neighbors' density is expanded in radial functions and spherical harmonics by featomic; the
power spectrum of the coefficients does not change with rotations [1]_. With 85 elements there would
be thousands of pairs of them. So every element enters with a few weights instead, as in
alchemical compression [2]_: densities of elements are added up with these weights first.

References
----------
.. [1] A. P. Bartók, R. Kondor, G. Csányi, "On representing chemical environments", Phys. Rev. B 87,
   184115 (2013).
.. [2] M. J. Willatt, F. Musil, M. Ceriotti, "Feature optimization for atomistic machine learning
   yields a data-driven construction of the periodic table of the elements", Phys. Chem. Chem. Phys.
   20, 29661 (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii

from lumlip.array_types import FloatArray

#: Radial functions and highest degree of the spherical harmonics.
N_RADIAL, MAX_DEGREE = 4, 4
#: Seed of the elements' random weights.
SEED = 0
#: Structures that featomic gets at a time: its time grows with the pairs of elements among them.
CHUNK = 16
#: Empty space in Å on both sides of what is not periodic.
VACUUM = 10.0


def element_weights() -> FloatArray:
    """Weights (119, 3) of every element: one, its covalent radius in Å, and a random number.

    Elements that are neither in the periodic table of ase nor known to have a radius get what ase
    has for them.
    """
    radius = np.resize(covalent_radii, 119)
    chance = np.random.default_rng(SEED).normal(size=119)
    return np.column_stack([np.ones(119), radius, chance])


def soap(structures: Sequence[Atoms], *, cutoff: float = 5.0) -> FloatArray:
    """SOAP power spectrum of every atom's surroundings, without the element of the atom itself.

    ``p[a n b n' l] = sum_m c[a n l m] c[b n' l m] / sqrt(2 l + 1)``, with c the coefficients of the
    density of the neighbors, weighted by the weights a and b of their elements. The spectrum of
    every atom is divided by its length, as in the usual kernels.

    Parameters
    ----------
    structures : sequence of ase.Atoms
    cutoff : float
        In Å.

    Returns
    -------
    array of shape (n_atoms, 390)
        All atoms of the first structure, then those of the second, and so on.

    Raises
    ------
    ImportError
        If featomic is missing.
    """
    calculator = _calculator(cutoff)
    chunks = [structures[i : i + CHUNK] for i in range(0, len(structures), CHUNK)]
    spectra = [_power_spectrum(_expansion(calculator, some)) for some in chunks]
    found: FloatArray = np.concatenate(spectra)
    # Products of densities: without this, a few crowded atoms would carry most of the variance.
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(length > 0, length, 1.0)


def _power_spectrum(coefficients: Sequence[FloatArray]) -> FloatArray:
    """Sum products of coefficients (n_atoms, 2 l + 1, n) over the orders of each degree l."""
    blocks = []
    for degree, c in enumerate(coefficients):
        first, second = np.triu_indices(c.shape[2])
        products = np.einsum("imp,imq->ipq", c, c, optimize=True)[:, first, second]
        blocks.append(products / np.sqrt(2 * degree + 1))
    return np.concatenate(blocks, axis=1)


def _expansion(calculator: Any, structures: Sequence[Atoms]) -> list[FloatArray]:
    """Coefficients by degree l: (n_atoms, 2 l + 1, n_weights * n_radial)."""
    weights = element_weights()
    starts = np.cumsum([0, *[len(atoms) for atoms in structures]])
    shape = (starts[-1], weights.shape[1], N_RADIAL)
    found = [np.zeros((shape[0], 2 * d + 1, *shape[1:])) for d in range(MAX_DEGREE + 1)]
    for key, block in calculator.compute(_plain(structures)).items():
        of_structure, of_atom = (np.asarray(block.samples.column(x)) for x in ("system", "atom"))
        own = weights[key["neighbor_type"]][:, None]
        # a center has one row in a block, so that plain indexing adds each of them once
        rows = starts[of_structure] + of_atom
        found[key["o3_lambda"]][rows] += np.asarray(block.values)[:, :, None] * own
    return [c.reshape(*c.shape[:2], -1) for c in found]


def _plain(structures: Sequence[Atoms]) -> list[Atoms]:
    """Copy structures: periodic in all directions or in none, as featomic wants them.

    A slab or a chain gets empty space instead, wider than any cutoff that makes sense.
    """
    copies = []
    for atoms in structures:
        copy = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
        if not copy.pbc.any():
            copy.cell = None
        elif not copy.pbc.all():
            copy.cell = copy.cell.complete()
            copy.center(vacuum=VACUUM, axis=np.flatnonzero(~copy.pbc).tolist())
            copy.pbc = True
        copies.append(copy)
    return copies


def _calculator(cutoff: float) -> Any:
    try:
        import featomic
    except ImportError as error:
        raise ImportError(
            'SOAP needs featomic, which is not here: pip install "lumlip[book]"'
        ) from error
    return featomic.SphericalExpansion(
        cutoff={"radius": cutoff, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
        density={"type": "Gaussian", "width": 0.5},
        basis={
            "type": "TensorProduct",
            "max_angular": MAX_DEGREE,
            "radial": {"type": "Gto", "max_radial": N_RADIAL - 1},
        },
    )
