"""A periodic table as a heat map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ase.data import chemical_symbols

from lumlip.plotting.style import ERROR_COLORS, letters_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOBLE_GASES = (2, 10, 18, 36, 54, 86)
_LAST = 94


def position(z: int) -> tuple[int, int]:
    """Return (row, column) of an element, rows from 0; lanthanides and actinides below a gap.

    >>> position(1), position(2), position(26), position(58), position(92)
    ((0, 0), (0, 17), (3, 7), (8, 4), (9, 6))
    """
    period = sum(z > noble for noble in _NOBLE_GASES)
    offset = z - (0, *_NOBLE_GASES)[period] - 1
    if period >= 5 and 2 <= offset <= 16:
        return period + 3, offset + 1
    length = (0, *_NOBLE_GASES, 118)[period + 1] - (0, *_NOBLE_GASES)[period]
    n_left = {0: 1, 1: 2, 2: 2}.get(period, 17 if period >= 5 else 12)
    return period, offset if offset < n_left else offset + 18 - length


def periodic_heat_map(
    ax: Axes, values: Mapping[int, float], *, label: str, log: bool = False
) -> None:
    """Color the elements by a value, by atomic number; those without one stay grey.

    ``label`` says what the colors mean, with the unit; ``log`` makes them logarithmic.
    """
    import matplotlib as mpl
    import seaborn as sns
    from matplotlib.colors import LogNorm, Normalize, to_hex

    low, high = min(values.values()), max(values.values())
    norm = LogNorm(max(low, 1e-12), high) if log else Normalize(low, high)
    shades = sns.color_palette(ERROR_COLORS, as_cmap=True)
    for z in range(1, _LAST + 1):
        row, column = position(z)
        shade = to_hex(shades(norm(values[z]))) if z in values else "#eeeeee"
        said = f"{chemical_symbols[z]} {values.get(z, float('nan')):.4g}"
        cell = mpl.patches.Rectangle((column, row), 0.94, 0.94, color=shade, lw=0, label=said)
        ax.add_patch(cell)
        ink = letters_on(shade) if z in values else "#767676"
        place = (column + 0.47, row + 0.5)
        middle: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "clip_on": True}
        ax.text(*place, chemical_symbols[z], color=ink, **middle)
    ax.set(xlim=(0, 18), ylim=(10, 0), aspect="equal")
    ax.set_axis_off()
    assert ax.figure is not None
    mappable = mpl.cm.ScalarMappable(norm, shades)
    ax.figure.colorbar(mappable, ax=ax, label=label, orientation="horizontal", shrink=0.5, pad=0.02)
