"""A panel of models whose atoms are split in train and test: what studies of atoms start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from lumlip.array_types import IntArray
from lumlip.extraction.panel import Panel
from lumlip.metrics.splits import n_held_out, split


@dataclass(frozen=True)
class SplitPanel:
    """A panel, split in train and test atoms.

    Attributes
    ----------
    panel : Panel
    models : list of str
        Those that count; the others of the panel are controls.
    train, test : int arrays
        Atoms.
    device : str
    """

    panel: Panel
    models: list[str]
    train: IntArray
    test: IntArray
    device: str = "auto"

    @classmethod
    def of(
        cls,
        panel: Panel,
        *,
        controls: Sequence[str] = (),
        by: str = "structure",
        n_test: int = 1000,
        seed: int = 0,
        device: str = "auto",
    ) -> Self:
        """Split the atoms of a panel: at most a fifth of them are for the test."""
        n_test = n_held_out(panel.atoms.sizes["atom"], n_test)
        train, test = split(panel.atoms, by=by, n_test=n_test, seed=seed)
        models = [model for model in panel.datasets if model not in controls]
        return cls(panel, models, train, test, device)
