"""Read back from the artists of a figure which numbers are drawn where, and how."""

import numpy as np
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex


def texts(found):
    """Return what texts, labels of ticks or entries of a legend say."""
    return [text.get_text() for text in found]


def cells(ax):
    """Return what is written in the cells of a map, row by row from the top, by where it stands."""
    places = {text: text.get_position() for text in ax.texts}
    inside = sorted(ax.texts, key=lambda text: (int(places[text][1]), *places[text]))
    return texts(inside)


def scatters(ax):
    """Return the scatters that show points: legends are made of empty ones."""
    return [
        drawn
        for drawn in ax.collections
        if isinstance(drawn, PathCollection) and len(drawn.get_offsets())
    ]


def points(ax):
    """Return [x, y] of the points of every scatter, in the order drawn."""
    return [np.ma.filled(drawn.get_offsets(), np.nan).tolist() for drawn in scatters(ax)]


def hues(ax):
    """Return the color of every scatter, or those of its points if they differ."""
    found = [[to_hex(color) for color in drawn.get_edgecolor()] for drawn in scatters(ax)]
    return [colors[0] if len(set(colors)) == 1 else colors for colors in found]


def filled(ax):
    """Return for every scatter whether its points are filled with the color of their edges."""
    return [
        drawn.get_facecolor()[:, :3].tolist() == drawn.get_edgecolor()[:, :3].tolist()
        for drawn in scatters(ax)
    ]


def segments(ax):
    """Return [[x, y], [x, y]] of the segments of all `hlines` and `vlines`, in the order drawn."""
    found = [drawn for drawn in ax.collections if isinstance(drawn, LineCollection)]
    made = [segment.tolist() for drawn in found for segment in drawn.get_segments()]
    return [segment for segment in made if segment]  # of NaN, none is drawn


def curves(ax):
    """Return (x, y) of every line that is plotted in the units of the data."""
    return [
        (list(line.get_xdata()), list(line.get_ydata()))
        for line in ax.lines
        if len(line.get_xdata()) and line.get_transform() == ax.transData
    ]


def rows(ax):
    """Return the labels of the vertical axis from top to bottom."""
    return [name for _, name in sorted(_ticks(ax.yaxis), reverse=not ax.yaxis_inverted())]


def dots(ax):
    """Return the points of every scatter as {label of the nearest row: x}."""
    return [{_row(ax, y): x for x, y in drawn if np.isfinite(x)} for drawn in points(ax)]


def intervals(ax):
    """Return all horizontal segments as (label of the nearest row, start, end)."""
    return [(_row(ax, y), start, end) for (start, y), (end, _) in segments(ax)]


def _ticks(axis):
    places = axis.get_ticklocs()  # axes that share an axis hide its labels, not its formatter
    return list(zip(places, axis.get_major_formatter().format_ticks(places), strict=True))


def _row(ax, y):
    return min(_ticks(ax.yaxis), key=lambda tick: abs(tick[0] - y))[1]
