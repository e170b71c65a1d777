"""The steps of a model in order of depth, and which steps of two models belong together."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from lumlip.array_types import FloatArray
from lumlip.extraction.arrays import LAYER

EMBEDDING, LAST_LAYER = "embedding", "last_layer"
#: Places that every model has, however many interactions lie between them.
STAGES = (EMBEDDING, "first", "middle", "last", "last layer")


def depth_path(dataset: xr.Dataset) -> dict[str, FloatArray]:
    """Features after every step of a model, from the element embedding to the last layer.

    Parameters
    ----------
    dataset : Dataset
        From :func:`lumlip.features` with ``layers=True``.

    Returns
    -------
    dict of step to array of shape (n_atoms, n_channels)
        ``embedding``, the interactions (``interaction_1``, ...; UMA has ``edges`` before), and
        ``last_layer``, which the readout makes of them.

    Raises
    ------
    ValueError
        The data set has no layers.
    """
    names = sorted(str(name) for name in dataset.data_vars if str(name).startswith(LAYER))
    if not names:
        raise ValueError("got features without layers, expected those made with layers=True")
    steps = {name.removeprefix(LAYER).split("_", 1)[1]: name for name in names}
    steps[LAST_LAYER] = LAST_LAYER
    return {step: dataset[name].to_numpy().astype(float) for step, name in steps.items()}


def stages(steps: Sequence[str]) -> dict[str, str]:
    """Name the step of a model at each of `STAGES`.

    Of N interactions the middle one is number (N + 1) // 2: with two it is the first again.

    Examples
    --------
    >>> list(stages(["embedding", "interaction_1", "interaction_2", "last_layer"]).values())
    ['embedding', 'interaction_1', 'interaction_1', 'interaction_2', 'last_layer']
    """
    passing = [step for step in steps if step not in (EMBEDDING, LAST_LAYER)]
    middle = passing[(len(passing) + 1) // 2 - 1]
    chosen = (EMBEDDING, passing[0], middle, passing[-1], LAST_LAYER)
    return dict(zip(STAGES, chosen, strict=True))
