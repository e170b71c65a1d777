"""Entries of the atlas, and published models on the same atoms, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lumlip.datasets.sets import DATA
from lumlip.extraction.panel import Panel, panel
from lumlip.extraction.store import select
from lumlip.metrics.repeated import CrossFit, Estimate

Pair = tuple[str, str]


def side_by_side(models: Sequence[str], files: Sequence[Path], *, device: str) -> Panel:
    """Return models, and entries under the names of their files, on the atlas's atoms.

    Models are run on all of mini-mad, whose features other pages need, too.
    """
    named = {f"features:{path}": path.stem for path in files}
    names = [*models, *named.values()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"got several models as {', '.join(twice)}: rename the files of entries")
    shown = panel([*models, *named], "mini-mad", device=device, skip_failing=True)
    kept = np.isin(shown.frames, np.loadtxt(DATA / "atlas.txt", dtype=int))
    cut = {named.get(m, m): select(ds, kept).load() for m, ds in shown.datasets.items()}
    some = [atoms for atoms, keep in zip(shown.structures, kept, strict=True) if keep]
    return replace(shown, structures=some, datasets=cut)


def of_pairs(fit: CrossFit) -> dict[Pair, Estimate]:
    """Return the error of every pair of two models, (source, target)."""
    found = {}
    for i, j in np.argwhere(~np.eye(len(fit.sources), dtype=bool)):
        one = np.zeros(fit.table.shape)
        one[i, j] = 1
        found[fit.sources[i], fit.targets[j]] = fit.mean(one)
    return found


def picker(
    measured: Mapping[str, Mapping[Pair, Estimate]], models: Sequence[str]
) -> dict[str, Any]:
    """Return what the page's pickers show, for ``book/_static/ask.js``.

    Parameters
    ----------
    measured : dict of measure to dict of pair to Estimate
        A measure with a single order of a pair has no direction.
    """
    return {
        "title": "atlas",
        "of": "measure",
        "unit": "",
        "models": list(models),
        "alike": [m for m, some in measured.items() if not any(p[::-1] in some for p in some)],
        "layers": {
            m: [[_cell(some.get((a, b))) for b in models] for a in models]
            for m, some in measured.items()
        },
    }


def _cell(found: Estimate | None) -> list[str] | None:
    if found is None or np.isnan(found.value):
        return None
    return [f"{number:.2f}" for number in (found.value, found.low, found.high)]
