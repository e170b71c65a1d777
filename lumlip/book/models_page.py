"""Tables of the models page, in Markdown, made from what the program itself uses."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from lumlip.conformance.check_model import check_models
from lumlip.conformance.symmetries import BY_DESIGN
from lumlip.minis.cards import cards
from lumlip.runtime.environments import pins
from lumlip.zoo.listing import models
from lumlip.zoo.table import ModelEntry, resolve, shipped

#: What the table of checks shows, and the heading of each column.
CHECKED = {
    "energy_identity": "energy from last layer",
    "package_energy": "package's energy",
    "rotation": "rotation",
    "inversion": "inversion",
    "translation": "translation",
    "permutation": "permutation",
    "batching": "batching",
}

#: So many tasks of a model are named in the table of downloads.
SHOWN_TASKS = 6


def models_markdown(ids: Sequence[str] | None = None) -> str:
    """List models: training data, functional, size, licence, reference; by default all.

    Minis alone have no licence and reference of their own, and these columns are left out.
    """
    entries = list(map(resolve, models().index if ids is None else ids))
    rows = [
        (
            f"`{entry.id}`",
            entry.training_data,
            entry.functional,
            f"{entry.parameters:,}" if entry.parameters else "",
            f"{len(entry.elements)}" if entry.elements else "",
            f"{entry.cutoff:g}" if entry.cutoff else "",
            entry.licence,
            _link(entry.reference),
        )
        for entry in entries
    ]
    heads = ["model", "trained on", "functional", "parameters", "elements", "cutoff / Å"]
    heads += [] if all(entry.mini for entry in entries) else ["licence", "reference"]
    return markdown_table(heads, [row[: len(heads)] for row in rows])


def published_markdown() -> str:
    """List the published models to download: one row per file, its tasks, source and access."""
    files: dict[tuple[str, str], list[ModelEntry]] = {}
    for entry in map(resolve, models().query("weights == 'download'").index):
        files.setdefault((entry.family, entry.file), []).append(entry)
    rows = [
        (
            f"`{some[0].id.partition('@')[0]}`",
            some[0].training_data
            + (f"; {some[0].target}, no energy" if some[0].target else "")
            + _some([f"`@{entry.task}`" for entry in some if entry.task]),
            f"[{'on request' if some[0].access else 'open'}]({some[0].access or some[0].source})"
            + (f"; no features: {some[0].refused}" if some[0].refused else ""),
            some[0].licence,
            _link(some[0].reference),
        )
        for some in files.values()
    ]
    return markdown_table(("model", "trained on; tasks", "weights", "licence", "reference"), rows)


def _some(names: Sequence[str]) -> str:
    """Write names one after the other, the first few of many, after what stands before them."""
    rest = len(names) - SHOWN_TASKS
    listed = ", ".join(names[:SHOWN_TASKS]) + (f" and {rest} more" if rest > 0 else "")
    return f"; {listed}" if names else ""


def minis_markdown(*, fine_tuned: bool = False) -> str:
    """List the minis' validation errors beside those of the trivial baselines, from their cards.

    ``fine_tuned``: those that learned lithium thiophosphates, instead of the others.
    """
    table = cards().reset_index()
    table = table[table["mini"].str.contains("-lps-") == fine_tuned]
    rows = []
    table["id"] = table["mini"] + table["branch"].map(lambda branch: f"@{branch}" if branch else "")
    for name, parts in table.groupby("id", sort=False):
        part = parts.set_index("part")
        whole, ratios = part.loc["all"], part[["energy_ratio", "force_ratio"]]
        row = [f"`{name}`", f"`{whole['teacher']}`"]
        for kind, baselines in (("energy", ("linear", "lookup")), ("force", ("zero",))):
            row.append(f"{whole[kind]:.3f} ({whole[f'{kind}_ratio']:.0%})")
            row += [f"{whole[f'{kind}_{baseline}']:.3f}" for baseline in baselines]
        unseen = [f"{x:.0%}" for x in ratios.loc["unseen"]] if "unseen" in part.index else []
        rows.append([*row, ", ".join(unseen) or "none, none"])
    energy = ("energy (ratio)", "linear", "look-up")
    force = ("force (ratio)", "zero", "ratios, unseen")
    return markdown_table(("mini", "teacher", *energy, *force), rows)


def packages_markdown() -> str:
    """List the package of every family, as its environment pins it."""
    families = dict.fromkeys(models()["family"])
    rows = [(family, f"`{pins(family).dependencies[0]}`") for family in families]
    return markdown_table(("family", "package"), rows)


def checks_markdown(structures: str | os.PathLike[str], ids: Sequence[str] | None = None) -> str:
    """List the errors of all checks of every model; one that fails must not be rendered."""
    rows = []
    for model, report in check_models(ids or shipped(), structures).items():
        failed = report.index[~report["ok"]].tolist()
        assert not failed, f"{model} fails {failed}:\n{report}"
        family = resolve(model).family
        rows.append((f"`{model}`", *(_error(report, name, family) for name in CHECKED)))
    return markdown_table(("model", *CHECKED.values()), rows)


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table.

    >>> print(markdown_table(["a", "b"], [["1", "2"]]))
    | a | b |
    | --- | --- |
    | 1 | 2 |
    """
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _error(report: pd.DataFrame, name: str, family: str) -> str:
    """Write an error, or by how much a family lacks the symmetry that it was not made to keep."""
    error = float(report["error"][name])
    if (family, name) in BY_DESIGN:
        return f"**{error:.2g} of spread**"
    return _power(error)


def _power(error: Any) -> str:
    """Write an error as a bound, a power of ten: its digits are rounding noise."""
    if pd.isna(error):
        return "nothing to compare"
    return "0" if error == 0 else f"< 1e{int(f'{error:.0e}'.split('e')[1]) + 1:+03d}"


def _link(reference: str) -> str:
    kind, _, name = reference.partition(":")
    address = {"doi": "https://doi.org/", "arXiv": "https://arxiv.org/abs/"}.get(kind)
    return f"[{kind}]({address}{name})" if address else reference
