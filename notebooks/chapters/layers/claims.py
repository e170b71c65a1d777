"""The claims of the fourth finding: the backbone holds more than the last layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from chapters.layers.intervals import difference_with_interval, root_mean_square
from chapters.layers.study import LayerStudy
from chapters.shared.headlines import LINEAR
from lumlip.book.findings import Claim
from lumlip.choices import LAYERS
from lumlip.metrics.bootstrap import Resampling

_NOTHING = np.empty((0, 1))


def nonlinear(within: xr.DataArray) -> list[str]:
    """Return the models whose last layer is not a linear function of the backbone, as measured.

    Parameters
    ----------
    within : DataArray of shape (direction, model, atom)
        Global errors, see :func:`chapters.layers.errors.within_models`.
    """
    forth = root_mean_square(within.sel(direction="forth"))
    return [str(m) for m in forth["model"].to_numpy()[forth.to_numpy() >= LINEAR]]


def excess_claim(
    text: str,
    errors: xr.DataArray | None,
    models: Sequence[str],
    *,
    groups: ArrayLike,
    **options: Unpack[Resampling],
) -> Claim:
    """Claim that the way back is harder than the way forth, on average over some models.

    Parameters
    ----------
    text : str
    errors : DataArray of shape (direction, model, atom), or None
    models : sequence of str
        Those that count; none: the claim is not tested.
    groups, options
        See :func:`chapters.layers.intervals.difference_with_interval`.
    """
    back = forth = _NOTHING
    if errors is not None and len(models):
        chosen = errors.sel(model=list(models))
        back, forth = (chosen.sel(direction=way).to_numpy() for way in ("back", "forth"))
    found = difference_with_interval(back, forth, groups=groups, **options)
    return Claim(text, *found, bound=0.0)


def claims(study: LayerStudy, *, n_bootstrap: int = 200, seed: int = 0) -> list[Claim]:
    """Return the three claims with their numbers; NaN where there are no models for one.

    Controls are left out; where the head is linear, the way forth is zero by construction, so that
    such models do not count for the first claim. The third is about the models whose backbone is
    wider than their last layer.
    """
    options: dict[str, Any] = {"groups": study.groups, "n_bootstrap": n_bootstrap, "seed": seed}
    curved = [model for model in nonlinear(study.within) if model in study.models]
    backbone, last = (study.tables[layer, layer].to_numpy()[study.pairs] for layer in LAYERS)
    return [
        excess_claim(
            "in models with a nonlinear head, GFRE back is above GFRE forth",
            study.within,
            curved,
            **options,
        ),
        Claim(
            "between families, the mean GFRE of last layers is above that of backbones",
            *difference_with_interval(last, backbone, **options),
            bound=0.0,
        ),
        excess_claim(
            "GFRE back is above GFRE forth with the backbone cut to the last layer's width",
            study.cut("pca") if study.wider else None,
            study.wider,
            **options,
        ),
    ]
