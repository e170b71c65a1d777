"""Whether a finding survives: one rule on its headline claim, all treatments and its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from chapters.shared.protocols import AS_IT_STANDS
from lumlip.book.findings import Claim
from lumlip.book.sentences import listed
from lumlip.metrics.bootstrap import with_interval

SURVIVES, IN_PART, FAILS = "survives", "survives in part", "does not survive"
NO_DATA = "not tested here"
#: Whose models a trial is about, in the order in which one is taken for the answer.
SETS = {"real": "published models", "minis": "minis"}


@dataclass(frozen=True)
class Trial:
    """One finding on one set of models: its headline claim under every treatment, its controls.

    Attributes
    ----------
    finding : int
        1 to 5.
    models : {"real", "minis"}
    claims : dict of str to Claim
        By treatment; those without data have a value of NaN.
    controls : dict of str to Claim
        By what the control is, as in "against two seeds".
    typical : dict of str to float
        By treatment, the number of the median atom in place of the root mean square.
    """

    finding: int
    models: str
    claims: Mapping[str, Claim]
    controls: Mapping[str, Claim] = field(default_factory=dict)
    typical: Mapping[str, float] = field(default_factory=dict)

    @property
    def tested(self) -> dict[str, Claim]:
        """Treatments with data."""
        return {name: claim for name, claim in self.claims.items() if has_data(claim)}

    @property
    def opposed(self) -> dict[str, Claim]:
        """Controls with data."""
        return {name: claim for name, claim in self.controls.items() if has_data(claim)}

    @property
    def failing(self) -> list[str]:
        """Treatments under which the claim does not hold."""
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
            return SURVIVES
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
        if word == SURVIVES:
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


def of_answer(trials: Sequence[Trial], finding: int) -> Trial | None:
    """Return the trial of a finding for the answer: of published models, or else of minis."""
    own = {trial.models: trial for trial in trials if trial.finding == finding}
    tested = [own[name] for name in SETS if name in own and own[name].word != NO_DATA]
    return tested[0] if tested else None


def facts(trials: Sequence[Trial]) -> dict[str, str]:
    """Return what the answer page shows: ``survives_N`` and ``why_N`` for N from 1 to 5."""
    found = {}
    for number in range(1, 6):
        trial = of_answer(trials, number)
        found[f"survives_{number}"] = trial.word if trial else NO_DATA
        marked = f" ({SETS[trial.models]})" if trial and trial.models != "real" else ""
        found[f"why_{number}"] = trial.why + marked if trial else "this run has no models for it"
    return found


def numbers_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return the number of every finding in every way of measuring, with its interval.

    Those that do not hold are marked by a star; ways that are none for a finding stay empty.
    """
    columns = {}
    for trial in (trial for trial in trials if trial.word != NO_DATA):
        written = {
            name: with_interval(claim.interval) + ("" if claim.holds else " *")
            for name, claim in trial.tested.items()
        }
        columns[str(trial.finding), SETS[trial.models]] = written
    names = list(dict.fromkeys(name for trial in trials for name in trial.claims))
    table = pd.DataFrame(columns).reindex(names)
    return table.dropna(how="all").fillna("")


def survival_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return one row per finding and set of models: how many tests it passes, and the word."""
    rows = []
    for trial in trials:
        if trial.word == NO_DATA:
            continue
        n, lost = len(trial.tested), trial.lost_against
        against = [f"{'not ' if name in lost else ''}{name}" for name in trial.opposed]
        rows.append(
            {
                "finding": trial.finding,
                "models": SETS[trial.models],
                "as it stands": with_interval(trial.tested[AS_IT_STANDS].interval),
                "ways to measure": f"{n - len(trial.failing)} of {n}",
                "not when": listed(trial.failing) or "none",
                "holds against": listed(against) or "no control",
                "does it survive?": trial.word,
            }
        )
    columns = ["finding", "models", "as it stands", "ways to measure", "not when"]
    table = pd.DataFrame(rows, columns=[*columns, "holds against", "does it survive?"])
    return table.set_index(["finding", "models"])
