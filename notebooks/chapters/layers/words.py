"""Sentences of the chapter on layers, made of its numbers: true whatever models a run has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from chapters.layers.claims import nonlinear
from chapters.layers.intervals import root_mean_square
from chapters.layers.probing import dropped
from chapters.layers.study import LayerStudy
from chapters.shared.breakdown import mean_between
from lumlip.book.findings import Claim
from lumlip.choices import LAYERS
from lumlip.datasets.paper import paper_table
from lumlip.metrics.bootstrap import Interval, with_interval
from lumlip.metrics.probe_targets import Key
from lumlip.metrics.probes import ProbeScore
from lumlip.zoo.relations import trained

#: What the sets of models are called in a sentence.
TITLES = {"real": "published models", "minis": "minis"}
Studies = Mapping[str, LayerStudy]


def mean_ways(errors: xr.DataArray, models: Sequence[str]) -> tuple[float, float]:
    """Mean error forth and back over some models (direction, model, atom)."""
    mean = root_mean_square(errors.sel(model=list(models))).mean("model")
    return float(mean.sel(direction="forth")), float(mean.sel(direction="back"))


def curved(study: LayerStudy) -> list[str]:
    """Return the models with a nonlinear head, no controls."""
    return [model for model in nonlinear(study.within) if model in study.models]


def _count(models: Sequence[str], name: str) -> str:
    """Write "1 mini" or "3 published models"."""
    return f"{len(models)} {TITLES[name] if len(models) != 1 else TITLES[name].removesuffix('s')}"


def within(studies: Studies) -> str:
    """Say how well the layers of one model rebuild each other, in each set of models."""
    parts = []
    for name, study in studies.items():
        if models := curved(study):
            forth, back = mean_ways(study.within, models)
            parts.append(f"{back:.2f} for {_count(models, name)} (forth: {forth:.2f})")
    if not parts:
        return "This run has no model with a nonlinear head."
    return (
        "Within a model whose head is not linear, the mean GFRE back, from the last layer to the "
        f"backbone, is {' and '.join(parts)}."
    )


def between(tables: Mapping[str, pd.DataFrame], claims: Mapping[str, Sequence[Claim]]) -> str:
    """Say which layer agrees better between families; only a sure difference counts.

    Parameters
    ----------
    tables : dict of set to DataFrame
        From :func:`chapters.layers.tables.between_families`.
    claims : dict of set to list of Claim
        From :func:`chapters.layers.claims.claims`; the second has the interval of the difference.
    """
    parts = []
    for name, table in tables.items():
        backbone, last = (float(table["value"].loc[(layer, layer)]) for layer in LAYERS)
        if np.isfinite([backbone, last]).all():
            claim = claims[name][1]
            sure = "better than" if claim.low > 0 else "worse than" if claim.high < 0 else "like"
            numbers = f"mean GFRE {backbone:.2f} against {last:.2f}"
            parts.append(f"backbones of {TITLES[name]} agree {sure} last layers ({numbers})")
    if not parts:
        return "This run has no models of different families."
    return f"Between families, {', and '.join(parts)}."


def content(spectra: Mapping[str, pd.DataFrame], scores: Mapping[Key, ProbeScore]) -> str:
    """Say what the last layers hold and drop, for the first set of models that there is.

    Parameters
    ----------
    spectra : dict of set to DataFrame
        From :meth:`chapters.layers.tables.spectra`, no controls.
    scores : dict of (model, layer, target) to ProbeScore
    """
    name, table = next(iter(spectra.items()))
    text = leading(table, TITLES[name])
    probed = [m for m in table.index if (m, LAYERS[0], "element") in scores]
    if not probed:
        return text
    told = [np.mean([scores[m, layer, "element"].value for m in probed]) for layer in LAYERS]
    return (
        f"{text} A linear probe tells the element of an atom from the backbone with an accuracy "
        f"of {told[0]:.2f}, from the last layer with {told[1]:.2f}."
    )


def leading(table: pd.DataFrame | None, title: str) -> str:
    """Say how much of the last layers is one direction, and that direction the energy."""
    if table is None or table.empty:
        return f"This run has no {title}."
    text = (
        f"In the last layers of {title}, a single direction holds "
        f"{100 * table['share'].mean():.0f} % of the variance on average"
    )
    known = table["energy"].dropna()
    if known.empty:
        return f"{text}."
    return (
        f"{text}; the energy that the model gives to the atom explains {100 * known.mean():.0f} % "
        "of that direction."
    )


def local(studies: Studies, errors: Mapping[str, xr.DataArray]) -> str:
    """Say what local maps change in each set of models."""
    parts = []
    for name, study in studies.items():
        if models := curved(study):
            forth, back = mean_ways(errors[name], models)
            global_forth, global_back = mean_ways(study.within, models)
            parts.append(
                f"for {TITLES[name]} with a nonlinear head, from {global_forth:.2f} to {forth:.2f} "
                f"forth and from {global_back:.2f} to {back:.2f} back"
            )
    if not parts:
        return "This run has no model with a nonlinear head."
    return f"On average over models, the local map takes the error {'; '.join(parts)}."


def cut(claims: Mapping[str, Sequence[Claim]], studies: Studies) -> str:
    """Say what remains of the excess at one width, in each set of models."""
    parts = []
    for name, found in claims.items():
        claim, study = found[2], studies[name]
        if not np.isfinite(claim.value):
            parts.append(f"No backbone of the {TITLES[name]} is wider than the last layer.")
            continue
        forth, back = mean_ways(study.within, study.wider)
        end = "the width does not explain it" if claim.holds else "the width may explain it"
        parts.append(
            f"For {_count(study.wider, name)} whose backbone is the wider layer, the way back is "
            f"harder by {back - forth:.2f}, and by {claim.value:.2f} ({claim.low:.2f} to "
            f"{claim.high:.2f}) with it cut by principal components: {end}."
        )
    return " ".join(parts)


def twins(study: LayerStudy | None, untrained: Sequence[str]) -> str:
    """Say whether the way back is harder before any training."""
    known = [] if study is None else list(study.within["model"].to_numpy())
    pairs = [(trained(t), t) for t in untrained]
    pairs = [pair for pair in pairs if set(pair) <= set(known)]
    if study is None or not pairs:
        return "This run has no untrained twins."
    rms = root_mean_square(study.within)
    excess = rms.sel(direction="back") - rms.sel(direction="forth")
    parts = [
        f"{float(excess.sel(model=twin)):+.2f} in {twin}, {float(excess.sel(model=model)):+.2f} "
        f"in {model}"
        for model, twin in pairs
    ]
    return f"Before and after training, GFRE back minus GFRE forth is {'; '.join(parts)}."


def cross(tables: Mapping[str, pd.DataFrame]) -> str:
    """Give the mean errors from each kind of layer to a last layer of another family."""
    parts = []
    for name, table in tables.items():
        first, second = (table["value"].loc[(layer, "last_layer")] for layer in LAYERS)
        if np.isfinite([first, second]).all():
            parts.append(f"{first:.2f} from backbones and {second:.2f} from last layers")
            parts[-1] += f" among {TITLES[name]}"
    if not parts:
        return "This run has no models of different families."
    return f"The mean GFRE to the last layer of another family is {', '.join(parts)}."


def stripped(table: pd.DataFrame | None, title: str) -> str:
    """Say how last layers and backbones compare without the leading direction of each target."""
    if table is None or table.empty:
        return f"This run has no {title} of different families."
    parts = []
    for step, words in ((0, "as the layers are"), (1, "without the leading direction")):
        above = with_interval(_above(table, step), sign="+")
        last, backbone = _typical(table, step)
        parts.append(f"{above} {words} (typical atom: {last:.2f} against {backbone:.2f})")
    return (
        f"Last layers minus backbones, the mean GFRE between families of {title} is "
        f"{', and '.join(parts)}."
    )


def _typical(table: pd.DataFrame, step: int) -> tuple[float, float]:
    """Error of the typical atom in last layers and backbones, without so many directions."""
    chosen = table[table["directions"] == step].set_index("layer")["typical"]
    return float(chosen["last_layer"]), float(chosen["backbone"])


def _above(table: pd.DataFrame, step: int) -> Interval:
    """Last layers minus backbones, with the interval, without so many directions."""
    columns = ["above", "above_low", "above_high"]
    return Interval(*table.loc[table["directions"] == step, columns].to_numpy(dtype=float)[0])


def why(table: pd.DataFrame | None) -> str:
    """Explain a contradiction of the second claim, if there is one and the check explains it."""
    if table is None or table.empty:
        return ""
    if _above(table, 0)[2] >= 0:
        return ""
    start = "That the last layers of published models agree better here contradicts the paper. "
    last, backbone = _typical(table, 1)
    if _above(table, 1)[1] > 0 and last > backbone:
        return start + (
            "Our explanation is that in these models the last layer has collapsed onto the energy "
            "of the atom, about which good potentials agree. The check: with that one direction "
            "taken out of every target, backbones agree better, as in the paper, on average and "
            "for the typical atom. The paper's models have wider last layers, whose variance may "
            "be spread further."
        )
    return start + "Taking out the leading direction does not turn it around."


def probes(scores: Mapping[Key, ProbeScore], models: Sequence[str], title: str) -> str:
    """Give what probes read off both layers, averaged over models."""
    known = [model for model in models if any(key[0] == model for key in scores)]
    if not known:
        return f"This run has no probes of {title}."
    parts = []
    for target in dict.fromkeys(key[2] for key in scores):
        told = [np.mean([scores[m, layer, target].value for m in known]) for layer in LAYERS]
        parts.append(f"{target} {told[0]:.2f} and {told[1]:.2f}")
    return f"Mean scores of {title}, from the backbone and from the last layer: {', '.join(parts)}."


def gains(scores: Mapping[Key, ProbeScore], controls: Sequence[str] = ()) -> str:
    """Name what a last layer tells better than its backbone, the energy aside."""
    found: dict[str, list[str]] = {}
    for target in dict.fromkeys(key[2] for key in scores):
        for model, (_, _, high) in dropped(scores, target).items():
            if high < 0 and "energy" not in target and model not in controls:
                found.setdefault(model, []).append(target)
    if not found:
        return "No last layer tells anything but the energy better than its backbone."
    listed = "; ".join(f"{model} ({', '.join(names)})" for model, names in found.items())
    return f"Besides the energy, some last layers tell a thing better than the backbone: {listed}."


def training(scores: Mapping[Key, ProbeScore], untrained: Sequence[str]) -> str:
    """Say what training did to the backbones of models that have an untrained twin here."""
    models = {model for model, _, _ in scores}
    pairs = [(trained(t), t) for t in untrained]
    pairs = [pair for pair in pairs if models.issuperset(pair)]
    if not pairs:
        return "This run has no probes of untrained twins."
    parts = []
    for target in dict.fromkeys(key[2] for key in scores):
        after, before = (
            float(np.mean([scores[pair[i], LAYERS[0], target].value for pair in pairs]))
            for i in (0, 1)
        )
        parts.append(f"{target} {before:.2f} and {after:.2f}")
    return (
        f"Backbones of {' and '.join(pair[0] for pair in pairs)}, before and after training, on "
        f"average: {', '.join(parts)}."
    )


def number_of(claims: Mapping[str, Sequence[Claim]], name: str, place: int) -> str:
    """Write the number of a claim with its interval, or that this run has none."""
    found = claims.get(name, ())
    if not found or not np.isfinite(found[place].value):
        return "not known from this run"
    return with_interval(found[place].interval, sign="+")


def pair_of(tables: Mapping[str, pd.DataFrame], name: str) -> str:
    """Write the mean errors between families, backbones first, or that this run has none."""
    if name not in tables or tables[name]["value"].isna().any():
        return "not known from this run"
    values = (tables[name]["value"].loc[(layer, layer)] for layer in LAYERS)
    return " and ".join(f"{value:.2f}" for value in values)


def of_paper(excess: pd.Series) -> dict[str, float | int]:
    """Return the published numbers that the page compares with.

    Parameters
    ----------
    excess : Series
        GFRE back minus GFRE forth, by the paper's names of the models.
    """
    names = excess.index.astype(str)
    uma, pet = excess[names.str.startswith("UMA")], excess[names.str.startswith("PET")]
    means = {
        layer: mean_between(paper_table(f"cross_model/{layer}/MAD-test", "gfre"))
        for layer in LAYERS
    }
    return {
        "paper_excess": float(excess.mean()),
        "paper_excess_pet": float(pet.mean()),
        "paper_excess_uma": float(uma.mean()),
        "paper_n": len(excess),
        "paper_uma_n": len(uma),
        "paper_uma_other": int((uma < 0).sum()),
        "paper_backbone": means["backbone"],
        "paper_last": means["last_layer"],
    }
