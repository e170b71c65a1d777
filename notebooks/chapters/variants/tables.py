"""Tables of the chapter on variants: what was compared, parts of a task, pairs on two sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import Distances, interval, with_interval
from lumlip.zoo.relations import Swaps, kind_of


def contents(panels: Mapping[str, Panel | None]) -> pd.DataFrame:
    """Count what each panel compares: models, structures, atoms."""
    rows = {}
    for name, found in panels.items():
        frames = found.structures if found else []
        rows[name] = {
            "models": len(found.datasets) if found else 0,
            "structures": len(frames),
            "atoms": sum(len(atoms) for atoms in frames),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def missing(panels: Mapping[str, Panel | None], asked: Mapping[str, Sequence[str]]) -> str:
    """Name the models that were asked for and are not there, and why; an empty text if all are.

    Parameters
    ----------
    panels : dict of str to Panel or None
    asked : dict of str to sequence of str
        Model ids of each panel.
    """
    unknown = "could not be run, or takes no structure that others take"
    reasons = {
        model: found.missing.get(model, unknown) if found else unknown
        for name, found in panels.items()
        for model in asked[name]
        if not found or model not in found.datasets
    }
    return "\n".join(f"missing: {model} ({reason})" for model, reason in reasons.items())


def part_rows(by_layer: Mapping[str, Distances], swapped: Swaps | None) -> pd.DataFrame:
    """How far each part of another task, or all of it, takes a task away from itself.

    Parameters
    ----------
    by_layer : dict of layer to Distances
    swapped : Swaps or None
        None: no rows.

    Returns
    -------
    DataFrame
        Columns ``layer``, ``part``, ``value``, ``low``, ``high`` (mean of both directions) and
        ``share``: the square of the value over that of the whole task.
    """
    rows: list[dict[str, Any]] = []
    if swapped is None:
        return pd.DataFrame(rows)
    models = {**swapped.parts, "whole task": swapped.other}
    for layer, distances in by_layer.items():
        whole = distances.between(swapped.other, swapped.base)
        for part, model in models.items():
            draws = distances.between(model, swapped.base)
            share = float(draws[0] ** 2 / whole[0] ** 2)
            rows.append({"layer": layer, "part": part, **interval(draws)._asdict(), "share": share})
    return pd.DataFrame(rows)


def in_both_sets(whole: Distances, part: Distances, *, kinds: Sequence[str]) -> pd.DataFrame:
    """Errors of pairs of some kinds on all structures and on a part of them, as text.

    Parameters
    ----------
    whole, part : Distances
        The first may lack models that take only the part.
    kinds : sequence of str
        See :data:`lumlip.zoo.relations.KINDS`.
    """
    models = list(part.table.index)
    rows = []
    for i, a in enumerate(models):
        for b in models[i + 1 :]:
            if kind_of(a, b) not in kinds:
                continue
            row = {"from": a, "to": b}
            for name, distances in (("all", whole), ("organic", part)):
                for way, draws in (("there", distances.to(a, b)), ("back", distances.to(b, a))):
                    row[f"{name}, {way}"] = with_interval(interval(draws))
            rows.append(row)
    return pd.DataFrame(rows)


def together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of rows together; empty ones do not count."""
    return pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
