"""Maps of structures by their mean features, and by cumulants up to a higher order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from chapters.cumulants.study import OrderStudy
from lumlip.array_types import FloatArray
from lumlip.metrics.pcovr import energy_target, pcovr
from lumlip.plotting.viewers import write_viewer

#: Of the regression: with the much smaller one of scikit-matter, a map of eight orders repeats the
#: energies of the structures that it was made with and says little about others.
PENALTY = 1e-3


@dataclass(frozen=True)
class OrderMaps:
    """Maps of one model, made with the training structures and drawn for all.

    Attributes
    ----------
    model : str
    energy : array of shape (n_structures,)
        Energy per atom beyond the composition, as the model has it, in eV/atom.
    points : dict of order to array of shape (n_structures, 2)
    known, new : dict of order to float
        Share of the energy's variance that is linear in the two coordinates: over the training
        and over the test structures.
    """

    model: str
    energy: FloatArray
    points: dict[int, FloatArray]
    known: dict[int, float]
    new: dict[int, float]


def order_maps(study: OrderStudy, model: str, *, penalty: float = PENALTY) -> OrderMaps:
    """Map the structures by principal covariates regression on order 1, and on all orders.

    Parameters
    ----------
    study : OrderStudy
    model : str
        One of the study's.
    penalty : float
        See :func:`lumlip.metrics.pcovr.pcovr`.
    """
    panel, train = study.panel, study.train
    energy = energy_target(panel.datasets[model]["energy"].to_numpy(), panel.structures)
    points, known, new = {}, {}, {}
    for order in (1, study.order):
        features = study.up_to(order)[model]
        made = pcovr(features[train], energy[train], penalty=penalty)
        points[order] = made.transform(features)
        known[order] = explained(points[order], energy, train, train)
        new[order] = explained(points[order], energy, train, study.test)
    return OrderMaps(model, energy, points, known, new)


def explained(points: ArrayLike, y: ArrayLike, train: ArrayLike, test: ArrayLike) -> float:
    """Share of the variance of y that a plane over the points, fitted on train, predicts on test.

    Parameters
    ----------
    points : array of shape (n, 2)
    y : array of shape (n,)
    train, test : int arrays

    Examples
    --------
    >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [2.0, 3.0]])
    >>> round(explained(points, points @ [1, 2] + 3, range(3), [3]), 9)
    1.0
    """
    design = np.column_stack([np.asarray(points), np.ones(len(np.asarray(points)))])
    values, fit, held = np.asarray(y), np.asarray(train), np.asarray(test)
    plane = np.linalg.lstsq(design[fit], values[fit], rcond=None)[0]
    missed = np.square(values[held] - design[held] @ plane).sum()
    spread = np.square(values[held] - values[fit].mean()).sum()
    return float(1 - missed / spread) if spread > 0 else 0.0


def write_map_viewer(path: Path, study: OrderStudy, maps: OrderMaps, *, every: int = 3) -> None:
    """Write both maps with every n-th structure for an interactive viewer."""
    names = dict(zip(maps.points, ("averages", "all orders"), strict=True))
    columns: dict[str, tuple[str | None, ArrayLike]] = {
        f"{names[order]}, axis {axis + 1}": (None, xy[::every, axis])
        for order, xy in maps.points.items()
        for axis in range(2)
    }
    first, second = list(columns)[-2:]
    columns["energy beyond composition"] = ("eV/atom", maps.energy[::every])
    write_viewer(
        path,
        study.panel.structures[::every],
        name=f"{maps.model}: averages and cumulants",
        columns=columns,
        axes=(first, second),
        color="energy beyond composition",
    )
