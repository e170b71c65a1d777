"""Maps between all layers of several models, and means over their families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, permutations
from typing import Any

import numpy as np
import xarray as xr

from chapters.shared.spectrum import narrowed, without_leading
from lumlip.array_types import FloatArray, IntArray
from lumlip.choices import LAYERS
from lumlip.extraction.panel import Panel
from lumlip.metrics.folds import Folds
from lumlip.metrics.repeated import CrossFit, Estimate, pair_weights
from lumlip.zoo.relations import family_of

#: Direction -> (source layer, target layer): the way that the model goes, and the way back.
WAYS = {"forth": ("backbone", "last_layer"), "back": ("last_layer", "backbone")}


def key(layer: str, model: str) -> str:
    """Name the features of a layer.

    >>> key("backbone", "sevennet-0")
    'backbone:sevennet-0'
    """
    return f"{layer}:{model}"


def both_layers(panel: Panel) -> dict[str, FloatArray]:
    """Features of both layers of every model (n_atoms, n_channels), named by `key`."""
    return {key(layer, m): X for layer in LAYERS for m, X in panel.layer(layer).items()}


@dataclass(frozen=True)
class LayerFits:
    """Global or local maps between all layers of several models.

    Attributes
    ----------
    fit : CrossFit
        Sources and targets are named by `key`.
    readout : dict of model to layer
        The widest features that the energy is linear in; the backbone where the head is linear.
    """

    fit: CrossFit
    readout: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        panel: Panel | None,
        orders: Sequence[Folds],
        *,
        sets: Sequence[Sequence[str]] = (),
        **options: Any,
    ) -> LayerFits:
        """Fit maps within models, and between families in each set; without a panel there are none.

        The options are those of `CrossFit.of`. Local maps (``metric="lfre"``) are all fitted.
        """
        if panel is None:
            return cls(CrossFit.empty())
        readout = {m: str(ds.attrs["readout"]) for m, ds in panel.datasets.items()}
        if "metric" not in options:
            options["pairs"] = targets_of(readout, sets)
        return cls(CrossFit.of(both_layers(panel), orders=orders, **options), readout)

    @property
    def models(self) -> list[str]:
        """The models, in the order of the panel."""
        return list(self.readout)

    @property
    def linear(self) -> list[str]:
        """The models whose last layer is a linear map of their backbone by construction."""
        return [m for m, layer in self.readout.items() if layer == "backbone"]

    @property
    def bent(self) -> list[str]:
        """The models with a nonlinear head."""
        return [m for m in self.models if m not in self.linear]

    def weights(self, way: str, models: Sequence[str]) -> FloatArray:
        """Weights of the map back or forth within each model; every family counts once."""
        source, target = WAYS[way]
        return own_weights(self.fit, {m: (key(source, m), key(target, m)) for m in models})

    def error(self, way: str, models: Sequence[str]) -> Estimate:
        """Mean error of the way back or forth."""
        return self.fit.mean(self.weights(way, models))

    def excess(self, models: Sequence[str]) -> Estimate:
        """Error back minus error forth, averaged over families."""
        return self.fit.difference(self.weights("back", models), self.weights("forth", models))

    def excess_over(self, models: Sequence[str], others: Sequence[str]) -> Estimate:
        """Excess of some models minus that of others."""
        sides = [
            self.weights(way, models) + self.weights(other, others)
            for way, other in (("back", "forth"), ("forth", "back"))
        ]
        # Each side is a mean over twice as many errors as the excess of one set.
        return self.fit.difference(*sides).map(lambda half: 2 * half)

    def between(self, layer: str, models: Sequence[str]) -> CrossFit:
        """Return the maps between one layer, or the readout, of all models."""
        names = [key(self.readout[m] if layer == "readout" else layer, m) for m in models]
        return self.fit.only(names)

    def above_backbones(self, layer: str, models: Sequence[str]) -> Estimate:
        """Mean error between families of a layer minus that of backbones."""
        pairs = family_pairs(models)
        backbones = self.between("backbone", models)
        return self.between(layer, models).difference(pairs, pairs, other=backbones)


def targets_of(readout: Mapping[str, str], sets: Sequence[Sequence[str]]) -> dict[str, set[str]]:
    """Say what is rebuilt from each layer (by `key`): the model's other one, always.

    Within each set, also the backbone, last layer and readout of all models of other families.
    """
    found = {key(one, m): {key(other, m)} for m in readout for one, other in WAYS.values()}
    for one, other in chain.from_iterable(permutations(models, 2) for models in sets):
        if {one, other} <= set(readout) and family_of(one) != family_of(other):
            layers = [(layer, layer) for layer in LAYERS] + [(readout[one], readout[other])]
            for source, target in layers:
                found[key(source, one)].add(key(target, other))
    return found


def without_worst(
    fits: LayerFits, some: Sequence[FloatArray], atoms: xr.Dataset, groups: IntArray
) -> tuple[list[str], LayerFits]:
    """Leave out the parents that carry most of some mean errors, and name them.

    Each of some weights, of shape (n_sources, n_targets), gives one parent; the groups, of shape
    (n_atoms,), are the parents of the atoms, as the fits number them.
    """
    sums = np.nan_to_num(fits.fit.sums.mean(axis=0))  # NaN: not fitted
    worst = {int(np.tensordot(w, sums, axes=2).argmax()) for w in some}
    structure, parent = atoms["structure"].to_numpy(), atoms["parent"].to_numpy()
    names = [str(parent[structure[np.argmax(groups == g)]]) for g in sorted(worst)]
    left_out = np.isin(np.arange(len(fits.fit.counts)), list(worst))
    return names, LayerFits(fits.fit.without_groups(left_out), fits.readout)


def family_pairs(models: Sequence[str]) -> FloatArray:
    """Weights of all pairs of models of different families, see `pair_weights`."""
    return pair_weights([family_of(m) for m in models]) if models else np.zeros((0, 0))


def own_weights(fit: CrossFit, pairs: Mapping[str, tuple[str, str]]) -> FloatArray:
    """Weights (n_sources, n_targets) of one pair for each model; every family counts once."""
    weights = np.zeros((len(fit.sources), len(fit.targets)))
    families = [family_of(m) for m in pairs]
    for model, (source, target) in pairs.items():
        share = 1 / families.count(family_of(model)) / len(set(families))
        weights[fit.sources.index(source), fit.targets.index(target)] = share
    return weights


def back_from_random(
    panel: Panel, models: Sequence[str], orders: Sequence[Folds], **options: Any
) -> tuple[CrossFit, FloatArray]:
    """Rebuild backbones from as many random directions of them as the last layer has channels.

    With the weights (n_models, n_models) that average over families.
    """
    backbone, last = panel.layer("backbone"), panel.layer("last_layer")
    random = {
        key("random", m): narrowed(backbone[m], last[m].shape[1], how="random", seed=0)
        for m in models
    }
    if not models:
        return CrossFit.empty(), np.zeros((0, 0))
    targets = {key("backbone", m): backbone[m] for m in models}
    pairs = {key("random", m): [key("backbone", m)] for m in models}
    fit = CrossFit.of(random, targets, orders=orders, pairs=pairs, **options)
    return fit, own_weights(fit, {m: (key("random", m), key("backbone", m)) for m in models})


def to_parts(
    panel: Panel, models: Sequence[str], orders: Sequence[Folds], **options: Any
) -> dict[str, CrossFit]:
    """Rebuild last layers along their first principal axis ("along"), and without it ("rest")."""
    last = {m: panel.layer("last_layer")[m] for m in models}
    rest = {key("rest", m): without_leading(X, 1) for m, X in last.items()}
    along = {key("along", m): X - X.mean(axis=0) - rest[key("rest", m)] for m, X in last.items()}
    fit = CrossFit.of(last, along | rest, orders=orders, **options)
    return {"along": fit.only(models, list(along)), "rest": fit.only(models, list(rest))}
