"""Any model in the hands of other packages: scikit-learn, chemiscope, torch-sim, metatomic.

What calculators of ase offer is in :mod:`lumlip.extraction.direct`.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from ase import Atoms
from sklearn.base import BaseEstimator, TransformerMixin

from lumlip.array_types import FloatArray
from lumlip.choices import ANY_LAYER, check_choice
from lumlip.extraction.features import features
from lumlip.metrics.cumulants import cumulant_features


class Featurizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer of scikit-learn from structures to their features, with nothing to fit.

    Also what chemiscope asks for: ``chemiscope.explore(structures, lumlip.Featurizer(model))``.

    ``layer`` and ``order`` are those of :func:`lumlip.embed`, all else of :func:`lumlip.features`.
    """

    def __init__(
        self,
        model: str,
        *,
        layer: str = "last_layer",
        order: int = 2,
        device: str = "auto",
        dtype: str = "float32",
        trust_checkpoint: bool = False,
    ) -> None:
        self.model, self.layer, self.order = model, layer, order
        self.device, self.dtype, self.trust_checkpoint = device, dtype, trust_checkpoint

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Sequence[Atoms], y: object = None) -> Self:
        """Learn nothing: the model is pretrained."""
        return self

    def transform(self, X: Sequence[Atoms]) -> FloatArray:
        """Return (n_structures, order * n_channels), see :func:`lumlip.cumulant_features`."""
        return self(X)

    def __call__(self, structures: Sequence[Atoms], environments: Any = None) -> FloatArray:
        """Do the same; of environments (structure, atom, cutoff): (n_environments, n_channels)."""
        check_choice("layer", self.layer, ANY_LAYER)
        options: dict[str, Any] = {"dtype": self.dtype, "trust_checkpoint": self.trust_checkpoint}
        ds = features(self.model, structures, device=self.device, **options)
        X, owner = ds[self.layer].to_numpy(), ds["structure"].to_numpy()
        if environments is None:
            return cumulant_features(X, owner, order=self.order)
        chosen = np.array([one[:2] for one in environments])
        if chosen.shape != (len(environments), 2) or chosen.dtype.kind not in "iu":
            raise ValueError("environments: expected some (structure, atom, cutoff) of integers")
        of, atom = chosen.T
        rows = np.searchsorted(owner, of) + atom
        if (np.append(owner, -1)[rows.clip(-1, len(owner))] != of).any():
            raise ValueError("environments: got an atom or a structure that is not there")
        return np.asarray(X[rows], dtype=float)


def as_atoms(state: Any) -> list[Atoms]:
    """Return the structures of a ``SimState`` of torch-sim, or of a list of metatomic's ``System``.

    >>> as_atoms([])
    []
    """
    if hasattr(state, "to_atoms"):
        return list(state.to_atoms())
    try:
        parts = [(one.types, one.positions, one.cell, one.pbc) for one in state]
    except (AttributeError, TypeError):
        raise TypeError(
            f"got {state!r:.60}, expected a SimState of torch-sim or a list of metatomic's System"
        ) from None
    arrays = ([x.detach().cpu().numpy() for x in part] for part in parts)
    return [Atoms(z, r, cell=cell, pbc=pbc) for z, r, cell, pbc in arrays]
