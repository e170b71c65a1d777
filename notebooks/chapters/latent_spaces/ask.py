"""What any two models recover of each other, for the front page: a list for every comparison.

The page holds the numbers itself, as JSON that a small script shows, without a network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lumlip.datasets.paper import paper_table, paper_tables
from lumlip.metrics.repeated import CrossFit

#: Read by ``book/intro.md``; the script is ``book/_static/ask.js``.
FILE = "ask.md"
LAYERS = {"last_layer": "last layer", "backbone": "backbone"}
#: A share below 0 is worse than the average; how much worse is not told beyond this.
LEAST = -1.0
COMPARED = ("cross_model", "variants")


def measured(fits: Mapping[str, CrossFit], *, title: str) -> dict[str, Any]:
    """Shares recovered (%) between all models of some cross-fits, with 95 % intervals.

    Parameters
    ----------
    fits : dict of layer to CrossFit
        The same models in each, as sources and as targets.
    title : str
        Of the list.

    Returns
    -------
    dict
        ``models``, and by layer a table (n_sources, n_targets) of [share, low, high].
    """
    models = next(iter(fits.values())).sources
    return {
        "title": title,
        "models": models,
        "layers": {LAYERS[layer]: _table(fit) for layer, fit in fits.items()},
    }


def _table(fit: CrossFit) -> list[list[list[int] | None]]:
    n = len(fit.sources)
    return [[_cell(fit, i, j) if i != j else None for j in range(n)] for i in range(n)]


def _cell(fit: CrossFit, source: int, target: int) -> list[int]:
    weights = np.zeros((len(fit.sources), len(fit.targets)))
    weights[source, target] = 1
    share = fit.share(weights)
    return [round(100 * max(end, LEAST)) for end in (share.value, share.low, share.high)]


def published() -> list[dict[str, Any]]:
    """Return the same of the study's tables, whose numbers have no intervals."""
    lists: dict[str, dict[str, Any]] = {}
    for name in paper_tables():
        kind, *which, layer, structures = name.split("/") if name.count("/") > 1 else [""] * 3
        if kind not in COMPARED or not structures.startswith("MAD-test"):
            continue
        table = paper_table(name, "gfre")
        title = f"published: {which[0].replace('-', ' ') if which else 'four families'}"
        found = {"title": title, "models": list(table), "layers": {}}
        rows = (100 * (1 - table.to_numpy() ** 2)).tolist()
        lists.setdefault(title, found)["layers"][LAYERS[layer]] = [
            [[round(x)] if np.isfinite(x) and i != j else None for j, x in enumerate(row)]
            for i, row in enumerate(rows)
        ]
    return list(lists.values())


def script(lists: list[dict[str, Any]]) -> str:
    """Return the numbers as the element of a page that its script reads."""
    content = json.dumps(lists, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="ask-data">{content}</script>\n'


def write(folder: Path, lists: list[dict[str, Any]]) -> None:
    """Write the numbers as a part of a page: they are shown where its element ``ask`` stands."""
    (folder / FILE).write_text(script(lists), encoding="utf-8")
