"""What a figure shows, as csv: each point or line in the words of its axes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lumlip.plotting.style import FAMILY_COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Rows of a figure, at most: one of more points is left out, as it would not fit into a notebook.
MOST = 1000
COLUMNS = ("panel", "x axis", "y axis", "series", "x", "y", "to x", "to y")


def points_csv(figure: Figure) -> str | None:
    """Return what is drawn in a figure, a row for each point, end of a bar, or piece of a line.

    None if there is more than fits into a notebook.

    A series is named by its label, or that of what looks the same, or by the family whose color it
    has. Places on an axis of names are these names.

    >>> from matplotlib.figure import Figure
    >>> ax = (figure := Figure()).subplots()
    >>> drawn = ax.scatter([0.5], [1], label="pair"), ax.hlines(0, 0.25, 0.75, color="#0072B2")
    >>> _ = ax.set(xlabel="GFRE", yticks=[0, 1], yticklabels=["ours", "paper"])
    >>> print(points_csv(figure), end="")
    panel,x axis,y axis,series,x,y,to x,to y
    1,GFRE,,pair,0.5,paper,,
    1,GFRE,,chgnet,0.25,ours,0.75,ours
    """
    drawn = [artist for ax in figure.axes for artist in _artists(ax)]
    labels = {_look(artist): label for artist, label in reversed(drawn) if label}
    rows: list[tuple[str, ...]] = [COLUMNS]
    for number, ax in enumerate(figure.axes, start=1):
        panel = " ".join((ax.get_title() or ax.get_title(loc="left") or str(number)).split())
        names = [" ".join(text.split()) for text in (ax.get_xlabel(), ax.get_ylabel())]
        rows += [(panel, *names, *row) for row in _rows(ax, labels)]
    if len(rows) - 1 > MOST:
        return None
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _artists(ax: Axes) -> Iterator[tuple[Any, str]]:
    """Yield what is drawn in a panel, and its label: its own or that of the bars it is one of."""
    group = {part: whole for whole in ax.containers for part in whole.get_children()}
    for artist in (*ax.lines, *ax.collections, *ax.patches):
        label = str(group.get(artist, artist).get_label())
        yield artist, "" if label.startswith("_") else label


def _rows(ax: Axes, labels: dict[Any, str]) -> Iterator[tuple[str, ...]]:
    """Yield series and places of everything that is drawn in a panel."""
    from matplotlib.collections import PathCollection

    words = [_words(axis) for axis in (ax.xaxis, ax.yaxis)]
    for artist, label in _artists(ax):
        colors = np.atleast_2d(_colors(artist))
        # A line across the panel has one place on an axis, and none on the other.
        real = artist.get_transform().contains_branch_seperately(ax.transData)
        real = (True, True) if isinstance(artist, PathCollection) else real
        for i, piece in enumerate(list(_pieces(artist))[: None if all(real) else any(real)]):
            series = label or labels.get(_look(artist)) or _family(colors[i % len(colors)])
            places = [_place(x, words[k % 2]) if real[k % 2] else "" for k, x in enumerate(piece)]
            yield (series, *places, *[""] * (4 - len(places)))


def _pieces(artist: Any) -> Iterable[Any]:
    """Return (x, y) of points or (x, y, to x, to y) of bars and pieces of lines."""
    from matplotlib.collections import LineCollection, PathCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    if isinstance(artist, Line2D):
        return np.asarray(artist.get_xydata(), dtype=float)
    if isinstance(artist, PathCollection):
        return np.ma.filled(np.ma.asarray(artist.get_offsets(), dtype=float), np.nan)
    if isinstance(artist, LineCollection):
        # One with an end that is no number has no points at all.
        return [[*piece[0], *piece[-1]] for piece in artist.get_segments() if len(piece)]
    if isinstance(artist, Rectangle):
        return [artist.get_bbox().extents]
    return []


def _words(axis: Any) -> dict[float, str]:
    """Return the names on an axis by their places; nothing of an axis of numbers."""
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    named = isinstance(axis.get_major_formatter(), FixedFormatter | FuncFormatter)
    texts = [" ".join(label.get_text().split()) for label in axis.get_majorticklabels()]
    found = dict(zip(axis.get_majorticklocs().tolist(), texts, strict=False)) if named else {}
    return {place: text for place, text in found.items() if text and not text[0].isdecimal()}


def _place(x: float, words: dict[float, str]) -> str:
    """Write a place: the nearest name, as points beside each other may share one."""
    nearest = min(words, key=lambda place: abs(place - x), default=np.inf)
    return words[nearest] if abs(nearest - x) < 0.5 else f"{x:.5g}"


def _colors(artist: Any) -> Any:
    from matplotlib.colors import to_rgba

    edges = getattr(artist, "get_edgecolor", None)
    return edges() if edges else to_rgba(artist.get_color())


def _look(artist: Any) -> tuple[Any, ...]:
    """Return what two artists of one series have in common; of many colors, none has."""
    from matplotlib.collections import PathCollection

    if not isinstance(artist, PathCollection):
        return (id(artist),)
    colors = [np.asarray(c) for c in (artist.get_facecolor(), artist.get_edgecolor())]
    marker = np.asarray(artist.get_paths()[0].vertices)
    return (id(artist),) if len(colors[0]) > 1 else tuple(x.tobytes() for x in (marker, *colors))


def _family(color: Any) -> str:
    from matplotlib.colors import to_hex

    return next((name for name, own in FAMILY_COLORS.items() if own.lower() == to_hex(color)), "")
