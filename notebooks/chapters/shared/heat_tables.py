"""Heat maps as tables: numbers that are read, copied, heard and sorted, on colors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from lumlip.plotting.style import error_color, letters_on
from lumlip.zoo.table import resolve

#: Of the ends of intervals that are told.
HIGHEST = 10.0


@dataclass(frozen=True)
class HeatTable:
    """A table of errors that a notebook shows in colors, see :func:`heat_table`."""

    values: pd.DataFrame
    label: str
    vmax: float
    low: pd.DataFrame
    high: pd.DataFrame

    def _repr_html_(self) -> str:
        """Return the table with a color for each number; the book's script sorts its columns."""
        scale = ",".join(error_color(share, 1.0) for share in np.linspace(0, 1, 9))
        look = f"background:linear-gradient(to right,{scale})"
        caption = (
            f'{escape(self.label)}, 0 <span style="{look}">&emsp;&emsp;&emsp;</span> {self.vmax:g}.'
            " Row: source; column: target, rebuilt from it."
        )
        heads = "".join(
            f'<th scope="col"{gap}><span style="writing-mode:vertical-rl">{name}</span></th>'
            for name, gap in _names(self.values.columns)
        )
        rows = "".join(
            f'<tr{gap}><th scope="row">{name}</th>{self._cells(i)}</tr>'
            for i, (name, gap) in enumerate(_names(self.values.index))
        )
        table = f"<caption>{caption}</caption><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}"
        return f'<div class="lumlip-heat"><table>{table}</tbody></table></div>'

    def _cells(self, i: int) -> str:
        names = enumerate(_names(self.values.columns))
        return "".join(f"<td{gap}{self._cell(i, j)}</td>" for j, (_, gap) in names)

    def _cell(self, i: int, j: int) -> str:
        """Return the rest of a cell's tag, and its number."""
        number, low, high = (table.to_numpy()[i, j] for table in (self.values, self.low, self.high))
        if self._is_left_out(i, j):
            return ">"
        said = f"{self.values.index[i]} \u2192 {self.values.columns[j]}: "
        if np.isnan(number):
            return f' title="{escape(said)}not measured">'
        said += f"{number:.2f}{_ends(low, high)}"
        color = error_color(number, self.vmax)
        look = f"background-color:{color};color:{letters_on(color)}"
        return f' style="{look}" title="{escape(said)}">{_short(number)}'

    def _is_left_out(self, i: int, j: int) -> bool:
        return i == j and self.values.index.equals(self.values.columns)

    def _repr_markdown_(self) -> str:
        """Return the numbers alone."""
        lines = [[self.label, *map(str, self.values.columns)]]
        lines.append(["---"] * len(lines[0]))
        for i, numbers in enumerate(self.values.to_numpy()):
            cells = ["" if self._is_left_out(i, j) else _short(x) for j, x in enumerate(numbers)]
            lines.append([str(self.values.index[i]), *cells])
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    __repr__ = _repr_markdown_


def heat_table(
    values: pd.DataFrame,
    *,
    label: str,
    low: pd.DataFrame | None = None,
    high: pd.DataFrame | None = None,
    vmax: float = 1.0,
) -> HeatTable:
    """Return errors as a table in colors: row = source, column = target.

    Parameters
    ----------
    values : DataFrame of shape (n_sources, n_targets)
        NaN where nothing was measured; a model against itself is left out. Families stand apart,
        names of minis are in italics.
    label : str
        What the numbers are, with their unit if they have one.
    low, high : DataFrame of shape (n_sources, n_targets), optional
        Ends of the 95 % intervals, by the same names.
    vmax : float
        Error at the dark end; larger ones get the same color.

    Examples
    --------
    >>> values = pd.DataFrame([[0, 0.51], [0.6, 0]], index=["a", "b"], columns=["a", "b"])
    >>> heat_table(values, label="GFRE")
    | GFRE | a | b |
    | --- | --- | --- |
    | a |  | .51 |
    | b | .60 |  |
    """
    ends = (values * np.nan if end is None else end.reindex_like(values) for end in (low, high))
    return HeatTable(values, label, vmax, *ends)


def _ends(low: float, high: float) -> str:
    """Say the interval of an error, if there is one; far above 1 its end tells nothing."""
    if not low <= high:
        return ""
    return f" ({max(low, 0.0):.2f} to {f'{high:.2f}' if high <= HIGHEST else 'above 10'})"


def _short(number: float) -> str:
    """Write a number with two digits and no 0 before the point."""
    return "" if np.isnan(number) else re.sub(r"^(-?)0\.", r"\1.", f"{number:.2f}")


def _names(names: pd.Index) -> list[tuple[str, str]]:
    """Return each name as HTML, and the class of a gap where another family begins."""
    found: list[tuple[str, str]] = []
    before = None
    for name in map(str, names):
        try:
            family, is_mini = resolve(name).family, resolve(name).mini
        except ValueError:  # no model
            family, is_mini = "", False
        gap = ' class="part"' if found and family != before else ""
        found.append((f"<i>{escape(name)}</i>" if is_mini else escape(name), gap))
        before = family
    return found
