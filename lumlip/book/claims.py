"""Claims: a sentence, its number, a bound from the paper or from a null, and what the null reaches.

The prose of a page stands in its notebook. Whatever it says of numbers (more, less, in all, none)
is stated once more as a claim or a plain statement, which the page itself measures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lumlip.metrics.repeated import Estimate

HOLDS, NO_MORE = "holds", "holds, but for the control as well"
FAILS, UNTESTED = "does not hold", "not testable here"


@dataclass(frozen=True)
class Claim:
    """One measurable sentence, without numbers: its number, and where the sentence puts it.

    A cross-fit has at least ten orders of the folds. The control is the same number where the
    sentence should not hold: features that learned nothing, twins that were not trained. A claim
    may hold for its control as well, however far the two numbers are apart.
    """

    text: str
    found: Estimate
    bound: float = 0.0
    side: Literal["above", "below"] = "above"
    bound_from: str = ""  # the paper, or a null; empty for a plain statement of the text
    control: Estimate | float | None = None
    control_is: str = ""
    models: str = ""  # on which
    finding: int = 0  # of the paper's five, if this is the one claim that is counted for it
    chosen_after: str = ""  # what was chosen after seeing numbers, if anything was
    expect: str = HOLDS  # the outcome that the text of the page was written for

    @property
    def outcome(self) -> str:
        """One of `HOLDS`, `NO_MORE`, `FAILS` and `UNTESTED`.

        >>> Claim("far apart", Estimate(0.6, 0.5, 0.7), bound=0.4, control=0.45).outcome
        'holds, but for the control as well'
        """
        if not all(map(math.isfinite, (self.found.value, self.found.low, self.found.high))):
            return UNTESTED
        if not self._on_side(self.found.low, self.found.high):
            return FAILS
        if self.control is None:
            return HOLDS
        control = self.control.value if isinstance(self.control, Estimate) else self.control
        return NO_MORE if self._on_side(control, control) else HOLDS

    def _on_side(self, low: float, high: float) -> bool:
        return low > self.bound if self.side == "above" else high < self.bound

    @property
    def agreeing(self) -> tuple[int, int]:
        """How many orders of the folds hold alone, with their own intervals, and of how many."""
        seeds = self.found.by_seed
        return sum(self._on_side(some.low, some.high) for some in seeds), len(seeds)

    @property
    def p_value(self) -> float:
        """One-sided, from how often the reach toward the bound fits into the distance to it.

        >>> round(Claim("", Estimate(1.0, 0.0, 2.0)).p_value, 3)
        0.025
        """
        above = self.found.value > self.bound
        reach = abs(self.found.value - (self.found.low if above else self.found.high))
        if not math.isfinite(reach):
            return math.nan
        claimed = above == (self.side == "above")
        distance = abs(self.found.value - self.bound) * (1 if claimed else -1)
        z = 1.959964 * distance / reach if reach else math.copysign(math.inf, distance)
        return math.erfc(z / math.sqrt(2)) / 2

    def __str__(self) -> str:
        return f"{self.text}: {self.found} here, expected {self.side} {self.bound:.2f}"


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of several claims that are counted together (Holm 1979); NaN: not tested.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    tested = [i for i, p in enumerate(p_values) if math.isfinite(p)]
    order = sorted(tested, key=lambda i: p_values[i])
    adjusted, largest = list(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted
