"""Computed sentences of the chapter on measures of similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from chapters.similarity.groups import APART, BEFORE, SAME
from chapters.similarity.hypotheses import SCALE
from chapters.similarity.measured import Measured
from chapters.similarity.study import LABELS
from chapters.similarity.views import AS_IS, WITHIN, element_mean_similarity
from lumlip.book.findings import Claim
from lumlip.book.sentences import listed

_MUCH = 0.1
_NO_SCALE = (
    "This run has no minis with untrained twins and second seeds, and so no common scale for the "
    "measures."
)


def spread(real: Measured) -> str:
    """Say how far apart the measures are about one and the same features."""
    group = APART if APART in real.means else SAME
    if group not in real.means:
        return "This run has no pair of published models."
    values = real.means[group].drop(["explained"], errors="ignore")
    low, high = str(values.idxmin()), str(values.idxmax())
    kind = "of different families" if group == APART else "of one family"
    return (
        f"From the same features, published models {kind} come out as {values[low]:.2f} alike "
        f"({LABELS[low]}) or as {values[high]:.2f} ({LABELS[high]}), on scales that all end at 1."
    )


def by_training(tables: Mapping[str, pd.DataFrame]) -> str:
    """Say what training does to the similarity of two families, by how many measures.

    Parameters
    ----------
    tables : dict of str to DataFrame
        View, to calibrated similarities with intervals.
    """
    if AS_IS not in tables:
        return _NO_SCALE
    scale = "On a scale from untrained networks (0) to two seeds of one model (1)"
    sentence = f"{scale}, {_sides(tables[AS_IS])}."
    if WITHIN in tables:
        values = tables[WITHIN]["value"].dropna()
        sentence += (
            f" Compared within elements, {_sides(tables[WITHIN])}: they put two trained families "
            f"at {values.min():.2f} to {values.max():.2f} of the way."
        )
    return sentence


def _sides(table: pd.DataFrame) -> str:
    """Count the measures that have a scale by the side of zero."""
    values = table["value"].dropna()
    up, down = int((values > 0).sum()), int((values <= 0).sum())
    if not down:
        return f"all {up} measures that have such a scale say that training brings families closer"
    say = "measures say" if up > 1 else "measure says"
    return (
        f"{up or 'no'} {say} that training brings families closer, and {down} that it does not "
        f"({listed([LABELS[name] for name in values.index[values <= 0]])})"
    )


def headline(tables: Mapping[str, pd.DataFrame], redrawn: Sequence[float] = ()) -> str:
    """Say which headline is right in which sense.

    Parameters
    ----------
    tables : dict of str to DataFrame
        View, to calibrated similarities with intervals.
    redrawn : sequence of float
        The median over measures with the atoms drawn anew.
    """
    table = tables.get(WITHIN, tables.get(AS_IS))
    if table is None or not (values := table["value"].dropna()).size:
        return ""
    medians = [float(values.median()), *redrawn]
    middle = float(np.mean(medians))
    if middle <= 0:
        return "Here nothing converges: training leaves families no more alike than before."
    if middle >= 1:
        return "Here models converge: two families end up as alike as two seeds."
    draws = (
        f"; {100 * min(medians):.0f} to {100 * max(medians):.0f} % in {len(medians)} draws of atoms"
        if len(medians) > 1
        else ""
    )
    return (
        "So both headlines are right, about different things: training on the same labels does "
        f"bring families closer (by the median measure {100 * middle:.0f} % of the way to two "
        f"seeds{draws}), and what is left of the way is the difference that reconstruction finds."
    )


def agree(agreement: pd.DataFrame | None) -> str:
    """Say whether the measures put pairs of models in the same order."""
    if agreement is None:
        return "This run has too few pairs of models to compare the orders of measures."
    values = agreement.to_numpy()
    upper = values[np.triu_indices(len(values), 1)]
    i, j = np.unravel_index(np.argmin(values), values.shape)
    first, second = (LABELS[list(agreement.index)[k]] for k in (int(i), int(j)))
    return (
        f"Spearman's coefficient between two measures is {np.median(upper):.2f} for the median "
        f"couple, and lowest, {values[i, j]:.2f}, between {first} and {second}."
    )


def families(found: pd.Series[float] | None) -> str:
    """Say which measures find the families."""
    if found is None:
        return ""
    perfect = [LABELS[name] for name in found.index[found > 0.999]]
    none = [LABELS[name] for name in found.index[found < 0.2]]
    text = (
        f"Clustered by {listed(perfect)}, the models fall into their families exactly."
        if perfect
        else "Clustered by no measure do the models fall into their families exactly."
    )
    return text + (f" By {listed(none)} they hardly do." if none else "")


def leading(dimensions: Mapping[str, pd.DataFrame]) -> str:
    """Say how much of the variance lies along one direction, and what the element does there."""
    parts = []
    for name, title in (("real", "published models"), ("minis", "minis, trained or not,")):
        if name in dimensions:
            table = dimensions[name]
            parts.append(
                f"In the {title} one direction holds {100 * table['leading'].min():.0f} to "
                f"{100 * table['leading'].max():.0f} % of the variance, and the element tells "
                f"{100 * table['by_element'].min():.0f} to {100 * table['by_element'].max():.0f} % "
                "of where an atom stands along it."
            )
    return " ".join(parts)


def dimensions(tables: Mapping[str, pd.DataFrame]) -> str:
    """Say how intrinsic dimensions compare with channels, and how estimators compare."""
    table = pd.concat(list(tables.values()))
    apart = (table["two_nn"] / table["mle"]).apply(lambda x: max(x, 1 / x)).median()
    return (
        f"With {table['channels'].min():.0f} to {table['channels'].max():.0f} channels, atoms "
        f"spread along {table['two_nn'].min():.1f} to {table['two_nn'].max():.1f} directions by "
        f"two neighbors, and {table['mle'].min():.1f} to {table['mle'].max():.1f} by highest "
        f"likelihood; the two estimators differ by a factor of {apart:.1f} for the median model."
    )


def elements(sets: Mapping[str, Measured]) -> str:
    """Say what taking the element out does to published families, and to untrained twins."""
    parts = []
    views = sets["real"].views if "real" in sets else {}
    if {AS_IS, WITHIN} <= set(views) and APART in views[AS_IS]:
        before, after = (views[view][APART]["cka"] for view in (AS_IS, WITHIN))
        verb = "rises" if after > before else "falls"
        parts.append(
            f"Within elements, linear CKA between published families {verb} from {before:.2f} to "
            f"{after:.2f}."
        )
        means = element_mean_similarity(sets["real"].study, sets["real"].groups[APART])
        if after > before and means < after:
            parts.append(
                "What they disagree about is where elements lie: between the means of the elements "
                f"alone it is {means:.2f}."
            )
        parts += odd_one_out(sets["real"])
    views = sets["minis"].views if "minis" in sets else {}
    if {AS_IS, WITHIN} <= set(views) and BEFORE in views[AS_IS]:
        before, after = (views[view][BEFORE]["mutual_knn"] for view in (AS_IS, WITHIN))
        parts.append(
            f"Untrained twins share {100 * before:.0f} % of their neighbors, and {100 * after:.0f} "
            "% within elements: a network that has learned nothing already sorts atoms by element."
        )
    return " ".join(parts)


def odd_one_out(real: Measured) -> list[str]:
    """Name the model that keeps the linear CKA between families low, where a single one does."""
    cka = real.table["cka"].loc[list(real.groups[APART])]
    names = list(dict.fromkeys(name for pair in cka.index for name in pair))
    left = {name: cka[[name not in pair for pair in cka.index]] for name in names}
    rest = pd.Series({name: values.mean() for name, values in left.items() if len(values)})
    if rest.empty or rest.max() - cka.mean() < _MUCH:
        return []
    odd = str(rest.idxmax())
    own = cka.drop(left[odd].index)
    return [
        f"One model makes most of that: between {odd} and the others it is {own.mean():.2f}, as "
        f"the features are, and without that model {rest.max():.2f}."
    ]


def truncated(table: pd.DataFrame) -> str:
    """Say what measures make of one leading direction alone."""
    cka, neighbors, error = table.loc[1, ["cka", "mutual_knn", "gfre"]].to_numpy(dtype=float)
    return (
        f"Linear CKA gives {cka:.2f} for a single direction and the whole, mutual kNN "
        f"{neighbors:.2f}, and one minus GFRE {error:.2f}."
    )


def order(tested: Sequence[tuple[str, str, Claim]]) -> str:
    """Say how much of the contradiction is a matter of scale."""
    claims = [claim for hypothesis, _, claim in tested if hypothesis == SCALE]
    if not claims:
        return ""
    gfre, neighbors = (claim.value for claim in claims)
    return (
        f"GFRE and linear CKA put pairs of published models in {_how(gfre)} order (Spearman "
        f"{gfre:.2f}): among these, what sets the two apart is the scale. Shared neighbors are "
        f"another matter ({neighbors:.2f})."
        if gfre > neighbors
        else f"Spearman's coefficient over pairs is {gfre:.2f} between GFRE and linear CKA, and "
        f"{neighbors:.2f} between shared neighbors and linear CKA."
    )


def _how(coefficient: float) -> str:
    limits = {0.95: "nearly the same", 0.7: "much the same", 0.3: "a somewhat similar"}
    return next((word for limit, word in limits.items() if coefficient > limit), "another")
