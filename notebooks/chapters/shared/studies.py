"""What studies start from: sets of models, each on its structures, split in train and test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from lumlip.array_types import IntArray
from lumlip.extraction.panel import Panel, panels_of
from lumlip.metrics.splits import hold_out


class _OfModels(Protocol):
    @property
    def models(self) -> list[str]: ...


Study = TypeVar("Study", bound=_OfModels)


def studies_of(
    study: Callable[..., Study],
    named: Mapping[str, Sequence[str]],
    structures: Any,
    *,
    device: str = "auto",
    layers: bool = False,
    **setting: Any,
) -> dict[str, Study]:
    """Study several sets of models, each on the structures that all of the set take.

    Parameters
    ----------
    study : callable
        Makes a study of a panel, such as :meth:`SplitPanel.of`.
    named : dict of name to list of model ids
        Sets without a usable model, controls aside, or without a common structure are left out.
    structures : str, path or sequence of ase.Atoms
    device : str
    layers : bool
        Have the features after every step, too.
    setting
        Of ``study``.

    Raises
    ------
    ValueError
        Nothing is left to study.
    """
    panels = panels_of(named, structures, device=device, layers=layers)
    studies = {name: study(panel, device=device, **setting) for name, panel in panels.items()}
    found = {name: one for name, one in studies.items() if one.models}
    if not found:
        raise ValueError(f"got {named}, expected a model that can be run on these structures")
    return found


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
        train, test = hold_out(panel.atoms, by=by, n_test=n_test, seed=seed)
        models = [model for model in panel.datasets if model not in controls]
        return cls(panel, models, train, test, device)
