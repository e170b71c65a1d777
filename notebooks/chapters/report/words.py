"""How the page writes models and numbers. Ids and paths are others' text: all of it is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chapters.shared.heat import pair_ends
from chapters.shared.heat_tables import HeatTable, heat_table
from lumlip.book import page
from lumlip.book.page import literal
from lumlip.metrics.repeated import CrossFit, Estimate
from lumlip.zoo.table import resolve

#: So many characters of a file's name, and so many names of a list, are written.
LONGEST, LISTED = 40, 8
#: An interval of so many times a number, or 1 if it is smaller, says nothing of it.
ABSURD = 10
_INTERVAL = re.compile(
    r"(?P<value>-?[\d.]+)(?P<percent> %|) \((?P<low>-?[\d.]+) to (?P<high>-?[\d.]+)\)"
)


def called(model: str) -> str:
    """Name a model without the folder of its file, as plain text.

    >>> called("chgnet-0.3.0")
    'chgnet-0.3.0'
    """
    kind, _, path = model.partition(":")
    return f"{kind}:{Path(path).name[-LONGEST:]}" if is_own(model) else model


def is_own(model: str) -> bool:
    """Tell whether a model is a file of the reader's own."""
    return resolve(model).weights in ("file", "features")


def name(model: str) -> str:
    """Name a model in Markdown: minis in italics."""
    mark = "*" * resolve(model).mini
    return f"{mark}{literal(called(model))}{mark}"


def shown(text: str) -> Any:
    """Show Markdown; in the place of an interval that says nothing: too few structures."""
    return page.shown(_INTERVAL.sub(_told, text))


def _told(found: re.Match[str]) -> str:
    value, low, high = (float(found[name]) for name in ("value", "low", "high"))
    if high - low <= ABSURD * max(100.0 if found["percent"] else 1.0, abs(value)):
        return found[0]
    return f"{found['value']}{found['percent']} (too few structures to tell)"


def whole(found: Estimate) -> str:
    """Write a number and its interval without decimals."""
    return f"{found.value:.0f} ({found.low:.0f} to {found.high:.0f})"


def percent(share: Estimate) -> str:
    """Write a share and its interval in percent."""
    return whole(share.map(lambda x: 100 * x)).replace(" (", " % (")


def some(names: Iterable[str], none: str) -> str:
    """List the first of some names in Markdown."""
    listed = list(map(literal, names))
    rest = f" and {len(listed) - LISTED} more" if len(listed) > LISTED else ""
    return (", ".join(listed[:LISTED]) or none) + rest


def heat(fit: CrossFit) -> HeatTable:
    """Show every pair of models with its interval, under the names of `called`."""
    names = {model: called(model) for model in fit.sources}
    tables = (part.rename(index=names, columns=names) for part in (fit.table, *pair_ends(fit)))
    values, low, high = tables
    return heat_table(values, label="GFRE", low=low, high=high)
