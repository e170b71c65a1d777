"""What a page says: its claims and statements, its prose with numbers, and whether the two agree.

With the page's own parameters, a claim with another outcome than the text was written for, or a
statement that does not hold, stops the build: the text must be changed. With a reader's parameters
the page opens with a note that lists them, and is always written.
"""

import json
import os
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Literal

from lumlip.book.chapters import data_folder
from lumlip.book.claims import UNTESTED, Claim
from lumlip.extraction.panel import REMARKS, SKIPPED
from lumlip.metrics.repeated import Estimate

#: Set by ``lumlip run`` when the reader gave parameters.
RERUN = "LUMLIP_RERUN"


@dataclass
class Page:
    """The claims of a chapter, in the order of its text, and its number."""

    number: int
    claims: list[Claim] = field(default_factory=list)

    def claim(self, text: str, found: Estimate, **options: Any) -> Claim:
        """State a claim, with the options of `Claim`."""
        self.claims.append(Claim(text, found, **options))
        return self.claims[-1]

    def says(
        self, text: str, found: Any, *, side: Literal["above", "below"], bound: float = 0.0
    ) -> None:
        """State what the prose says of a number: an Estimate, (value, low, high) or a number.

        A plain number has no interval: for counts, and for what is said of these very structures.
        """
        if not isinstance(found, Estimate):
            value, low, high = found if hasattr(found, "__iter__") else (found, found, found)
            found = Estimate(float(value), float(low), float(high))
        self.claim(text, found, side=side, bound=bound)

    def note(self) -> str:
        """Markdown that opens the page; with its own parameters none, but the text must be true."""
        wrong = [
            f"{claim} ({claim.outcome}; the text says: {claim.expect})"
            for claim in self.claims
            if claim.outcome != claim.expect
        ]
        if not os.environ.get(RERUN):
            if wrong:
                raise AssertionError("the text of this page is not true:\n" + "\n".join(wrong))
            return ""
        n, held = len(self.claims), len(self.claims) - len(wrong)
        lines = "".join(f"\n- {line}" for line in wrong)
        skipped = "".join(f"- {escape(f'{model}: {why}')}\n" for model, why in SKIPPED.items())
        return (
            ":::{admonition} Run with other parameters than the text was written for\n"
            f":class: warning\nOf {n} statements {held} hold here"
            + (f"; these do not:\n{lines}\n" if wrong else ".\n")
            + (f"\nWithout models that could not be run:\n\n{skipped}" if skipped else "")
            + "".join(f"\nOf the structures: {escape(line)}.\n" for line in REMARKS)
            + ":::\n\n"
        )

    def answer(self, text: str) -> Any:
        """Show the first lines of the page: the note, and Markdown with its numbers filled in.

        They are written to ``answer-NN.md``, too, which the front page includes.
        """
        note = self.note()
        path = data_folder() / f"answer-{self.number:02}.md"
        path.write_text(without_nan(text).strip() + "\n", encoding="utf-8")
        return shown(note + text)

    def table(self) -> Any:
        """Return the claims that have a bound from the paper or a null, as pandas.DataFrame."""
        import pandas as pd

        rows = [_row(claim) for claim in self.claims if claim.bound_from]
        return pd.DataFrame(rows).set_index("claim")

    def record(self, folder: Path) -> None:
        """Write the primary claim as JSON, for the figure of the front page."""
        for claim in self.claims:
            if claim.finding:
                content = {"number": claim.finding, **_plain(claim)}
                path = folder / f"finding-{claim.finding}.json"
                path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def shown(text: str) -> Any:
    """Show Markdown with numbers already in it: readable in Jupyter, on GitHub, and in the book."""
    from IPython.display import Markdown

    return Markdown(without_nan(text))  # type: ignore[no-untyped-call]


def literal(text: str) -> str:
    r"""Write a text that others chose, such as a path, so that Markdown shows it as it stands.

    >>> print(literal("a_<script>"))
    a\_\<script\>
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def without_nan(text: str) -> str:
    """Say of numbers that there are none.

    >>> without_nan("smaller by nan (nan to nan) here"), without_nan("finance: +nan, a/nan.pt")
    ('smaller by (no number) here', 'finance: (no number), a/nan.pt')
    """
    none = r"(?<![\w/.])[+-]?\bnan\b(?![/.]\w)( \([+-]?nan to [+-]?nan\))?"  # no part of a path
    return re.sub(none, "(no number)", text)


def _row(claim: Claim) -> dict[str, str]:
    agreeing, n_seeds = claim.agreeing
    control = claim.control if isinstance(claim.control, Estimate) else _number(claim.control)
    return {
        "claim": claim.text + (" (primary)" if claim.finding else ""),
        "models": claim.models,
        "here": str(claim.found) if claim.outcome != UNTESTED else "",
        "bound": f"{claim.side} {claim.bound:.2f}: {claim.bound_from}",
        "control": without_nan(f"{control}: {claim.control_is}") if control else "none",
        "orders that agree": f"{agreeing} of {n_seeds}" if n_seeds else "",
        "outcome": claim.outcome,
        "chosen after seeing numbers": claim.chosen_after or "no",
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _plain(claim: Claim) -> dict[str, Any]:
    control = claim.control.value if isinstance(claim.control, Estimate) else claim.control
    numbers: dict[str, float | None] = {
        "value": claim.found.value,
        "low": claim.found.low,
        "high": claim.found.high,
        "bound": claim.bound,
        "control": control,
        "p": claim.p_value,
    }
    words = ("text", "side", "bound_from", "control_is", "models", "outcome")
    found: dict[str, Any] = {name: getattr(claim, name) for name in words}
    for name, value in numbers.items():
        found[name] = None if value is None or value != value else round(value, 4)
    return found
