"""Figures: one look for the whole book, chosen once with :func:`use_style`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lumlip.zoo.relations import family_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: One hue per family, told apart by readers with any kind of color vision (Okabe and Ito 2008).
_LOOKS = {
    "chgnet": ("#0072B2", "o"),
    "sevennet": ("#D55E00", "s"),
    "diep": ("#009E73", "^"),
    "mace": ("#CC79A7", "D"),
    "pet": ("#E69F00", "v"),
    "dpa": ("#56B4E9", "P"),
    "uma": ("#7A5195", "X"),
    "hienet": ("#661100", "*"),
}
FAMILY_COLORS = {family: color for family, (color, _) in _LOOKS.items()}
FAMILY_MARKERS = {family: marker for family, (_, marker) in _LOOKS.items()}
ERROR_COLORS = "mako_r"
#: A hue means a family and nothing else. What is no single family's (means, layers, controls) is
#: in these, told apart by fill, marker and line; names of minis are in italics.
INK = "#222222"
MIDDLE = "#7a7a7a"
LIGHT = "#b5b5b5"
WIDTH = 5.0  # inches: letters of nine points then have nine pixels on a telephone


def use_style() -> None:
    """Set the look of the figures and tables that follow, in matplotlib and pandas."""
    import matplotlib as mpl

    pd.set_option("display.max_colwidth", None)  # a claim is read to its end
    _show_in_notebooks()
    mpl.rcParams.update(
        {
            "axes.edgecolor": "#555555",
            "axes.labelcolor": INK,
            "axes.linewidth": 0.8,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.facecolor": "none",
            "axes.titlesize": "medium",
            "figure.constrained_layout.use": True,
            "figure.dpi": 130,
            "figure.facecolor": "none",
            "figure.figsize": (WIDTH, 3.2),
            "font.family": "DejaVu Sans",
            "font.size": 9.0,
            "legend.fontsize": "medium",
            "legend.frameon": False,
            "lines.linewidth": 2,
            "savefig.dpi": 130,
            "savefig.facecolor": "none",
            "svg.hashsalt": "lumlip",  # else every run has other ids
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def _show_in_notebooks() -> None:
    """Show figures as vectors, without a date, which would differ at every run, and as csv."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return
    from IPython.core.formatters import BaseFormatter
    from matplotlib.figure import Figure
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    from lumlip.plotting.points import points_csv

    set_matplotlib_formats("svg", metadata={"Date": None})  # type: ignore[no-untyped-call]
    as_csv = BaseFormatter(
        format_type="text/csv", print_method="_repr_csv_", parent=shell.display_formatter
    )
    as_csv.for_type(Figure, points_csv)  # type: ignore[no-untyped-call]
    shell.display_formatter.formatters["text/csv"] = as_csv


def error_color(error: float, vmax: float) -> str:
    """Return the color of an error as ``#rrggbb``."""
    import matplotlib as mpl
    import seaborn  # noqa: F401 (it makes the colors known)
    from matplotlib.colors import to_hex

    return to_hex(mpl.colormaps[ERROR_COLORS](min(max(error / vmax, 0.0), 1.0)))


def letters_on(color: str) -> str:
    """Return black or white: what stands out more, with a contrast of at least 4.5 (WCAG 2)."""
    from matplotlib.colors import to_rgb

    light = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return "#000000" if np.dot((0.2126, 0.7152, 0.0722), light) > 0.179 else "#ffffff"


def heat_map_figure(table: pd.DataFrame, *, metric: str) -> Figure:
    """Draw a table of reconstruction errors, sized to its number of models.

    Of models against themselves, the diagonal is left out, families are parted by heavier lines,
    and names of minis are in italics. Rows are sources; colors end at 1.
    """
    import seaborn as sns
    from matplotlib.figure import Figure

    from lumlip.zoo.table import resolve

    size = 2.6 + 0.44 * len(table)
    made = Figure((size + 0.5, size - 0.35), layout="constrained")
    ax = made.subplots()
    is_square = list(table.index) == list(table.columns)
    colors = f"{metric.upper()} (0: fully contained, 1: not at all)"
    bar = {"label": colors, "shrink": 0.72, "pad": 0.02}
    sns.heatmap(
        table,
        ax=ax,
        mask=np.eye(len(table), dtype=bool) if is_square else None,
        cmap=ERROR_COLORS,
        vmin=0,
        vmax=1,
        square=True,
        linewidths=0.6,
        linecolor="white",
        annot=True,
        fmt=".2f",
        annot_kws={"size": 8.5},
        cbar_kws=bar,
    )
    for number in ax.texts:
        x, y = map(int, number.get_position())
        number.set_color(letters_on(error_color(table.to_numpy()[y, x], 1.0)))
    ax.set(xlabel="target: rebuilt", ylabel="source: rebuilt from", facecolor="#f1f1f1")
    ax.tick_params(length=0)
    ax.set_xticklabels(ax.get_xticklabels(), rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticklabels(ax.get_yticklabels(), rotation=0)
    if is_square:
        families = [family_of(model) for model in table.index]
        for i in (i for i in range(1, len(families)) if families[i] != families[i - 1]):
            ax.axhline(i, color="white", lw=3.5)
            ax.axvline(i, color="white", lw=3.5)
        for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
            label.set(fontstyle="italic" if resolve(label.get_text()).mini else "normal")
        names = elided(list(table.index))
        ax.set_xticklabels(names)
        ax.set_yticklabels(names)
    return made


def elided(names: Sequence[str], most: int = 32) -> list[str]:
    """Cut out the middle of long names, such as paths of files, unless that makes two alike.

    >>> elided(["sevennet-0", "mace:/home/me/runs-of-november/tuned.model"])
    ['sevennet-0', 'mace:/h…ber/tuned.model']
    """
    short = [name if len(name) <= most else f"{name[:7]}…{name[-15:]}" for name in names]
    return short if len({*short}) == len({*names}) else list(names)
