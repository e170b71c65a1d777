"""What could explain that papers disagree, as claims that can fail."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from chapters.similarity.groups import APART, BEFORE
from chapters.similarity.measured import Measured
from chapters.similarity.views import AS_IS, STRIPPED, WITHIN
from lumlip.book.findings import Claim
from lumlip.metrics.bootstrap import with_interval

#: The word "most" in the claims.
HALF = 0.5
_FEW = 10  # pairs, below which an order says nothing
ELEMENTS = "elements make models look alike"
DIRECTION = "one direction decides"
BASELINE = "untrained networks score as well"
SCALE = "measures differ in scale only"
#: Spearman's coefficient above which two measures order pairs alike.
ALIKE = 0.7
ORDER = (ELEMENTS, DIRECTION, SCALE, BASELINE)
TITLES = {"real": "published", "minis": "minis"}


def hypotheses(sets: Mapping[str, Measured]) -> list[tuple[str, str, Claim]]:
    """Return the claims that a run can test: (hypothesis, set of models, claim).

    Parameters
    ----------
    sets : dict of {"real", "minis"} to Measured
    """
    found: list[tuple[str, str, Claim]] = []
    for name, all_of in sets.items():
        if {AS_IS, WITHIN} <= set(all_of.views) and APART in all_of.views[AS_IS]:
            found += [(ELEMENTS, name, claim) for claim in _elements(all_of)]
        if {AS_IS, STRIPPED} <= set(all_of.views) and APART in all_of.views[AS_IS]:
            found.append((DIRECTION, name, _direction(all_of)))
        if name == "real" and len(all_of.table) > _FEW:
            pairs = [pair for pair in all_of.study.pairs if pair in all_of.table.index]
            found += [(SCALE, name, claim) for claim in same_order(all_of.table.loc[pairs])]
        if AS_IS in all_of.views and BEFORE in all_of.views[AS_IS]:
            found += [(BASELINE, name, claim) for claim in _baseline(all_of)]
    return sorted(found, key=lambda row: ORDER.index(row[0]))


def _elements(all_of: Measured) -> list[Claim]:
    views = (AS_IS, WITHIN)
    claims = [
        Claim(
            "within elements, two families are less alike by linear CKA",
            *all_of.gained("cka", APART, views),
            bound=0.0,
            side="below",
        ),
        Claim(
            "within elements, two families share fewer neighbors",
            *all_of.gained("mutual_knn", APART, views),
            bound=0.0,
            side="below",
        ),
    ]
    if BEFORE in all_of.views[WITHIN]:
        left = all_of.share_left("mutual_knn", BEFORE, views)
        text = "within elements, untrained twins keep less than half of their shared neighbors"
        claims.append(Claim(text, *left, bound=HALF, side="below"))
    return claims


def _direction(all_of: Measured) -> Claim:
    left = all_of.share_left("cka", APART, (AS_IS, STRIPPED))
    text = "without the leading direction, two families keep less than half of their linear CKA"
    return Claim(text, *left, bound=HALF, side="below")


def _baseline(all_of: Measured) -> list[Claim]:
    groups = (APART, BEFORE)
    names = {"mutual_knn": "neighbors shared", "cka": "linear CKA"}
    claims = [
        Claim(
            f"by {label}, two families are no more alike after training than before",
            *all_of.difference(name, groups, AS_IS),
            bound=0.0,
            side="below",
        )
        for name, label in names.items()
    ]
    if WITHIN in all_of.views:
        claims += [
            Claim(
                f"within elements, by {label}, they are more alike after training",
                *all_of.difference(name, groups, WITHIN),
                bound=0.0,
            )
            for name, label in names.items()
        ]
    return claims


def same_order(table: pd.DataFrame) -> list[Claim]:
    """Claim that reconstruction, neighbors and CKA put pairs of models in the same order.

    The interval is the range of the coefficient when each model in turn is left out; there are too
    few models to draw them anew.

    Parameters
    ----------
    table : DataFrame of shape (n_pairs, n_measures)
        All pairs of published models.
    """
    names = list(dict.fromkeys(name for pair in table.index for name in pair))
    claims = []
    for other, label in (("gfre", "GFRE"), ("mutual_knn", "shared neighbors")):
        two = table[["cka", other]]
        left = [_spearman(two[[name not in pair for pair in two.index]]) for name in names]
        text = f"linear CKA and {label} order the pairs alike (Spearman above {ALIKE:g})"
        claims.append(Claim(text, _spearman(two), min(left), max(left), bound=ALIKE))
    return claims


def _spearman(two: pd.DataFrame) -> float:
    return float(two.corr(method="spearman").to_numpy()[0, 1])


def hypothesis_table(found: list[tuple[str, str, Claim]]) -> pd.DataFrame:
    """Return the claims with their numbers and whether they hold."""
    rows = [
        {
            "hypothesis": hypothesis,
            "models": TITLES[name],
            "claim": claim.text,
            "here": with_interval(claim.interval, sign="+" if claim.bound == 0 else ""),
            "holds": "yes" if claim.holds else "no",
        }
        for hypothesis, name, claim in found
    ]
    columns = ["hypothesis", "models", "claim", "here", "holds"]
    return pd.DataFrame(rows, columns=columns).set_index(["hypothesis", "models"])
