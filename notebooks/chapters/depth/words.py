"""Sentences of the chapter on depth, made of its numbers: true whatever models a run has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from chapters.depth import stages
from chapters.depth.contents import energy_of_last_layer
from chapters.depth.paths import EMBEDDING, LAST_LAYER, relative_depths
from chapters.depth.reports import AS_THEY_ARE, NO_ELEMENTS, NO_LEADING, StageReport
from chapters.depth.study import DepthStudy
from chapters.shared.sentences import listed
from lumlip.metrics.bootstrap import Interval, with_interval

#: What the sets of models are called in a sentence.
TITLES = {"real": "published models", "minis": "minis"}
#: A difference of errors that is worth a sentence.
CLEARLY = 0.05


def first_set(found: Mapping[str, object]) -> str:
    """Return the set that the answer speaks of: published models if there are any."""
    return "real" if "real" in found else next(iter(found), "real")


def direction(change: Interval, *, up: str, down: str, level: str) -> str:
    """Choose a word by the sign of a change, if its interval leaves zero out."""
    return up if change[1] > 0 else down if change[2] < 0 else level


def parting(report: StageReport, title: str) -> str:
    """Say how the error between families goes with depth."""
    if not report.families:
        return f"This run has no {title} of different families."
    table = report.lines[AS_THEY_ARE][stages.FAMILIES]["value"]
    change = report.change(AS_THEY_ARE, ("first", "last"))
    verb = direction(change, up="part", down="come together", level="keep their distance")
    return (
        f"On the way from the first interaction to the last, {title} of different families {verb}: "
        f"the mean GFRE between features at the same stage goes from {table['first']:.2f} to "
        f"{table['last']:.2f} (change {with_interval(change, sign='+')})."
    )


def embedding(report: StageReport) -> str:
    """Say where the error between embeddings comes from."""
    if not report.families:
        return "This run has no models of different families."
    study = report.study
    errors = stages.at_stages(study, study.errors, report.families, EMBEDDING, EMBEDDING)
    mean = report.lines[AS_THEY_ARE][stages.FAMILIES]["value"][EMBEDDING]
    if np.median(errors) > mean / 2:
        return f"Here their mean GFRE is {mean:.2f}."
    return (
        f"Their mean GFRE of {mean:.2f} comes from few elements, rare or more than an embedding "
        f"has channels: the median atom has {np.median(errors):.2f}."
    )


def beyond(report: StageReport, title: str) -> str:
    """Say how models agree among atoms of one element, and on which direction that rests."""
    if not report.families or NO_LEADING not in report.lines:
        return f"This run cannot tell what {title} share beyond the element."
    table, left = (
        report.lines[variation][stages.FAMILIES]["value"] for variation in (NO_ELEMENTS, NO_LEADING)
    )
    change = report.change(NO_ELEMENTS, ("last", "last layer"))
    verb = direction(
        change, up="rises to", down="falls to", level="is, within its interval, the same:"
    )
    text = (
        f"Among atoms of one element, the error is {table['first']:.2f} after the first "
        f"interaction and {table['last']:.2f} after the last; at the very end, in the last layer, "
        f"it {verb} {table['last layer']:.2f}"
    )
    if change[2] >= 0:
        return f"{text}."
    if left["last layer"] >= left["last"]:
        why = "that is the work of one direction, without which the last layer is no better"
    else:
        why = "one direction does not explain it, for without it they still agree more"
    numbers = f"{left['last layer']:.2f} against {left['last']:.2f}"
    return f"{text}; {why} ({numbers})."


def training(report: StageReport | None) -> str:
    """Say what training does to the agreement of two architectures, with and without elements."""
    kinds = (stages.BOTH_UNTRAINED, stages.BOTH_TRAINED)
    if report is None or NO_ELEMENTS not in report.lines or kinds[0] not in report.pairs:
        return "This run has no two untrained models of different families."
    before, after = (report.lines[AS_THEY_ARE][kind]["value"]["last"] for kind in kinds)
    blank, taught = (report.lines[NO_ELEMENTS][kind]["value"]["last layer"] for kind in kinds)
    verb = "further apart" if after > before else "closer together"
    inner = "closer together" if taught < blank else "further apart"
    return (
        f"Judged by all of the variance, training moves two architectures {verb} (minis, last "
        f"interaction: {before:.2f} before, {after:.2f} after); judged within elements, {inner} "
        f"(last layer: {blank:.2f} before, {taught:.2f} after)."
    )


def seeds(report: StageReport | None) -> str:
    """Say how far a model is from itself, trained from another seed."""
    if report is None or stages.SEEDS not in report.pairs:
        return "This run has no model trained from two seeds."
    lines = report.lines[AS_THEY_ARE]
    same = lines[stages.SEEDS]["value"]
    text = (
        f"Two seeds of one architecture are {same['first']:.2f} apart after the first interaction "
        f"and {same['last']:.2f} after the last"
    )
    if not report.families:
        return f"{text}."
    other = lines[stages.FAMILIES]["value"]
    shares = [100 * same[stage] / other[stage] for stage in ("first", "last")]
    end = ", so much of what looks like a difference of architectures needs none"
    return (
        f"{text}: {shares[0]:.0f} % and {shares[1]:.0f} % of the distance between minis of "
        f"different families{end if min(shares) > 50 else ''}."
    )


def forgetting(tables: Mapping[str, pd.DataFrame]) -> str:
    """Say how well the embedding is rebuilt from the steps that follow, over some models."""
    if not tables:
        return "This run has no model."
    steps = {m: [s for s in t.index if s not in (EMBEDDING, LAST_LAYER)] for m, t in tables.items()}
    places = [[steps[m][0] for m in tables], [steps[m][-1] for m in tables]]
    first, last, end = (
        np.mean([tables[m].loc[step, EMBEDDING] for m, step in zip(tables, chosen, strict=True)])
        for chosen in (*places, [LAST_LAYER] * len(tables))
    )
    onward = np.mean([tables[m].loc[EMBEDDING, steps[m][-1]] for m in tables])
    return (
        f"The embedding is rebuilt with a mean GFRE of {first:.2f} from the first interaction, "
        f"{last:.2f} from the last and {end:.2f} from the last layer; the other way, it "
        f"explains the last interaction up to {onward:.2f}."
    )


def peaks(table: pd.DataFrame, models: Sequence[str]) -> str:
    """Say in which models the intrinsic dimension first rises and then falls.

    Parameters
    ----------
    table : DataFrame
        From :func:`chapters.depth.neighborhoods.dimensions`.
    models : sequence of str
    """
    humps: list[str] = []
    others: list[str] = []
    for model in models:
        own = table[table["model"] == model]
        if own.empty:
            continue
        top = own.iloc[int(own["value"].to_numpy().argmax())]
        ends = own.iloc[[0, -1]]["high"]
        clear = bool((ends < top["low"]).all())
        (humps if clear else others).append(model)
    parts = []
    if humps:
        parts.append(f"clearly highest in between for {listed(humps)}")
    if others:
        parts.append(f"without such a hump for {listed(others)}")
    return f"The intrinsic dimension is {listed(parts, comma=True)}." if parts else _NOTHING


_NOTHING = "This run has no intrinsic dimensions."


def gradual(table: pd.DataFrame, models: Sequence[str], target: str) -> str:
    """Say how a score goes over the steps: at the embedding, the best and the last layer."""
    own = table[table["model"].isin(list(models))]
    if own.empty:
        return f"This run does not ask for the {target}."
    by_step = own.set_index(["model", "step"])["value"]
    start, end = (by_step.xs(s, level="step").mean() for s in (EMBEDDING, LAST_LAYER))
    inner = own[~own["step"].isin([EMBEDDING, LAST_LAYER])]
    best = inner.sort_values("value").groupby("model", sort=False).tail(1)
    depth = [_depth(own, m, s) for m, s in zip(best["model"], best["step"], strict=True)]
    return (
        f"{target}: {_two(start)} at the embedding, at best {_two(best['value'].mean())} (at a "
        f"relative depth of {np.mean(depth):.1f} on average), {_two(end)} in the last layer"
    )


def _two(value: float) -> str:
    """Write a number with two digits, zero without a sign."""
    return f"{round(float(value), 2) + 0.0:.2f}"


def _depth(own: pd.DataFrame, model: object, step: object) -> float:
    return relative_depths(own.loc[own["model"] == model, "step"].tolist())[str(step)]


def probes(tables: Mapping[str, pd.DataFrame], models: Sequence[str]) -> str:
    """Say how all scores go over the steps, averaged over some models."""
    parts = [gradual(table, models, target) for target, table in tables.items()]
    return "Averaged over models: " + "; ".join(parts) if parts else "No question can be asked here"


def partner(reports: Mapping[str, StageReport]) -> str:
    """Say from which stage the last interaction of another model is rebuilt best, and by whom.

    Parameters
    ----------
    reports : dict of set to StageReport
    """
    parts, early = [], []
    for title, report in reports.items():
        if not report.families:
            continue
        last = report.table_of_stages["last"]
        best = str(list(last.index)[int(last.to_numpy().argmin())])
        values = f"{float(last[best]):.2f} against {float(last['last']):.2f} from the last"
        where = "last" if best == "last" else f'stage "{best}" ({values})'
        parts.append(f"for {TITLES[title]} from the {where}")
        early += _forgetful(report)
    if not parts:
        return "This run has no models of different families."
    text = f"On average, the last interaction of another model is rebuilt best {listed(parts)}."
    if not early:
        return text
    return (
        f"{text} This comes from models that let go: the first interaction of {listed(early)} "
        "tells clearly more of what strangers end up with than "
        f"{'its' if len(early) == 1 else 'their'} own last one."
    )


def _forgetful(report: StageReport) -> list[str]:
    """Models whose first interaction rebuilds other families' last one better than their last."""
    study, found = report.study, []
    for model in study.models:
        pairs = [pair for pair in report.families if pair[0] == model]
        if not pairs:
            continue
        first, last = (
            np.sqrt(np.square(stages.at_stages(study, study.errors, pairs, s, "last")).mean(1))
            for s in ("first", "last")
        )
        if first.mean() < last.mean() - CLEARLY:
            found.append(model)
    return found


def imbalance(
    table: pd.DataFrame | None, within: pd.DataFrame | None, of_element: pd.Series
) -> str:
    """Say how the information imbalance between families goes with depth, and why.

    Parameters
    ----------
    table, within : DataFrame or None
        From :func:`chapters.depth.neighborhoods.imbalance_by_stage`, features as they are and
        within
        elements.
    of_element : Series
        From :func:`chapters.depth.neighborhoods.neighbors_of_one_element`.
    """
    if table is None or within is None:
        return "This run has no models of different families."
    rows = zip(table.index, table.to_numpy().tolist(), strict=True)
    parts = [f'{with_interval(row)} at the stage "{stage}"' for stage, row in rows]
    ends = ("first", "last layer")
    shares = [100 * float(of_element[stage]) for stage in ends]
    inner = [float(within["value"][stage]) for stage in ends]
    return (
        f"Between families it is {listed(parts)}. Part of this is the element again: after the "
        f"first interaction the nearest neighbor of {shares[0]:.0f} % of the atoms is of their "
        f"element, in the last layer of {shares[1]:.0f} %; within elements the imbalance goes from "
        f"{inner[0]:.2f} to {inner[1]:.2f}."
    )


def energy_sentence(studies: Mapping[str, DepthStudy]) -> str:
    """Say how much of the leading direction of the last layers is the energy of the atom."""
    shares = {TITLES[title]: energy_of_last_layer(study) for title, study in studies.items()}
    parts = [f"{100 * share:.0f} % for {t}" for t, share in shares.items() if np.isfinite(share)]
    if not parts:
        return "This run has too few structures to tell the energy of an atom."
    return (
        "Within elements, the energy that the model gives to the atom explains this share of "
        f"the leading direction of the last layer: {listed(parts)}."
    )


def two_ends(report: StageReport | None, title: str) -> str:
    """Write the errors between families at the last interaction and in the last layer."""
    if report is None or not report.families:
        return f"not there (this run has no {title} of different families)"
    table = report.lines[AS_THEY_ARE][stages.FAMILIES]["value"]
    return f"{table['last']:.2f} and {table['last layer']:.2f}"
