"""What sources without learning tell of learned features, and the other way around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from chapters.controls.noise_floor import COLORS
from chapters.shared import baselines
from chapters.shared.breakdown import across
from chapters.shared.spectrum import narrowed
from chapters.shared.variations import Sample, Variation
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import (
    NOTHING,
    Distances,
    interval,
    mean_over,
    mean_rms,
    resampled_errors,
    subset_of,
    with_interval,
)
from lumlip.zoo.relations import family_of, is_untrained

#: The richest baseline, cut to as many columns as a learned one has.
CUT = "the same, as narrow as a model"
#: Baseline features that are also rebuilt: the others contain these, or nothing.
TARGETS = (baselines.NOISE, baselines.ELEMENT, baselines.FORMULA, baselines.SOAP, baselines.NET)


def with_cut(
    features: Mapping[str, FloatArray], sample: Sample, *, width: int
) -> dict[str, FloatArray]:
    """Put the richest baseline features, cut by PCA to a width, behind themselves."""
    richest = features[baselines.ALL]
    few = min(width, richest.shape[1], len(sample.train) - 1)
    cut = {CUT: narrowed(richest, few, train=sample.train)}
    found: dict[str, FloatArray] = {}
    for name, X in features.items():
        found |= {name: X, **(cut if name == baselines.ALL else {})}
    return found


def table_of_controls(
    learned: Mapping[str, ArrayLike],
    unlearned: Mapping[str, ArrayLike],
    sample: Sample,
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
    device: str = "auto",
) -> dict[str, Any]:
    """Errors from baselines to learned targets, and from learned sources to baselines.

    Returns
    -------
    dict of {"from baselines", "to baselines"} to (sources, targets, draws)
        Draws of shape (n_sources, n_targets, 1 + n_bootstrap).
    """
    targets = {name: X for name, X in unlearned.items() if name in TARGETS}
    ways = {"from baselines": (unlearned, learned), "to baselines": (learned, targets)}
    found = {}
    for name, (sources, rebuilt) in ways.items():
        errors = sample.errors(sources, rebuilt, variation=Variation(by="structure"), device=device)
        draws = resampled_errors(errors, groups=sample.groups, n_bootstrap=n_bootstrap, seed=seed)
        value = np.sqrt((errors.to_numpy() ** 2).mean(axis=-1))[..., None]
        found[name] = (list(sources), list(rebuilt), np.concatenate([value, draws], axis=-1))
    return found


def mean_of(part: Any, rows: Sequence[str], columns: Sequence[str]) -> FloatArray:
    """Mean over some sources and targets of one of the tables, as draws; NaN if there are none."""
    sources, targets, draws = part
    i = [sources.index(name) for name in rows if name in sources]
    j = [targets.index(name) for name in columns if name in targets]
    if not i or not j:
        return NOTHING
    return np.asarray(draws[np.ix_(i, j)].mean(axis=(0, 1)))


def from_others(found: Distances, sources: Sequence[str], targets: Sequence[str]) -> FloatArray:
    """Mean error from some models to others of other families, as draws."""
    names = [m for m in dict.fromkeys([*sources, *targets]) if m in found.table.index]
    if not names:
        return NOTHING
    wanted = np.outer(np.isin(names, sources), np.isin(names, targets))
    return mean_over(subset_of(found, names), across(names, family_of) & wanted)


def added(
    learned: Mapping[str, FloatArray],
    unlearned: Mapping[str, FloatArray],
    sample: Sample,
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
    device: str = "auto",
) -> dict[str, FloatArray]:
    """What a model tells of one of another family beyond the richest baseline features.

    Parameters
    ----------
    learned : dict of str to array of shape (n_atoms, n_channels)
        Models, best one of each family.
    unlearned : dict of str to array of shape (n_atoms, n_features)
        With the richest features, and a random network of about the width of a model.

    Returns
    -------
    dict of str to array of shape (1 + n_bootstrap,)
        Mean errors over ordered pairs of families, draw by draw: ``"baseline"`` from the baseline
        features alone, ``"random"`` with the random network beside them, ``"learned"`` from the
        other model alone, ``"both"`` from that model and the baseline features.
    """
    pairs, richest = across(list(learned), family_of), unlearned[baselines.ALL]
    if not pairs.any():
        return dict.fromkeys(("baseline", "random", "learned", "both"), NOTHING)
    sources = {
        "learned": dict(learned),
        "both": {name: baselines.together(richest, X) for name, X in learned.items()},
        "baseline": {"baseline": richest},
        "random": {"random": baselines.together(richest, unlearned[baselines.NET])},
    }
    found = {}
    for kind, some in sources.items():
        errors = sample.errors(
            some, learned, variation=Variation(by="structure"), device=device
        ).to_numpy()
        chosen = errors[pairs] if len(some) > 1 else errors[0][pairs.any(axis=0)]
        found[kind] = mean_rms(chosen, groups=sample.groups, n_bootstrap=n_bootstrap, seed=seed)
    return found


def source_rows(
    tables: Mapping[str, Any],
    found: Distances,
    models: Sequence[str],
    *,
    minis: Sequence[str] = (),
    controls: Sequence[str] = (),
) -> pd.DataFrame:
    """How well sources of all kinds rebuild some models: rows for an interval plot.

    Parameters
    ----------
    tables : dict
        From `table_of_controls`.
    found : Distances
        Among learned models and their controls.
    models : sequence of str
        Targets.
    minis, controls : sequence of str
        Other sources. Of controls, untrained ones count; seeds do not.

    Returns
    -------
    DataFrame
        Columns ``name``, ``value``, ``low``, ``high`` and ``color``.
    """
    untrained = [m for m in controls if is_untrained(m)]
    part = tables["from baselines"]
    rows = {name: (mean_of(part, [name], models), "control") for name in part[0]}
    rows["untrained minis"] = (from_others(found, untrained, models), "control")
    rows["minis of other families"] = (from_others(found, minis, models), "mini")
    published = [m for m in found.table.index if m not in (*minis, *controls)]
    rows["published, other families"] = (from_others(found, published, models), "published")
    return pd.DataFrame(
        [
            {
                "name": name,
                **interval(x)._asdict(),
                "color": COLORS[c],
            }
            for name, (x, c) in rows.items()
            if np.isfinite(x[0])
        ],
        columns=["name", "value", "low", "high", "color"],
    )


def as_text(table: Mapping[str, Mapping[str, Sequence[float]]]) -> pd.DataFrame:
    """Write (value, low, high) in a table of columns and rows; rows without any are left out."""
    written = {
        name: {key: with_interval(found) for key, found in column.items() if np.isfinite(found[0])}
        for name, column in table.items()
    }
    return pd.DataFrame({name: column for name, column in written.items() if column})
