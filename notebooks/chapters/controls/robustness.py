"""Whether a finding survives: one rule on its headline claim, all variations and its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from chapters.shared.variations import AS_IT_STANDS
from lumlip.book.findings import Claim
from lumlip.book.sentences import listed
from lumlip.metrics.bootstrap import with_interval

HOLDS_UP, IN_PART, FAILS = "survives", "survives in part", "does not survive"
NO_DATA = "not tested here"
#: Whose models a check is about, in the order in which one is taken for the answer.
SETS = {"real": "published models", "minis": "minis"}


@dataclass(frozen=True)
class RobustnessCheck:
    """One finding on one set of models: its headline claim under every variation, its controls.

    Attributes
    ----------
    finding : int
        1 to 5.
    models : {"real", "minis"}
    claims : dict of str to Claim
        By variation; those without data have a value of NaN.
    controls : dict of str to Claim
        By what the control is, as in "against two seeds".
    typical : dict of str to float
        By variation, the number of the median atom in place of the root mean square.
    """

    finding: int
    models: str
    claims: Mapping[str, Claim]
    controls: Mapping[str, Claim] = field(default_factory=dict)
    typical: Mapping[str, float] = field(default_factory=dict)

    @property
    def tested(self) -> dict[str, Claim]:
        """Variations with data."""
        return {name: claim for name, claim in self.claims.items() if has_data(claim)}

    @property
    def opposed(self) -> dict[str, Claim]:
        """Controls with data."""
        return {name: claim for name, claim in self.controls.items() if has_data(claim)}

    @property
    def failing(self) -> list[str]:
        """Variations under which the claim does not hold."""
        return [name for name, claim in self.tested.items() if not claim.holds]

    @property
    def lost_against(self) -> list[str]:
        """Controls that the claim does not hold against."""
        return [name for name, claim in self.opposed.items() if not claim.holds]

    @property
    def word(self) -> str:
        """Apply the rule of book/methods.md."""
        if AS_IT_STANDS not in self.tested:
            return NO_DATA
        if not self.failing and not self.lost_against:
            return HOLDS_UP
        stands = self.tested[AS_IT_STANDS].holds
        half = 2 * len(self.failing) <= len(self.tested)
        return IN_PART if stands and half else FAILS

    @property
    def why(self) -> str:
        """Say in a few words what the word rests on."""
        word, n = self.word, len(self.tested)
        if word == NO_DATA:
            return "this run has no models for it"
        against = f"against {listed(self.lost_against)}" if self.lost_against else ""
        if word == HOLDS_UP:
            controls = "all controls" if len(self.opposed) > 1 else listed(list(self.opposed))
            return f"holds in all {n} ways" + (f" and against {controls}" if controls else "")
        if AS_IT_STANDS in self.failing:
            return "does not hold as it stands"
        if not self.failing:
            return f"holds in all {n} ways, but not {against}"
        some = len(self.failing)
        ways = f"fails when {self.failing[0]}" if some == 1 else f"fails in {some} of {n} ways"
        return f"{ways}, and {against}" if against else ways


def has_data(claim: Claim) -> bool:
    """Tell whether a claim has a number and an interval."""
    return bool(np.isfinite(claim.interval).all())


def of_answer(checks: Sequence[RobustnessCheck], finding: int) -> RobustnessCheck | None:
    """Return the check of a finding for the answer: of published models, or else of minis."""
    own = {check.models: check for check in checks if check.finding == finding}
    tested = [own[name] for name in SETS if name in own and own[name].word != NO_DATA]
    return tested[0] if tested else None


def facts(checks: Sequence[RobustnessCheck]) -> dict[str, str]:
    """Return what the answer page shows: ``survives_N`` and ``why_N`` for N from 1 to 5."""
    found = {}
    for number in range(1, 6):
        check = of_answer(checks, number)
        found[f"survives_{number}"] = check.word if check else NO_DATA
        marked = f" ({SETS[check.models]})" if check and check.models != "real" else ""
        found[f"why_{number}"] = check.why + marked if check else "this run has no models for it"
    return found


def numbers_table(checks: Sequence[RobustnessCheck]) -> pd.DataFrame:
    """Return the number of every finding in every way of measuring, with its interval.

    Those that do not hold are marked by a star; ways that are none for a finding stay empty.
    """
    columns = {}
    for check in (check for check in checks if check.word != NO_DATA):
        written = {
            name: with_interval(claim.interval) + ("" if claim.holds else " *")
            for name, claim in check.tested.items()
        }
        columns[str(check.finding), SETS[check.models]] = written
    names = list(dict.fromkeys(name for check in checks for name in check.claims))
    table = pd.DataFrame(columns).reindex(names)
    return table.dropna(how="all").fillna("")


def robustness_table(checks: Sequence[RobustnessCheck]) -> pd.DataFrame:
    """Return one row per finding and set of models: how many tests it passes, and the word."""
    rows = []
    for check in checks:
        if check.word == NO_DATA:
            continue
        n, lost = len(check.tested), check.lost_against
        against = [f"{'not ' if name in lost else ''}{name}" for name in check.opposed]
        rows.append(
            {
                "finding": check.finding,
                "models": SETS[check.models],
                "as it stands": with_interval(check.tested[AS_IT_STANDS].interval),
                "ways to measure": f"{n - len(check.failing)} of {n}",
                "not when": listed(check.failing) or "none",
                "holds against": listed(against) or "no control",
                "does it survive?": check.word,
            }
        )
    columns = ["finding", "models", "as it stands", "ways to measure", "not when"]
    table = pd.DataFrame(rows, columns=[*columns, "holds against", "does it survive?"])
    return table.set_index(["finding", "models"])
