"""How much each order of the cumulants adds: a study of one panel of models, structures as rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from lumlip.array_types import FloatArray, IntArray
from lumlip.extraction.panel import Panel, as_samples
from lumlip.metrics.bootstrap import resampled_errors
from lumlip.metrics.cumulants import cumulant_features
from lumlip.metrics.reconstruction import pointwise_errors
from lumlip.metrics.splits import hold_out


@dataclass(frozen=True)
class OrderStudy:
    """Structure features of the models of a panel, and which structures are for the test.

    Attributes
    ----------
    panel : Panel
    layer : str
    order : int
        Highest cumulant, 2 to 8.
    features : dict of str to array of shape (n_structures, order * n_channels)
    groups : int array of shape (n_structures,)
        Structures with one number are never parted: by default those with one parent.
    train, test : int arrays
        Structures.
    device : str
    """

    panel: Panel
    layer: str
    order: int
    features: dict[str, FloatArray]
    groups: IntArray
    train: IntArray
    test: IntArray
    device: str = "auto"

    @classmethod
    def of(
        cls,
        panel: Panel,
        *,
        layer: str = "last_layer",
        order: int = 8,
        by: str = "parent",
        n_test: int = 1000,
        seed: int = 0,
        device: str = "auto",
    ) -> OrderStudy:
        """Compute the features and split the structures: at most a fifth are for the test.

        Raises
        ------
        ValueError
            An order below 2 or above 8, or an unknown split.
        """
        if order not in range(2, 9):
            raise ValueError(f"order: got {order}, expected 2 to 8")
        index = panel.atoms["structure"].to_numpy()
        features = {
            model: cumulant_features(X, index, order=order)
            for model, X in panel.layer(layer).items()
        }
        samples = as_samples(panel, by=by)
        train, test = hold_out(samples, by="parent", n_test=n_test, seed=seed)
        groups = np.unique(samples["parent"].to_numpy(), return_inverse=True)[1].astype(np.int64)
        return cls(panel, layer, order, features, groups, train, test, device)

    @property
    def models(self) -> list[str]:
        """Those of the panel."""
        return list(self.features)

    def up_to(self, order: int) -> dict[str, FloatArray]:
        """Features of every model up to an order, (n_structures, order * n_channels) each."""
        return {m: F[:, : order * (F.shape[1] // self.order)] for m, F in self.features.items()}

    def errors(self, source: Any, target: Any = None) -> xr.DataArray:
        """Global errors between some features of the structures: (source, target, atom).

        What is an atom elsewhere is a structure here.
        """
        return pointwise_errors(
            source, target, metric="gfre", train=self.train, test=self.test, device=self.device
        )

    def from_mean(
        self, change: Callable[[FloatArray], FloatArray] = lambda features: features
    ) -> xr.DataArray:
        """Errors from order 1 to order 2, 3, ...: (model, order, structure).

        Parameters
        ----------
        change : callable
            Applied to the features (n_structures, order * n_channels) of each model first.
        """
        found = []
        for F in self.features.values():
            parts = self._nested(change(F))
            targets = {str(k): parts[k] for k in range(2, self.order + 1)}
            found.append(self.errors({"mean": parts[1]}, targets).to_numpy()[0])
        return self._named(found, range(2, self.order + 1))

    def steps(self) -> xr.DataArray:
        """Errors from order K to order K + 1, for K = 1, 2, ...: (model, order, structure)."""
        found = []
        for F in self.features.values():
            parts = self._nested(F)
            pairs = [({"K": parts[k]}, {"next": parts[k + 1]}) for k in range(1, self.order)]
            found.append(np.stack([self.errors(*pair).to_numpy()[0, 0] for pair in pairs]))
        return self._named(found, range(1, self.order))

    def between(self, order: int) -> xr.DataArray:
        """Errors between all models at one order: (source, target, structure)."""
        return self.errors(self.up_to(order))

    def _nested(self, features: FloatArray) -> dict[int, FloatArray]:
        width = features.shape[1] // self.order
        return {k: features[:, : k * width] for k in range(1, self.order + 1)}

    def _named(self, found: list[FloatArray], orders: range) -> xr.DataArray:
        coordinates = {"model": self.models, "order": list(orders), "structure": self.test}
        return xr.DataArray(np.stack(found), dims=list(coordinates), coords=coordinates)


def curves(
    errors: xr.DataArray, groups: IntArray, *, n_bootstrap: int = 200, seed: int = 0
) -> tuple[xr.DataArray, xr.DataArray]:
    """Root mean square errors, and those of many draws of the test structures.

    Parameters
    ----------
    errors : DataArray of shape (model, order, structure)
    groups : int array of shape (n_structures,)
        Of all structures; the draws take whole groups.

    Returns
    -------
    (DataArray of shape (model, order), DataArray of shape (model, order, draw))
    """
    values: xr.DataArray = (errors**2).mean("structure") ** 0.5
    drawn = resampled_errors(
        errors.to_numpy(),
        groups=groups[errors["structure"].to_numpy()],
        n_bootstrap=n_bootstrap,
        seed=seed,
    )
    coordinates = {"model": errors["model"], "order": errors["order"]}
    return values, xr.DataArray(drawn, dims=("model", "order", "draw"), coords=coordinates)
