"""Claims and tables of the chapter on fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from chapters.fine_tuning.published import RealModels
from chapters.shared.fine_tuning import (
    FINE_TUNED,
    OTHER_SEED,
    PAPER,
    PAPER_MODEL,
    PROTOCOLS,
    SCRATCH,
    START,
    UNTRAINED,
    answers,
    kept_share,
    progress,
)
from chapters.shared.headlines import CONTROLS, margin, over
from chapters.shared.lineage import Lineage, steps_along
from lumlip.array_types import FloatArray
from lumlip.book.findings import Claim
from lumlip.datasets.paper import paper_entry
from lumlip.metrics.bootstrap import Distances, interval, pooled

#: A fine-tuned model counts as near its start below this distance; the paper's are below 0.08.
NEAR = 0.1


def real_claims(real: RealModels, layer: str) -> list[Claim]:
    """Claims on published models: the start, the one fine-tuned from it, then a control."""
    tuned, control = (real.others.get(role, "") for role in ("tuned", "control"))
    near, far = (real.from_start(role, layer) for role in ("tuned", "control"))
    return _tested(
        (f"the distance of {tuned} from {real.start} is below {NEAR}", near, NEAR, "below"),
        (f"{control} is farther from it than that (difference)", far - near, 0, "above"),
    )


def mini_claims(families: Sequence[Distances]) -> list[Claim]:
    """Claims on minis, pooled over their families."""
    near = over(families, "fine-tuned and start")
    text = "is farther from the start than they are (difference)"
    return _tested(
        (
            f"the distance of fine-tuned models from their start is below {NEAR}",
            near,
            NEAR,
            "below",
        ),
        (f"a model from scratch {text}", margin(families, SCRATCH), 0, "above"),
        (f"the untrained twin {text}", margin(families, UNTRAINED), 0, "above"),
        (f"a twin of another seed {text}", margin(families, OTHER_SEED), 0, "above"),
    )


def _tested(*rows: tuple[str, FloatArray, float, str]) -> list[Claim]:
    """Make claims of those whose models are there."""
    return [
        Claim(text, *interval(draws), bound=bound, side="above" if side == "above" else "below")
        for text, draws, bound, side in rows
        if np.isfinite(draws[0])
    ]


def parts(found: Distances) -> dict[str, FloatArray]:
    """Parts of the distance between the bespoke model and the start, as shares of it.

    Returns
    -------
    dict of str to array of shape (1 + n_bootstrap,)
        ``moved``: what fine-tuning covers, ``tuned / bespoke``. ``own``: what it keeps of this very
        start, which another model of the same pre-training does not have, ``(seed - tuned) /
        bespoke``. ``shared``: what that other model has, too, and the bespoke one has not,
        ``(bespoke - seed) / bespoke``; negative if the bespoke one is nearer. They add up to 1.
    """
    each = answers(found)
    tuned, scratch = each["fine-tuned and start"], each[CONTROLS[SCRATCH]]
    seed = each[CONTROLS[OTHER_SEED]]
    return {
        "moved": tuned / scratch,
        "own": (seed - tuned) / scratch,
        "shared": (scratch - seed) / scratch,
    }


def mean_parts(families: Sequence[Distances]) -> dict[str, FloatArray]:
    """Parts of the distance, each a mean over families."""
    found = [parts(each) for each in families]
    return {name: pooled([each[name] for each in found]) for name in ("moved", "own", "shared")}


def percent(draws: FloatArray) -> str:
    """Write a share with its interval, in percent."""
    value, low, high = (100 * x for x in interval(draws))
    return f"{value:.0f} % ({low:.0f} to {high:.0f})" if np.isfinite(value) else "no data"


def parts_table(families: Mapping[str, Distances]) -> pd.DataFrame:
    """Parts of the distance from the start, a column per family and one for their mean."""
    columns = {name: parts(found) for name, found in families.items()}
    columns |= {"mean": mean_parts(list(families.values()))} if len(families) > 1 else {}
    rows = {"moved": "moved by fine-tuning", "own": "the start's own", "shared": "shared by twins"}
    return pd.DataFrame(
        {name: {rows[k]: percent(x) for k, x in each.items()} for name, each in columns.items()}
    )


def curves(found: Distances, line: Lineage) -> dict[str, pd.DataFrame]:
    """Distances along every run of which steps were extracted, by role."""
    runs = {}
    for role in ("FF", "HF", SCRATCH):
        beginning = UNTRAINED if role == SCRATCH else START
        of_run = {k: x for k, x in steps_along(line.ids.get(role, "")).items() if x in line.ids}
        if not of_run or not {beginning, START} <= set(line.ids):
            continue
        references = {"from the pre-trained start": START, "from the end of the run": role}
        if role == SCRATCH:
            references["from its random weights"] = UNTRAINED
        steps = {0.0: beginning, **of_run, 1.0: role}
        runs[role] = progress(found, steps, references=references)
    return runs


def errors_table(
    errors: Mapping[str, pd.DataFrame], found: Mapping[str, Distances]
) -> pd.DataFrame:
    """Errors beside the distance from the start, a group of columns per family and the paper's.

    Parameters
    ----------
    errors : dict of str to DataFrame
        Family to :func:`chapters.shared.lineage.errors_on_unseen`.
    found : dict of str to Distances
    """
    published = paper_entry(f"{PAPER}/test_rmse")["rows"]
    groups = {}
    for name, each in errors.items():
        groups[name, "distance"] = {r: found[name].between(r, START)[0] for r in each.index}
        groups[name, "energy RMSE"] = each["energy"].to_dict()
        groups[name, "force MAE"] = each["force_mae"].to_dict()
    for i, label in enumerate(("energy RMSE", "force RMSE")):
        values = {START if r == "PET-MAD" else r: x[i] for r, x in published.items()}
        groups[PAPER_MODEL, label] = values
    table = pd.DataFrame(groups).reindex(list(PROTOCOLS))
    return table.apply(_written)


def _written(column: pd.Series[float]) -> pd.Series[str]:
    """Write distances with two digits, errors in whole meV, and nothing where there is nothing."""
    digits = 2 if "distance" in column.name else 0  # type: ignore[operator]
    return column.map(lambda x: "" if np.isnan(x) else f"{x:.{digits}f}")


def beside_paper(columns: Mapping[str, Distances], local: Mapping[str, Distances]) -> pd.DataFrame:
    """Table of the paper's numbers and ours.

    Parameters
    ----------
    columns, local : dict of str to Distances
        Column to its global and to its local errors, the paper's among them.
    """
    rows = pd.DataFrame({name: _row(found, local[name]) for name, found in columns.items()})
    return rows.map(lambda x: f"{x:.3f}" if np.isfinite(x) else "no data")


def _row(found: Distances, local: Distances) -> dict[str, float]:
    each = {name: float(draws[0]) for name, draws in answers(found).items()}
    pairs = (START, SCRATCH), (UNTRAINED, SCRATCH), (UNTRAINED, START)
    one_way = {
        f"GFRE, {a} → {b}": float(found.to(a, b)[0])
        for pair in pairs
        for a, b in (pair, pair[::-1])
    }
    near, far = (local.between(some, START) for some in (FINE_TUNED, SCRATCH))
    return {
        "GFRE, fine-tuned and start": each["fine-tuned and start"],
        "GFRE, bespoke and start": each["bespoke and start"],
        "GFRE, share kept": each["share kept"],
        **one_way,
        "LFRE, fine-tuned and start": float(near[0]),
        "LFRE, bespoke and start": float(far[0]),
        "LFRE, share kept": float(kept_share(near, far)[0]),
    }
