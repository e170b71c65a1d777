"""Features straight from a model, of structures that come one after the other: none are kept."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from lumlip.array_types import FloatArray
from lumlip.choices import LAYERS, as_number, check_choice
from lumlip.datasets.validation import check_structures
from lumlip.extraction.given import Given
from lumlip.extraction.jobs import Job, complain
from lumlip.extraction.store import gather
from lumlip.extraction.workers import WorkerPool
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import ready

#: Å; a displacement whose square, and float64 rounding over it, are both far below a feature.
STEP = 1e-4
#: Of smaller ones rounding is left, larger ones are no derivatives.
SMALLEST_STEP, LARGEST_STEP = 1e-6, 0.1


class Descriptors:
    """A model whose worker, in the environment of its family, waits for the next structures.

    Used in a ``with`` block, which ends the worker; the first call starts it, which takes seconds.
    Options are those of :func:`lumlip.features`. Features along a trajectory,
    ``with Descriptors("mace-mini") as model:``, are
    ``[model.get_descriptors(atoms) for atoms in trajectory]``.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "float64",
        trust_checkpoint: bool = False,
    ) -> None:
        self.entry, self.device, self.dtype = resolve(model), device, dtype
        self.trust_checkpoint = trust_checkpoint
        if self.entry.weights == "features":
            raise ValueError(f"{model} holds features only, expected a model that can be run")
        self.pool = WorkerPool()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.pool.__exit__(*error)

    def get_descriptors(self, atoms: Atoms, *, layer: str = "last_layer") -> FloatArray:
        """Features (n_atoms, n_channels) of one structure, as calculators of ase offer them."""
        check_choice("layer", layer, LAYERS)
        return self.arrays([atoms])[layer]

    def arrays(self, structures: Sequence[Atoms]) -> dict[str, NDArray[Any]]:
        """Return ``backbone``, ``last_layer`` (n_atoms, n_channels) and ``energy`` in eV."""
        check_structures(structures, elements=self.entry.elements, model=self.entry.id)
        entry = ready(self.entry, trust_checkpoint=self.trust_checkpoint)
        job = Job(entry, Given(structures, range(len(structures))), self.dtype)
        with TemporaryDirectory() as name:
            facts = job.run(self.pool, Path(name), device=self.device)
            complain(job, facts["failed"], "stop", "but nothing is kept")
            return {key: np.array(x) for key, x in gather(Path(name)).items()}  # files no more


def feature_gradients(
    model: str,
    atoms: Atoms,
    *,
    of: str = "last_layer",
    step: float = STEP,
    device: str = "auto",
    trust_checkpoint: bool = False,
) -> FloatArray:
    """Derivatives of features with respect to positions, by central differences in float64.

    They cost 6 n_atoms forward passes of the whole structure, so time grows as n_atoms squared, and
    8 * 3 * n_atoms^2 * n_channels bytes. Their error is of the order of step^2 (step in Å), about
    1e-7 of a derivative. There are none with respect to the cell.

    Parameters
    ----------
    of : {"last_layer", "backbone", "energy"}
    model, device, trust_checkpoint
        As for :func:`lumlip.features`.

    Returns
    -------
    array of shape (n_atoms, n_channels, n_atoms, 3)
        Feature c of atom i by coordinate k of atom j at ``[i, c, j, k]``, in its unit per Å. Of the
        energy an array of shape (n_atoms, 3): the forces with the opposite sign, in eV/Å.
    """
    check_choice("of", of, [*LAYERS, "energy"])
    if not SMALLEST_STEP <= as_number("step", step) <= LARGEST_STEP:
        raise ValueError(
            f"step: got {step}, expected a displacement in Å, {SMALLEST_STEP:g} to {LARGEST_STEP:g}"
        )
    if not isinstance(atoms, Atoms):
        raise TypeError(f"got {atoms!r:.60}, expected one structure, an ase.Atoms")
    n, moved = len(atoms), []
    for atom, axis, sign in product(range(n), range(3), (1, -1)):
        moved.append(atoms.copy())
        moved[-1].positions[atom, axis] += sign * step
    with Descriptors(model, device=device, trust_checkpoint=trust_checkpoint) as found:
        arrays = found.arrays(moved)
    if of not in arrays:
        raise ValueError(f"{model} predicts no energy, expected of='last_layer' or 'backbone'")
    values = arrays[of]
    ahead, behind = np.moveaxis(
        values.reshape(n, 3, 2, *((n, -1) if values.ndim > 1 else ())), 2, 0
    )
    return np.moveaxis((ahead - behind) / (2 * step), (0, 1), (-2, -1))
