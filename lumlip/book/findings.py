"""Whether a finding of the paper holds on our models: one rule, written down before the numbers.

A finding is a small set of claims. A claim is a number with its 95 % interval and the side of a
bound that the finding puts it on. It *holds* if the whole interval lies on that side. A finding
holds if all its claims do, holds in part if some do, and else does not hold here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lumlip.metrics.bootstrap import Interval, with_interval

HOLDS, IN_PART, FAILS, NO_DATA = "holds", "holds in part", "does not hold here", "not tested here"
SETS = ("real", "minis")


@dataclass(frozen=True)
class Claim:
    """One measurable statement of a finding.

    Attributes
    ----------
    text : str
        The statement, with its bound in words.
    value, low, high : float
        The number and its 95 % interval (both ends the number itself if it has none).
    bound : float
    side : {"above", "below"}
        Where the finding puts the number.
    """

    text: str
    value: float
    low: float
    high: float
    bound: float
    side: Literal["above", "below"] = "above"

    @property
    def interval(self) -> Interval:
        """The number as an interval."""
        return Interval(self.value, self.low, self.high)

    @property
    def holds(self) -> bool:
        """Tell whether the whole interval lies on the claimed side."""
        return self.low > self.bound if self.side == "above" else self.high < self.bound


def verdict(claims: Sequence[Claim]) -> str:
    """Return the verdict on a finding.

    Examples
    --------
    >>> far = Claim("the mean GFRE is above 0.5", 0.63, 0.60, 0.66, bound=0.5)
    >>> directed = Claim("directions differ by more than 0.05", 0.06, 0.04, 0.08, bound=0.05)
    >>> verdict([far]), verdict([far, directed]), verdict([])
    ('holds', 'holds in part', 'not tested here')
    """
    tested = [claim for claim in claims if np.isfinite([claim.value, claim.low, claim.high]).all()]
    if not tested:
        return NO_DATA
    n_holding = sum(claim.holds for claim in tested)
    return HOLDS if n_holding == len(tested) else IN_PART if n_holding else FAILS


@dataclass(frozen=True)
class Finding:
    """A finding of the paper beside ours: what the answer page shows of a chapter.

    Attributes
    ----------
    number : int
        Of the finding and its chapter, 1 to 5.
    statistic : str
        What the three numbers are, such as "mean GFRE between families".
    paper : float
        The published number; NaN if there is none.
    claims : dict of {"real", "minis"} to list of Claim
        The first claim of each is about the statistic.
    """

    number: int
    statistic: str
    paper: float
    claims: Mapping[str, Sequence[Claim]]

    def verdicts(self) -> dict[str, str]:
        """Return the verdict on the real models and on the minis."""
        return {name: verdict(self.claims.get(name, ())) for name in SETS}

    def facts(self) -> dict[str, Any]:
        """Return what a chapter glues for the answer page: numbers as text, and the verdicts."""
        found: dict[str, Any] = {"paper_number": _text(self.paper)}
        for name, word in self.verdicts().items():
            claims = self.claims.get(name, ())
            value = claims[0].value if claims else np.nan
            found |= {f"{name}_number": _text(value), f"{name}_verdict": word}
        return found

    def record(self, folder: Path) -> None:
        """Write the finding as JSON; `draw` makes the answer page's figure of all."""
        content = {**asdict(self), "verdicts": self.verdicts()}
        path = folder / f"finding-{self.number}.json"
        path.write_text(json.dumps(_plain(content), indent=1) + "\n", encoding="utf-8")


def claims_table(finding: Finding) -> Any:
    """Return the claims with their numbers and whether they hold, as a pandas.DataFrame."""
    import pandas as pd

    rows = [
        {
            "models": name,
            "claim": claim.text,
            "here": with_interval(claim.interval, digits=3),
            "holds": "yes" if claim.holds else "no",
        }
        for name in SETS
        for claim in finding.claims.get(name, ())
    ]
    return pd.DataFrame(rows, columns=["models", "claim", "here", "holds"]).set_index("models")


def _plain(value: Any) -> Any:
    """Turn numbers of numpy into Python's, rounded, and missing ones into null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), 4) if np.isfinite(value) else None
    return value


def _text(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "none"
