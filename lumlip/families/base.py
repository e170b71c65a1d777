"""What every family file provides: a loaded model that turns structures into features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Features:
    """Features of a batch of structures, atoms in the order of the structures.

    Attributes
    ----------
    backbone : array of shape (n_atoms, n_backbone_channels)
        The invariants that enter the energy head.
    last_layer : array of shape (n_atoms, n_last_layer_channels)
        What the final linear map sees: the energy is a known linear function of it.
    energy : array of shape (n_structures,)
        Total energies predicted in the same pass, in eV, float64.
    """

    backbone: FloatArray
    last_layer: FloatArray
    energy: FloatArray


class Extractor(ABC):
    """One checkpoint, loaded on one device, ready to extract.

    Parameters
    ----------
    checkpoint : str
        A name that the family knows (``"0.3.0"``) or the path of a checkpoint file.
    task : str or None
        Task, head, branch or modality (what follows ``@`` in a model id).
    device : {"cpu", "cuda"}
    dtype : {"float32", "float64"}

    Attributes
    ----------
    checkpoint_file : pathlib.Path
        The file that the weights were read from.
    elements : frozenset of int
        Atomic numbers that the model accepts.
    cutoff : float
        Largest distance of a pair of atoms that exchange a message, in Å.
    linear_head : bool
        True if the last layer is a linear map of the backbone, so that backbone -> last layer
        can be rebuilt exactly by construction.
    """

    tasks: ClassVar[tuple[str, ...]] = ()
    linear_head: ClassVar[bool] = False
    checkpoint_file: Path
    elements: frozenset[int]
    cutoff: float

    @abstractmethod
    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None: ...

    @abstractmethod
    def extract(self, structures: Sequence[Atoms]) -> Features:
        """One forward pass over a batch: no forces, no gradients."""

    @abstractmethod
    def energy_from_last_layer(
        self, last_layer: FloatArray, structures: Sequence[Atoms]
    ) -> FloatArray:
        """Total energies (n_structures,) in eV, recomputed from the last-layer features alone."""

    @abstractmethod
    def package_energy(self, atoms: Atoms) -> float:
        """Total energy in eV by the package's own public calculator, for checks."""

    def package_features(self, atoms: Atoms) -> dict[str, FloatArray]:
        """The package's own descriptors, by the name of ours that they must equal; may be empty."""
        return {}
