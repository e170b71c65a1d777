"""The figure of the answer page: the five findings, the paper's numbers and ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lumlip.plotting.style import MINI_COLOR, use_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Name of the figure in the folder of a book's data.
FIGURE = "findings.png"
TITLES = {
    1: "Different potentials",
    2: "Variants of one architecture",
    3: "Fine-tuned and start",
    4: "Last layer against backbone",
    5: "Mean against eight cumulants",
}
REAL_COLOR, PAPER_COLOR = "#0072B2", "#666666"
_LOOKS: dict[str, dict[str, Any]] = {
    "real": {"color": REAL_COLOR, "label": "published models, here", "lift": 0.0},
    "minis": {"color": MINI_COLOR, "label": "minis, here", "lift": -0.22},
}


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Read the findings that chapters have left in a folder, in the order of their numbers."""
    paths = sorted(folder.glob("finding-*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def findings_figure(findings: list[dict[str, Any]]) -> Figure:
    """Draw one row per finding: the paper's number, ours with intervals, and the verdicts."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, 0.9 + 0.78 * len(findings)), layout="constrained")
    ax = figure.subplots()
    for row, finding in enumerate(findings):
        _draw(ax, -row, finding)
    names = [f"{TITLES.get(f['number'], '')}\n{f['statistic']}" for f in findings]
    ax.set_yticks([-row for row in range(len(findings))], names, fontsize=7.5)
    lows = [claim[0]["low"] for f in findings for claim in f["claims"].values() if claim]
    low = min([0.0, *lows])
    ax.set(xlabel="reconstruction error (no unit)", xlim=(1.1 * low, None))
    ax.set_ylim(-len(findings) + 0.45, 0.75)
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
    _legend(ax)
    return figure


def _draw(ax: Axes, place: float, finding: dict[str, Any]) -> None:
    paper = finding["paper"]
    if paper is not None and np.isfinite(paper):
        ax.scatter(paper, place + 0.22, marker="X", s=42, color=PAPER_COLOR, zorder=3)
    for name, look in _LOOKS.items():
        claims, y = finding["claims"].get(name), place + look["lift"]
        if not claims or not np.isfinite(claims[0]["value"]):
            continue
        claim = claims[0]
        ax.hlines(y, claim["low"], claim["high"], color=look["color"], lw=2.2, alpha=0.55)
        face = look["color"] if name == "real" else "white"
        ax.scatter(claim["value"], y, s=30, facecolors=face, edgecolors=look["color"], zorder=3)
        at = (1.01, y)
        words = finding["verdicts"][name]
        ax.annotate(
            words, at, xycoords=("axes fraction", "data"), va="center", color=look["color"],
            fontsize=7.5, annotation_clip=False,
        )  # fmt: skip


def _legend(ax: Axes) -> None:
    ax.scatter([], [], marker="X", s=42, color=PAPER_COLOR, label="paper")
    for name, look in _LOOKS.items():
        face = look["color"] if name == "real" else "white"
        options = {"facecolors": face, "edgecolors": look["color"], "label": look["label"]}
        ax.scatter([], [], s=30, **options)
    ax.figure.legend(loc="outside upper center", ncols=3, fontsize=7.5)


def draw(folder: Path) -> Path:
    """Draw the figure from what is recorded in a folder, in the book's style; return its path."""
    from matplotlib import rc_context

    path = folder / FIGURE
    with rc_context():
        use_style()
        findings_figure(recorded(folder)).savefig(path, dpi=160)
    return path
