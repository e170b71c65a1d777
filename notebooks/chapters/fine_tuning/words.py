"""What the chapter on fine-tuning says beside its figures, true for whatever was run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from chapters.fine_tuning.answers import Families, control_answer, minis_answer
from chapters.fine_tuning.maps import Beyond
from chapters.shared.fine_tuning import (
    FINE_TUNED,
    OTHER_SEED,
    PAPER_MODEL,
    SCRATCH,
    START,
    UNTRAINED,
    answers,
)
from chapters.shared.headlines import over
from lumlip.book.sentences import listed
from lumlip.metrics.bootstrap import Distances

HEADS, ALL_WEIGHTS = ("HF", "HTL"), ("FF", "FTL")


def variations(columns: Families) -> str:
    """Say which protocol stays nearest and which goes farthest, by column of the tables."""
    said = []
    for name, found in columns.items():
        each = {role: found.between(role, START)[0] for role in FINE_TUNED}
        each = {role: value for role, value in each.items() if np.isfinite(value)}
        if len(each) > 1:
            near, far = min(each, key=each.__getitem__), max(each, key=each.__getitem__)
            said.append(
                f"{near} ({each[near]:.2f}) and {far} ({each[far]:.2f}) for {_called(name)}"
            )
    return f"Nearest to the start and farthest from it are {'; '.join(said)}." if said else ""


def own_beginning(columns: Families) -> str:
    """Compare how far the fine-tuned and the bespoke models went from where they began."""
    said = []
    for name, found in columns.items():
        tuned, scratch = (
            answers(found)[pair][0] for pair in ("fine-tuned and start", "bespoke and untrained")
        )
        said += _pair(name, tuned, "against", scratch)
    if not said:
        return ""
    return f"Fine-tuned and bespoke models go this far from their own beginnings: {listed(said)}."


def without_training(columns: Families) -> str:
    """Compare what the start and an untrained network know of the bespoke model."""
    said = []
    for name, found in columns.items():
        start, untrained = (found.to(source, SCRATCH)[0] for source in (START, UNTRAINED))
        said += _pair(name, untrained, "against", start)
    if not said:
        return ""
    return (
        "The untrained network rebuilds the bespoke model with these errors, against those of the "
        f"pre-trained one: {listed(said)}."
    )


def by_layer(backbone: Families) -> str:
    """Say how far the backbone moves where a protocol trains it."""
    said = [
        f"{found.between(('FF', 'FTL'), START)[0]:.2f} for {_called(name)}"
        for name, found in backbone.items()
        if np.isfinite(found.between(ALL_WEIGHTS, START)[0])
    ]
    if not said:
        return ""
    return (
        f"In the backbone, which HF and HTL leave as it is, FF and FTL end at {listed(said)}, "
        f"where bespoke models are at {distances_text(backbone, SCRATCH)}."
    )


def along(curves: Mapping[str, Mapping[str, pd.DataFrame]]) -> str:
    """Say how much of the way is made by the first step that is kept, averaged over families."""
    said, when = [], 0.0
    for role, name in (("FF", "full fine-tuning"), (SCRATCH, "training from scratch")):
        shares = []
        for runs in curves.values():
            if role in runs:
                own = f"from {'the pre-trained start' if role == 'FF' else 'its random weights'}"
                gone = runs[role][own]
                shares.append(100 * gone.iloc[1] / gone.iloc[-1])
                when = float(gone.index[1])
        if shares:
            said.append(
                f"{name} is {np.mean(shares):.0f} % as far from its beginning as at the end"
            )
    return f"After {100 * when:.0f} % of the steps, {listed(said)}." if said else ""


def outside(found: Beyond | None, distances: Distances | None) -> str:
    """Say what is left of a fine-tuned model's knowledge of other structures."""
    if found is None or distances is None:
        return "This run has no structures of other kinds."
    near, far = (distances.between(role, START)[0] for role in ("FF", SCRATCH))
    errors = found.energy_errors()
    if not np.isfinite(near + far) or not {START, "FF", SCRATCH} <= set(errors):
        return "This run lacks one of the three models."
    return (
        f"On these, the fully fine-tuned {found.found.start} is at {near:.2f} from the start, the "
        f"bespoke one at {far:.2f}. The median error of the energy goes from {errors[START]:.0f} "
        f"meV per atom to {errors['FF']:.0f} by fine-tuning; it is {errors[SCRATCH]:.0f} for the "
        "bespoke model, which has never seen most of the elements."
    )


def accuracy(errors: Mapping[str, pd.DataFrame], families: Families) -> str:
    """Compare training the heads only with training all weights: distance and energy error."""
    said = []
    for name, table in errors.items():
        heads, whole = (table["energy"].reindex(roles).dropna() for roles in (HEADS, ALL_WEIGHTS))
        before, scratch = table["energy"].reindex([START, SCRATCH])
        if len(heads) and len(whole) and np.isfinite(before + scratch):
            near, far = (
                families[name].between(list(each.index), START)[0] for each in (heads, whole)
            )
            said.append(
                f"{name}: heads only {near:.2f} and {heads.mean():.0f} meV per atom, all weights "
                f"{far:.2f} and {whole.mean():.0f}, before fine-tuning {before:.0f}, from scratch "
                f"{scratch:.0f}"
            )
    return f"Mean distance and energy error: {'; '.join(said)}." if said else ""


def why_larger(
    found: Families, columns: Families, backbone: Families, widths: Mapping[str, int]
) -> str:
    """Name two reasons why the minis' distances are larger than the paper's, with their checks."""
    paper = columns[PAPER_MODEL].between(FINE_TUNED, START)[0]
    larger = over(list(found.values()), "fine-tuned and start")[0] > paper
    seeds = {name: each.between(OTHER_SEED, START)[0] for name, each in found.items()}
    if not larger or not np.isfinite(list(seeds.values())).all():
        return ""
    scratch = columns[PAPER_MODEL].between(SCRATCH, START)[0]
    than = "more" if min(seeds.values()) > scratch else "not always more"
    return (
        "Two reasons for our larger numbers can be checked here. One is the head, which is narrow "
        f"in a mini. {new_head(columns, widths)} {by_layer(backbone)} The other is the noise of "
        f"training: two minis that differ by nothing but their seed are "
        f"{distances_text(found, OTHER_SEED)} apart, {than} than PET-MAD and its bespoke model, "
        f"{scratch:.2f}."
    )


def random_weights(families: Families) -> str:
    """Say what is left of the weights that the start and the bespoke model began with."""
    said = []
    for name, found in families.items():
        own, other = (found.between(UNTRAINED, role)[0] for role in (START, OTHER_SEED))
        said += _pair(name, own, "and", other)
    if not said:
        return ""
    return (
        "The untrained network is this far from the start that it became, and from the twin that "
        f"became of others: {listed(said)}."
    )


def new_head(columns: Families, widths: Mapping[str, int]) -> str:
    """Say what a new head alone changes, and how many features it gives."""
    said = [
        f"{found.between('HTL', START)[0]:.2f} for {_called(name)} ({widths[name]} features)"
        for name, found in columns.items()
        if np.isfinite(found.between("HTL", START)[0])
    ]
    if not said:
        return ""
    return f"HTL leaves the backbone untouched, so its distance is the head's: {listed(said)}."


def paper_and_here(columns: Families) -> str:
    """Write the distance of fine-tuned models from their start, the paper's and ours."""
    each = {name: answers(found)["fine-tuned and start"][0] for name, found in columns.items()}
    return listed(
        [f"{value:.2f} for {_called(name)}" for name, value in each.items() if np.isfinite(value)]
    )


def distances_text(families: Families, role: str) -> str:
    """Write the distance of a model from the start, by family."""
    return listed([f"{found.between(role, START)[0]:.2f}" for found in families.values()])


def of_minis(
    found: Families, columns: Families, backbone: Families, widths: Mapping[str, int]
) -> dict[str, str]:
    """Return what the page says of the minis, by the name under which it is glued."""
    return {
        "minis_answer": minis_answer(found),
        "control_answer": control_answer(found),
        "table_sentence": variations(columns),
        "near_text": f"{answers(columns[PAPER_MODEL])['fine-tuned and start'][0]:.2f}",
        "trace_sentence": random_weights(found),
        "paper_and_here": paper_and_here(columns),
        "own_sentence": own_beginning(columns),
        "untrained_sentence": without_training(columns),
        "why_sentence": why_larger(found, columns, backbone, widths),
    }


def of_training(
    curves: Mapping[str, Mapping[str, pd.DataFrame]],
    errors: Mapping[str, pd.DataFrame],
    found: Families,
) -> dict[str, str]:
    """Return what the page says of the runs and of their test errors."""
    return {"progress_sentence": along(curves), "error_sentence": accuracy(errors, found)}


def _pair(name: str, one: float, word: str, other: float) -> list[str]:
    """Write two numbers of a family; nothing if one is missing."""
    known = np.isfinite(one + other)
    return [f"{one:.2f} {word} {other:.2f} for {_called(name)}"] if known else []


def _called(name: str) -> str:
    return "the paper's PET-MAD" if name == PAPER_MODEL else name
