"""Sentences of the chapter, made of its numbers: true whatever models a run has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from chapters.disagreement import ood_scores
from chapters.disagreement.across import Mantel
from chapters.disagreement.distribution_shifts import Shift
from chapters.disagreement.stitch_pairs import SEED, UNTRAINED
from chapters.disagreement.tables import FIXED, OWN, SIZE
from chapters.shared.sentences import listed
from lumlip.metrics.bootstrap import Interval, with_interval

#: What the sets of models are called in a sentence.
TITLES = {"real": "published models", "minis": "minis"}
Own = Mapping[str, Mapping[str, Interval]]


def ranks_answer(own: Own) -> str:
    """Say how well the error of a pair ranks its disagreement, and how well that of strangers."""
    name = next((name for name in ("real", "minis") if own.get(name)), None)
    if name is None:
        return "This run has no two trained models, and so no disagreement."
    found = own[name]
    start = (
        f"Where two {TITLES[name]} rebuild each other badly, they also disagree more about the "
        if found["own"][1] > 0
        else f"Between two {TITLES[name]}, the error does not surely rank the disagreement about "
        "the "
    )
    loosely = ", but loosely" if found["own"][1] > 0 and found["own"][0] < 0.5 else ""
    text = f"{start}energy{loosely} (mean rank correlation {with_interval(found['own'])})"
    if "gain" not in found:
        return text + "."
    share = found["foreign"][0] / found["own"][0]
    tail = (
        f"; {100 * share:.0f} % of that is there, too, when the error of one pair is held against "
        f"the disagreement of two quite other models ({with_interval(found['foreign'])})"
    )
    return text + (tail if found["own"][0] > 0 and found["foreign"][0] > 0 else "") + "."


def gain(own: Own) -> str:
    """Say what the error tells beyond which structures are hard for everyone."""
    parts = [
        f"{with_interval(found['gain'], sign='+')} for {TITLES[name]}"
        for name, found in own.items()
        if "gain" in found
    ]
    if not parts:
        return "This run has no two pairs without a common model."
    sure = any(found["gain"][1] > 0 for found in own.values() if "gain" in found)
    verdict = (
        "So there is a part that is about the pair, and it is the smaller one: "
        if sure and all(_mostly_foreign(found) for found in own.values() if "gain" in found)
        else "So this is the part that is about the pair: "
        if sure
        else "So a part that is about the pair cannot be told from none: "
    )
    return f"{verdict}own minus foreign is {listed(parts)}."


def _mostly_foreign(found: Mapping[str, Interval]) -> bool:
    return found["foreign"][0] > found["gain"][0]


def within_subsets(rows: Mapping[str, pd.DataFrame]) -> str:
    """Say in how many subsets the error surely ranks the disagreement, and where best."""
    parts = []
    for name, table in rows.items():
        if table.empty:
            continue
        sure = int((table["low"] > 0).sum())
        best = table["value"].idxmax()
        parts.append(
            f"for {TITLES[name]} in {sure} of {len(table)} (best in {best}, "
            f"{table['value'].max():.2f})"
        )
    if not parts:
        return "No subset of this run has enough structures to ask."
    return f"The correlation is surely positive {', and '.join(parts)}."


def across(found: Mapping[str, Mapping[str, Mantel | None]]) -> str:
    """Say whether pairs that are farther apart disagree more, for all pairs and one functional."""
    parts = []
    for name, tests in found.items():
        told = [
            f"{test.value:.2f} over {'all ' if key == 'all' else ''}{test.n_pairs} pairs"
            f"{' of one functional' if key == 'same' else ''} (p = {test.p:.3f})"
            for key, test in tests.items()
            if test is not None
        ]
        if told:
            parts.append(f"for {TITLES[name]} {' and '.join(told)}")
    if not parts:
        return "This run has too few pairs of models to compare pairs."
    return f"The rank correlation is {'; '.join(parts)}."


def local(found: Mapping[str, Interval]) -> str:
    """Say whether the local error ranks disagreement better than the global one."""
    if not found:
        return "This run has no local errors to compare."
    sure = (
        "better"
        if found["gain"][1] > 0
        else "worse"
        if found["gain"][2] < 0
        else "neither surely better nor worse"
    )
    return (
        f"The local error ranks disagreement {sure}: {with_interval(found['lfre'])}, where the "
        f"global one has {with_interval(found['gfre'])} on the same atoms."
    )


def forces(rows: pd.DataFrame) -> str:
    """Say how well the error of an atom ranks the difference of the forces on it."""
    parts = []
    for name, own in rows.groupby("set", sort=False):
        by = own.set_index("predictor")
        parts.append(
            f"for {TITLES[str(name)]} {with_interval(_area(by, OWN))}, where the mere size of "
            f"the force has {with_interval(_area(by, SIZE))}; with that size held fixed, "
            f"{with_interval(_area(by, FIXED))} is left"
        )
    if not parts:
        return "This run has no forces of two models."
    return f"The mean rank correlation with the error of the moved atom is {'; '.join(parts)}."


def ood_answer(means: pd.DataFrame) -> str:
    """Say how well the GFRE detects a kind of structures that was left out, and what does best."""
    if ood_scores.GFRE not in means.index:
        return "This run has no subset to leave out of the fit, so that nothing new is to be found."
    own = _area(means, ood_scores.GFRE)
    best = str(means.drop(index=ood_scores.COMPOSITION, errors="ignore")["value"].idxmax())
    chance = (
        "no better than chance"
        if own[1] < 0.5 < own[2]
        else ("better than chance" if own[1] > 0.5 else "worse than chance")
    )
    rest = (
        "no score does better"
        if best == ood_scores.GFRE
        else f"{_called(best)} reaches {with_interval(_area(means, best))}"
    )
    return (
        f"As a flag for kinds of structures that the fit has never seen, the GFRE is {chance} "
        f"(mean AUROC {with_interval(own)}); {rest}."
    )


def ood_gain(means: pd.DataFrame) -> str:
    """Say how much of an AUROC is due to leaving the subset out, by score."""
    if means.empty:
        return "This run has no subset to leave out."
    sure = [
        f"{_called(s)} ({_area(means, s, 'gain_')[0]:+.2f})"
        for s in means.index
        if _area(means, s, "gain_")[1] > 0
    ]
    if not sure:
        return (
            "Leaving the subset out raises no score surely: all of them tell which kinds are hard."
        )
    return (
        "Leaving the subset out of the fit surely raises the AUROC of "
        f"{listed(sure)}; what is left is that some kinds of structures are hard, known or not."
    )


def ood_others(areas: pd.DataFrame, shifts: Sequence[Shift]) -> str:
    """Say which score detects new elements and changed crystals best."""
    parts = []
    for shift in shifts:
        if shift.kind == "subset" or shift.name not in areas.index:
            continue
        row = areas.loc[shift.name].dropna().drop(labels=ood_scores.COMPOSITION, errors="ignore")
        best = str(row.idxmax())
        parts.append(
            f"{shift.name}: {_called(best)} ({row[best]:.2f}, GFRE "
            f"{row.get(ood_scores.GFRE, np.nan):.2f})"
        )
    if not parts:
        return "This run has no new elements and no changed crystals."
    return f"Best on the other shifts, without the composition: {'; '.join(parts)}."


def _called(score: str) -> str:
    names = {
        ood_scores.GFRE_BACKBONE: "the GFRE of backbones",
        ood_scores.GFRE: "the GFRE",
        ood_scores.LFRE: "the LFRE",
        ood_scores.DISTANCE: "the distance to the nearest train atom",
        ood_scores.DISTANCE_BACKBONE: "the distance to the nearest train atom in the backbone",
        ood_scores.LLPR: "the last-layer uncertainty",
        ood_scores.ENERGY: "the disagreement in energy itself",
        ood_scores.COMPOSITION: "the composition, without any model,",
    }
    return names[score]


def _area(means: pd.DataFrame, score: str, prefix: str = "") -> Interval:
    row = means[[prefix + name for name in ("value", "low", "high")]].astype(float)
    return Interval(*row.to_numpy()[row.index.get_loc(score)])


def stitching_answer(
    tables: Mapping[str, pd.DataFrame], ranks: Mapping[str, Mapping[str, float]]
) -> str:
    """Say what one linear map loses of another model's energy, and whether the GFRE tells it."""
    name = next((name for name in ("real", "minis") if len(_trained(tables, name))), None)
    if name is None:
        return "This run has no two models, or too few structures, to stitch."
    own = _trained(tables, name)
    rank = ranks[name]["direct"]
    told = (
        ""
        if np.isnan(rank)
        else f", and the GFRE ranks these losses with a coefficient of {rank:.2f} only"
        if abs(rank) < 0.5
        else f", and the GFRE ranks these losses with a coefficient of {rank:.2f}"
    )
    return (
        f"One linear map made for it reads the energy of one of the {TITLES[name]} off the "
        f"features of another, all but {_missed(own):.0f} % of its variance beyond "
        f"composition (median miss {own['median'].median():.0f} meV/atom), at a median GFRE of "
        f"{own['gfre'].median():.2f}{told}; the energy of the source alone misses "
        f"{100 * own['energy_lost'].median() ** 2:.0f} %."
    )


def _missed(own: pd.DataFrame) -> float:
    """Median share of the variance that is lost, in percent."""
    return float(100 * own["lost"].median() ** 2)


def single_energy(tables: Mapping[str, pd.DataFrame]) -> str:
    """Say what the energy of the source alone, a weighted sum of its last layer, loses."""
    parts = []
    for name in tables:
        own = _trained(tables, name)
        if len(own):
            parts.append(
                f"{own['energy_lost'].median():.2f} for {TITLES[name]}, where all of its features "
                f"lose {own['lost'].median():.2f}"
            )
    if not parts:
        return "This run has no two models, or too few structures, to stitch."
    return (
        "But the energy of the source is itself a weighted sum of its last layer. This one number, "
        f"with the composition, loses in the median {'; '.join(parts)}. Where the two are equal, "
        "the features add nothing: the models agree about energies, and that is all that is read."
    )


def _trained(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Return the stitches between two trained models of a set."""
    if name not in tables:
        return pd.DataFrame({"kind": []})
    table = tables[name]
    return table[~table["kind"].isin(["itself", UNTRAINED])]


def necessary(tables: Mapping[str, pd.DataFrame]) -> str:
    """Name the pair with the largest GFRE, and what its stitch loses all the same."""
    parts = []
    for name in tables:
        own = _trained(tables, name)
        if len(own):
            row = own.sort_values("gfre").iloc[-1]
            if row["lost"] > row["gfre"] / 2:
                continue
            parts.append(
                f"{row['target']} from {row['source']} (GFRE {row['gfre']:.2f}, lost "
                f"{row['lost']:.2f})"
            )
    if not parts:
        return "This run has no pair that is badly rebuilt and well stitched."
    return f"A low GFRE is not necessary, as the worst rebuilt pairs show: {listed(parts)}."


def enough(tables: Mapping[str, pd.DataFrame]) -> str:
    """Set an untrained source beside a seed pair of a like GFRE."""
    table = tables.get("minis")
    if table is None or not (table["kind"] == UNTRAINED).any():
        return "This run has no untrained source to set beside a trained one."
    baseline = table[table["kind"] == UNTRAINED]
    low = baseline.sort_values("gfre").iloc[0]
    trained = _trained(tables, "minis")
    worse = trained[trained["gfre"] >= low["gfre"]]
    text = (
        f"The untrained {low['source']} rebuilds the last layer of {low['target']} with a GFRE of "
        f"{low['gfre']:.2f} and loses {low['lost']:.2f} of its energy beyond composition"
    )
    if worse.empty or worse["lost"].max() > low["lost"]:
        return f"{text}."
    return (
        f"It is not enough either. {text}, while {len(worse)} stitches between trained minis with "
        f"the same GFRE or a larger one lose {worse['lost'].min():.2f} to "
        f"{worse['lost'].max():.2f}."
    )


def own_readout(
    tables: Mapping[str, pd.DataFrame], ranks: Mapping[str, Mapping[str, float]]
) -> str:
    """Say what is lost if the rebuilt features go through the target's own readout."""
    parts = []
    for name in tables:
        own = _trained(tables, name)
        if len(own):
            rank = ranks[name]["own"]
            told = "" if np.isnan(rank) else f" (rank correlation with the GFRE {rank:.2f})"
            times = (own["own_lost"] / own["lost"]).median()
            parts.append(f"{times:.1f} times as much for {TITLES[name]}{told}")
    if not parts:
        return "This run has no two models, or too few structures, to stitch."
    return (
        "The rebuilt last layer, put through the target's own readout, loses, in the median, "
        f"{listed(parts)}."
    )


def surgery(found: Mapping[str, pd.DataFrame]) -> str:
    """Say up to which GFRE a source can know nothing of the energy, and above which it can all."""
    tables = [table for table in found.values() if len(table)]
    if not tables:
        return "This run has too few structures to part a last layer."
    parts = []
    for name, table in found.items():
        if len(table):
            rest, alone = table["gfre_rest"], table["gfre_energy"]
            parts.append(
                f"for {TITLES[name]}, a source without any energy (lost: at least "
                f"{table['lost_rest'].min():.2f}) reaches a GFRE of {rest.min():.2f} "
                f"({rest.idxmin()}) to {rest.max():.2f} ({rest.idxmax()}), and the energy alone "
                f"(lost: at most {table['lost_energy'].max():.2f}) only {alone.min():.2f} to "
                f"{alone.max():.2f}"
            )
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def seeds(tables: Mapping[str, pd.DataFrame]) -> str:
    """Say what seed pairs lose: the floor of what stitching can be asked for."""
    table = tables.get("minis")
    own = table[table["kind"] == SEED] if table is not None else pd.DataFrame()
    if own.empty:
        return "This run has no two seeds of one mini."
    return (
        f"Even two seeds of one mini, with GFRE {own['gfre'].min():.2f} to "
        f"{own['gfre'].max():.2f}, lose {own['lost'].min():.2f} to {own['lost'].max():.2f}."
    )
