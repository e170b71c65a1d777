"""A pre-trained mini and its relatives, run on the same structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from chapters.shared.fine_tuning import SCRATCH, relatives
from lumlip.array_types import FloatArray, IntArray
from lumlip.extraction.panel import Panel, panel
from lumlip.metrics.bootstrap import Distances, Resampling
from lumlip.metrics.reconstruction import pointwise_errors
from lumlip.metrics.splits import hold_out
from lumlip.minis.cards import card
from lumlip.zoo.table import resolve


def steps_along(model: str) -> dict[float, str]:
    """Return the ids of the steps kept along a model's training, by the share of it that was done.

    Parameters
    ----------
    model : str
        Id of a mini; any other has none.
    """
    kept = resolve(model).steps if is_known(model) else ()
    total = card(model)["steps"] if kept else 1
    return {step / total: f"{model}.step{step:04d}" for step in kept}


def some(steps: Mapping[float, str], count: int) -> list[str]:
    """Return evenly spaced steps, from the first to the one before the last, or all."""
    ids = list(steps.values())
    places = np.arange(count) * len(ids) / max(count, 1)
    return [ids[i] for i in np.unique(places.astype(int))] if ids else []


@dataclass(frozen=True)
class Lineage:
    """A pre-trained mini, what was fine-tuned from it, and its controls, on the same atoms.

    Attributes
    ----------
    start : str
        Id of the pre-trained mini.
    ids : dict of str to str
        Role, or id of a step along a run, to the model id; those that could be run.
    panel : Panel
    train, test : arrays of int
        Atoms that maps are fitted on, and atoms of structures that no fine-tuning has seen.
    """

    start: str
    ids: dict[str, str]
    panel: Panel
    train: IntArray
    test: IntArray

    @property
    def groups(self) -> IntArray:
        """Structure (n_test,) of every test atom."""
        found: IntArray = self.panel.atoms["structure"].to_numpy()[self.test]
        return found

    def features(self, layer: str, names: Sequence[str] | None = None) -> dict[str, FloatArray]:
        """Features by role, those of ``names`` that are there; by default all."""
        of_model = self.panel.layer(layer)
        chosen = self.ids if names is None else [name for name in names if name in self.ids]
        return {name: of_model[self.ids[name]] for name in chosen}

    def distances(
        self,
        layer: str,
        *,
        metric: str = "gfre",
        names: Sequence[str] | None = None,
        n_neighbors: int | None = None,
        device: str = "auto",
        **draws: Unpack[Resampling],
    ) -> Distances:
        """Errors among the models; ``draws`` are ``n_bootstrap`` and ``seed``."""
        features = self.features(layer, names)
        errors = pointwise_errors(
            features,
            metric=metric,
            train=self.train,
            test=self.test,
            n_neighbors=n_neighbors,
            device=device,
        )
        return Distances.of(errors, self.groups.tolist(), **draws)


def lineage(
    start: str, structures: str, *, runs: Mapping[str, int], device: str = "auto"
) -> Lineage:
    """Run a pre-trained mini and its relatives on the structures of the fine-tuning.

    Parameters
    ----------
    start : str
        Id of the pre-trained mini.
    structures : str
        A named set or a file. Structures of the part ``"test"`` are for testing, others for
        fitting maps; without both parts, a fifth of the atoms is for testing.
    runs : dict of str to int
        Role to the number of steps along its training that are run, too.
    """
    ids = {role: model for role, model in relatives(start).items() if is_known(model)}
    for role, count in runs.items():
        if role in ids:
            ids |= {step: step for step in some(steps_along(ids[role]), count)}
    found = panel(list(ids.values()), structures, device=device, skip_failing=True)
    ids = {name: model for name, model in ids.items() if model in found.datasets}
    return Lineage(start, ids, found, *_parts(found))


def lineages(
    minis: Sequence[str], structures: str, *, n_steps: int, device: str = "auto"
) -> tuple[dict[str, Lineage], str]:
    """Run several minis and their relatives; go on without those that cannot be run.

    Steps are those of full fine-tuning and of training from scratch, and for the first mini those
    of fine-tuning the heads, too.

    Returns
    -------
    (dict of str to Lineage, str)
        The lineages by start, and a few lines about what was run.

    Raises
    ------
    ValueError
        If there is no such mini.
    """
    found, lines = {}, []
    for i, mini in enumerate(minis):
        resolve(mini)
        runs = {"FF": n_steps, SCRATCH: n_steps, "HF": 0 if i else n_steps}
        try:
            found[mini] = lineage(mini, structures, runs=runs, device=device)
        except ValueError as error:  # not one of its models could be run
            lines.append(f"{mini}: {error}")
            continue
        lines.append(f"{mini}: {found[mini].panel.report()}")
    return found, "\n".join(lines) or "no minis in this run"


def is_known(model: str) -> bool:
    """Tell whether there is a model of this id."""
    try:
        resolve(model)
    except ValueError:
        return False
    return True


def _parts(found: Panel) -> tuple[IntArray, IntArray]:
    """Train and test atoms, by the part of their structure."""
    atoms = found.atoms
    is_test = (atoms["part"].to_numpy() == "test")[atoms["structure"].to_numpy()]
    if is_test.all() or not is_test.any():
        return hold_out(atoms, by="structure")
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)
