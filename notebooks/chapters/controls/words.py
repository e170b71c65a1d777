"""What the chapter on controls says, in sentences that are true for whatever was run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from chapters.controls import noise_floor
from chapters.controls.checks import ONE_HOT
from chapters.controls.robustness import HOLDS_UP, IN_PART, RobustnessCheck, of_answer
from chapters.shared.rescaling import per_column
from lumlip.array_types import FloatArray
from lumlip.book.sentences import listed
from lumlip.datasets.paper import paper_entry, paper_table, paper_tables
from lumlip.metrics.bootstrap import Distances, interval, with_interval

_NUMBERS = ("none", "one", "two", "three", "four", "five")
#: What each finding says.
TITLES = {
    1: "different potentials have different latent spaces",
    2: "variants differ, but less than families",
    3: "fine-tuning keeps the pre-training",
    4: "the backbone holds more than the last layer",
    5: "averages lose most of a structure",
}


def robustness(checks: Sequence[RobustnessCheck]) -> str:
    """Say how many of the findings survive, and which."""
    found = {n: of_answer(checks, n) for n in range(1, 6)}
    words = {n: check.word for n, check in found.items() if check}
    if not words:
        return "This run tests none of the findings."
    parts = []
    for word in dict.fromkeys([HOLDS_UP, IN_PART, *words.values()]):
        some = [n for n, got in words.items() if got == word]
        if some:
            plural = word.replace("survives", "survive").replace("does", "do")
            which = listed([f"{n}, {TITLES[n]}" for n in some]) if len(some) == 1 else _named(some)
            parts.append(f"{_NUMBERS[len(some)]} {word if len(some) == 1 else plural} ({which})")
    number = _NUMBERS[len(words)]
    return f"Of the {number} findings that this run puts on trial, {listed(parts, comma=True)}."


def _named(findings: Sequence[int]) -> str:
    return f"{listed([str(n) for n in findings])}"


def seeds(found: Distances, minis: Sequence[str], controls: Sequence[str]) -> str:
    """Say how much of the distance between architectures is there between two seeds."""
    rows = noise_floor.floor_rows(found, [], minis, controls).set_index("name")
    share = noise_floor.share_of_seeds(found, minis, controls)
    if not np.isfinite(share[0]) or "minis, other families" not in rows.index:
        return "This run has no two seeds of a mini."
    own = rows.loc[[name for name in rows.index if name.startswith("two seeds")]]
    families = rows.loc[["minis, other families"]]
    apart = with_interval([float(families[x].iloc[0]) for x in ("value", "low", "high")])
    each = listed([f"{x:.2f} ({str(name).split(', ')[1]})" for name, x in own["value"].items()])
    value, low, high = (100 * x for x in interval(share))
    return (
        f"Two trainings of one mini that differ in nothing but the random seed are {each} apart, "
        f"minis of different architectures {apart}: {value:.0f} % ({low:.0f} to {high:.0f}) of the "
        "squared error between architectures is there between two seeds."
    )


def against(learned: FloatArray, baseline: FloatArray, what: str) -> str:
    """Compare what learned sources and baselines leave of the same targets.

    Parameters
    ----------
    learned, baseline : arrays of shape (1 + n_bootstrap,)
        Errors, draw by draw.
    what : str
        The targets.
    """
    if not np.isfinite(learned[0]) or not np.isfinite(baseline[0]):
        return f"This run has no sources of two kinds for {what}."
    difference = interval(baseline - learned)
    told = (
        "better than" if difference[2] < 0 else "worse than" if difference[1] > 0 else "as well as"
    )
    return (
        "A fixed formula of the surroundings (SOAP) with element and composition, which has "
        f"learned nothing, rebuilds {what} {told} learned models of other families do: "
        f"{with_interval(interval(baseline))} against {with_interval(interval(learned))}."
    )


def width(baseline: FloatArray, cut: FloatArray, columns: int) -> str:
    """Say what remains of the baseline at the width of a model."""
    if not np.isfinite(baseline[0]) or not np.isfinite(cut[0]):
        return ""
    now = f"cut to {columns} columns by principal components, it leaves {cut[0]:.2f}"
    if cut[0] - baseline[0] > 0.02:
        return f"Part of that is its width: {now} in place of {baseline[0]:.2f}."
    return f"That is not a matter of its width: {now}."


def beyond(found: Mapping[str, FloatArray]) -> str:
    """Say what another model tells beyond the baseline features.

    Parameters
    ----------
    found : dict of {"baseline", "random", "both"} to array of shape (1 + n_bootstrap,)
        From :func:`chapters.controls.baselines.added`.
    """
    if not np.isfinite(found["both"][0]):
        return "This run has no two families to tell what a model adds to that."
    said = (
        f"Alone, the formula leaves {found['baseline'][0]:.2f} of one model of each family; with a "
        f"random network beside it {found['random'][0]:.2f}, with a model of another family beside "
        f"it {with_interval(interval(found['both']))}."
    )
    gain = interval(100 * (1 - found["both"] ** 2 / found["random"] ** 2))
    if gain[1] <= 0:
        return f"{said} So the other model adds nothing that random numbers would not."
    return (
        f"{said} So {gain[0]:.0f} % ({gain[1]:.0f} to {gain[2]:.0f}) of the squared error that "
        "blind features leave is made up for by another model: two models have learned something "
        "in common that the formula lacks."
    )


def neighbors(table: pd.DataFrame, whole: tuple[float, float], widths: Sequence[int]) -> str:
    """Say what the number of neighbors does to the LFRE.

    Parameters
    ----------
    table : DataFrame
        From :func:`chapters.controls.sweeps.by_neighbors`.
    whole : (float, float)
        GFRE of the same atoms, and that of the median atom.
    widths : sequence of int
        Numbers of source columns.
    """
    gfre, typical = whole
    if table.empty:
        return "This run has too few atoms for a sweep of neighbors."
    few = table[table.index < min(widths)]
    many = table[table.index > max(widths)]
    said = []
    if len(few):
        worst = few.index[int(few["value"].argmax())]
        said.append(
            f"With fewer neighbors than columns the LFRE reaches {few['value'].max():.1f} "
            f"(k = {worst})"
        )
    if len(many):
        best, most = many["value"].min(), many["value"].max()
        side = "below" if most < gfre else "above" if best > gfre else "around"
        said.append(
            f"with more it lies between {best:.2f} and {most:.2f}, {side} the GFRE of the same "
            f"atoms, {gfre:.2f}"
        )
    low, high = table["median"].min(), table["median"].max()
    place = "below" if high < typical else "above" if low > typical else "around"
    said.append(
        f"the median atom stays between {low:.2f} and {high:.2f} at every k, {place} what one map "
        f"for all leaves of it, {typical:.2f}"
    )
    text = "; ".join(said) + "."
    return text[0].upper() + text[1:]


def train_size(
    table: pd.DataFrame, slope: Sequence[float], limit: Sequence[float], used: Sequence[int]
) -> str:
    """Say whether the GFRE has converged with the number of train atoms.

    Parameters
    ----------
    table : DataFrame
        From :func:`chapters.controls.sweeps.by_train`.
    slope, limit : (value, low, high)
        Change with each doubling, and where the fitted curve ends.
    used : sequence of int
        Sizes that were fitted.
    """
    if not len(used) or not np.isfinite(limit[0]):
        return "This run has too few atoms for a sweep of train sizes."
    _, low, high = limit
    last = table.iloc[-1]["value"]
    said = (
        f"With all {table.index[-1]} train atoms the mean GFRE between families is {last:.2f}. "
        f"From {min(used)} atoms on, each doubling changes it by "
        f"{with_interval(slope, sign='+')}, and a fitted curve ends somewhere between "
        f"{max(low, 0.0):.2f} and {high:.2f}."
    )
    if slope[2] >= 0:
        return f"{said} More atoms would hardly change it."
    if last - high < 0.05 and high - low > 0.2:
        return f"{said} So it has not converged, and these atoms cannot tell where it will."
    return f"{said} So it has not converged: with more atoms it would be lower."


def outliers(checks: Sequence[RobustnessCheck]) -> str:
    """Say whether a few atoms decide where the difference of a published finding fails."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for check in checks:
        for name in check.failing if check.models == "real" else ():
            claim, value = check.claims[name], check.typical.get(name, np.nan)
            if np.isfinite(value) and claim.bound == 0:
                text = f"finding {check.finding}, {name} ({value:.2f})"
                found[value > 0].append(text)
    if not any(found.values()):
        return ""
    sides = {True: "has the claimed sign", False: "has the other sign"}
    said = [f"{sides[side]} in {listed(some)}" for side, some in found.items() if some]
    return (
        "A root mean square follows few atoms if they are far off. Taken for the median atom "
        f"instead, a difference that fails here {listed(said, comma=True)}."
    )


def few_columns(features: Mapping[str, FloatArray], train: Sequence[int]) -> str:
    """Say of which model the fewest columns vary noticeably."""
    kept = {m: per_column(X, train=train).shape[1] for m, X in features.items()}
    model = min(kept, key=lambda name: kept[name] / features[name].shape[1])
    return (
        "Last layers are narrower than they look: in "
        f"{model}, {kept[model]} of {features[model].shape[1]} columns have more than a thousandth "
        "of the largest standard deviation. With one scale for all, the others do not count."
    )


def one_hot(checks: Sequence[RobustnessCheck]) -> str:
    """Say what the control of the fifth finding shows."""
    check = of_answer(checks, 5)
    claim = check.opposed.get(ONE_HOT) if check else None
    if check is None or claim is None:
        return "This run cannot try the fifth finding."
    learned = next(iter(check.tested.values())).value
    told = "more" if claim.low > 0 else "less" if claim.high < 0 else "no more"
    end = (
        " So a large error does not show that something is lost, only that it is not linear in the "
        "mean."
        if claim.low <= 0
        else ""
    )
    return (
        "Which element an atom is (one column per element) has cumulants that all follow from the "
        "mean, which is the composition: nothing is lost. Yet the same GFRE from the mean to all "
        f"cumulants is {learned - claim.value:.2f} for it, and {learned:.2f} for learned features, "
        f"which is {told}.{end}"
    )


def numbering(
    changes: Mapping[str, FloatArray], own: Sequence[float], sides: Mapping[str, float]
) -> str:
    """Say how far wrong numbers of the elements move DPA's errors.

    Parameters
    ----------
    changes : dict of {"from DPA", "to DPA"} to array of shape (1 + n_bootstrap,)
    own : (value, low, high)
        Between the rightly and the wrongly numbered model.
    sides : dict
        From `asymmetries`.
    """
    if not np.isfinite(own[0]):
        return "This run has no DPA model whose elements could be numbered wrongly."
    moves = [f"by {with_interval(interval(x), sign='+')} {way}" for way, x in changes.items()]
    same = np.sign(sides["right"]) == np.sign(sides["paper"]) != np.sign(sides["wrong"])
    verdict = (
        "The published asymmetry has the sign of right numbers, not of wrong ones: as far as a "
        "mini can tell, that DPA is the most distinct is no artefact of the numbering."
        if same
        else "So the numbering could account for part of what is published of DPA."
    )
    return (
        f"Numbered by the alphabet, the same weights give features {with_interval(own)} away from "
        f"the right ones. The mean error changes {listed(moves)}. "
        f"To DPA minus from DPA is {sides['paper']:+.2f} in the paper, {sides['right']:+.2f} here "
        f"with right numbers and {sides['wrong']:+.2f} with wrong ones. {verdict}"
    )


def asymmetries(moved: pd.DataFrame, paper: pd.DataFrame) -> dict[str, float]:
    """Mean error to DPA minus that from DPA: in the paper, here with right and with wrong numbers.

    Parameters
    ----------
    moved : DataFrame
        From :func:`chapters.controls.element_numbering.moved`.
    paper : DataFrame of shape (n_models, n_models)
        A published table, row = source, column = target.
    """
    name = next(name for name in paper.index if name.startswith("DPA"))
    others = [other for other in paper.index if other != name]
    published = paper.loc[others, name].mean() - paper.loc[name, others].mean()
    here: Any = moved.groupby("direction")[["right", "wrong"]].mean()
    if here.empty:
        return {"paper": float(published), "right": np.nan, "wrong": np.nan}
    difference = here.loc["to DPA"] - here.loc["from DPA"]
    return {"paper": float(published), **{k: float(difference[k]) for k in ("right", "wrong")}}


def seeds_and_families(
    found: Distances, models: Sequence[str], minis: Sequence[str], controls: Sequence[str]
) -> str:
    """Say where families, variants and untrained networks stand beside the floor."""
    rows = noise_floor.floor_rows(found, models, minis, controls).set_index("name")["value"]
    floor = rows[[name for name in rows.index if name.startswith("two seeds")]]
    if not len(floor):
        return "This run has no two seeds of a mini."
    said = [f"The floor is {floor.mean():.2f} on average."]
    families = ("minis, other families", "published models, other families")
    known = [f"{rows[name]:.2f} ({name.split(',')[0]})" for name in families if name in rows.index]
    if known:
        said.append(f"Models of other families stand at {listed(known)}.")
    if "untrained, other families" in rows.index:
        said.append(f"Two untrained networks are {rows['untrained, other families']:.2f} apart.")
    return " ".join(said)


def of_paper(paper: pd.DataFrame) -> dict[str, Any]:
    """Numbers of the paper that the controls are about.

    Parameters
    ----------
    paper : DataFrame of shape (n_models, n_models)
        A published table, row = source, column = target.
    """
    name = next(name for name in paper.index if name.startswith("DPA"))
    others = [other for other in paper.index if other != name]
    off = ~np.eye(len(others), dtype=bool)
    worse, all_pairs = local_above_global()
    return {
        "paper_worse": f"{worse} of {all_pairs}",
        "paper_to_dpa": float(paper.loc[others, name].mean()),
        "paper_to_others": float(paper.loc[others, others].to_numpy()[off].mean()),
    }


def local_above_global() -> tuple[int, int]:
    """Count pairs in the paper's tables between models whose LFRE exceeds their GFRE, and all."""
    worse = total = 0
    for table in (name for name in paper_tables() if name.startswith(("cross_model", "variants"))):
        if not {"gfre", "lfre"} <= set(paper_entry(table)):
            continue
        both = [paper_table(table, metric).to_numpy(dtype=float) for metric in ("gfre", "lfre")]
        pairs = ~np.eye(len(both[0]), dtype=bool) & np.isfinite(both[0]) & np.isfinite(both[1])
        worse += int((both[1] > both[0])[pairs].sum())
        total += int(pairs.sum())
    return worse, total


def beside_paper(
    paper: pd.DataFrame, moved: pd.DataFrame, sides: Mapping[str, float]
) -> pd.DataFrame:
    """Table of the paper's numbers and ours.

    Parameters
    ----------
    paper : DataFrame of shape (n_models, n_models)
    moved : DataFrame
        From :func:`chapters.controls.element_numbering.moved`.
    sides : dict
        From `asymmetries`.
    """
    name = next(name for name in paper.index if name.startswith("DPA"))
    others = [other for other in paper.index if other != name]
    published = {
        "from DPA": paper.loc[name, others].mean(),
        "to DPA": paper.loc[others, name].mean(),
    }
    here: Any = moved.groupby("direction")[["right", "wrong"]].mean()
    rows = {
        f"mean GFRE {way}": {
            "paper": published[way],
            "here, right numbers": here["right"].get(way, np.nan),
            "here, by the alphabet": here["wrong"].get(way, np.nan),
        }
        for way in published
    }
    rows["to DPA minus from DPA"] = dict(
        zip(("paper", "here, right numbers", "here, by the alphabet"), sides.values(), strict=True)
    )
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.map(lambda x: f"{x:.2f}" if np.isfinite(x) else "not in this run")
