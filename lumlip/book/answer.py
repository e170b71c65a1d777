"""The front page's figure and table: one claim for each of the paper's findings.

Chapters leave a ``finding-N.json`` with their primary claim; the build draws what all of them say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lumlip.book.claims import HOLDS, holm
from lumlip.book.models_page import markdown_table
from lumlip.plotting.style import INK, LIGHT, MIDDLE, WIDTH, use_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Names of the figure and of the table in the folder of a book's data.
FIGURE, TABLE = "findings.svg", "findings.md"


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Read the claims that chapters have left in a folder, in order; p-values adjusted by Holm."""
    paths = sorted(folder.glob("finding-*.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    p = holm([float("nan") if claim["p"] is None else claim["p"] for claim in found])
    for claim, value in zip(found, p, strict=True):
        claim |= {"text": claim["text"][:1].upper() + claim["text"][1:], "p": value}
    return found


def findings_table(claims: list[dict[str, Any]]) -> str:
    """Return the claims as a table in Markdown, a row for each finding."""
    rows = []
    for claim in claims:
        here = _number(claim, "value")
        if claim["low"] is not None:
            here += f" ({claim['low']:.2f} to {claim['high']:.2f})"
        bound = f"{claim['side']} {_number(claim, 'bound')}: {claim['bound_from']}"
        control = f"{_number(claim, 'control')}: {claim['control_is']}".strip(": ")
        p = "< 0.001" if claim["p"] < 5e-4 else f"{claim['p']:.3f}"
        number, outcome = str(claim["number"]), f"**{claim['outcome']}**"
        rows.append((number, claim["text"], here, bound, control, outcome, p))
    heads = ("finding", "claim", "here", "bound", "control", "outcome", "p (Holm)")
    return markdown_table(heads, rows) + "\n"


def _number(claim: dict[str, Any], name: str) -> str:
    return "" if claim[name] is None else f"{claim[name]:.2f}"


def findings_figure(claims: list[dict[str, Any]]) -> Figure:
    """Draw one row per finding, each on its own scale: number, interval, bound, claimed side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 0.4 + 0.92 * len(claims)), layout="constrained")
    for ax, claim in zip(figure.subplots(len(claims), squeeze=False)[:, 0], claims, strict=True):
        _draw(ax, claim)
    return figure


def _draw(ax: Axes, claim: dict[str, Any]) -> None:
    names = ("value", "low", "high", "bound", "control")
    numbers = [claim[name] for name in names if claim[name] is not None]
    margin = 0.25 * ((max(numbers) - min(numbers)) or 1.0)
    limits = min(numbers) - margin, max(numbers) + margin
    holds = claim["outcome"] == HOLDS
    claimed = sorted((claim["bound"], limits[claim["side"] == "above"]))
    ax.axvspan(*claimed, color=LIGHT, alpha=0.35, lw=0)
    ax.axvline(claim["bound"], color=INK, lw=1)
    if claim["control"] is not None:
        ax.scatter(claim["control"], 0, marker="x", s=40, color=MIDDLE, zorder=3)
    if claim["value"] is not None:
        ax.hlines(0, claim["low"], claim["high"], color=INK, lw=2)
        look: dict[str, Any] = {"facecolors": INK if holds else "white", "edgecolors": INK}
        ax.scatter(claim["value"], 0, s=42, zorder=3, **look)
    ax.set(yticks=[], xlim=limits, ylim=(-1, 1))
    ax.spines["left"].set_visible(False)
    ax.set_title(f"{claim['number']}  {claim['text']}", loc="left", wrap=True)
    ax.annotate(claim["outcome"], (1, 0.78), xycoords="axes fraction", ha="right")


def draw(folder: Path) -> Path:
    """Draw figure and table of what is recorded in a folder; return the figure's path."""
    from matplotlib import rc_context

    claims = recorded(folder)
    (folder / TABLE).write_text(findings_table(claims), encoding="utf-8")
    with rc_context():
        use_style()
        findings_figure(claims).savefig(folder / FIGURE, metadata={"Date": None})
    return folder / FIGURE
