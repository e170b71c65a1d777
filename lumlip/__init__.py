"""What universal interatomic potentials know: extract their latent features and compare them.

>>> import lumlip
>>> len(lumlip.structures("mini-mad")) > 1000
True

Names are imported on first use, so that ``lumlip`` also imports inside a model family's own
environment, which has little more than numpy, ase and torch.
"""

from importlib import import_module
from typing import Any

from lumlip import errors

__version__ = "0.1.0"

#: The module of each public name; a public module stands here itself.
_HOME = {
    "structures": "datasets.sets",
    "features": "extraction.features",
    "extract_parts": "extraction.shards",
    "join": "extraction.shards",
    "panel": "extraction.panel",
    "compare": "comparison",
    "embed": "embedding",
    "select": "embedding",
    "Descriptors": "extraction.direct",
    "feature_gradients": "extraction.direct",
    "Featurizer": "adapters",
    "as_atoms": "adapters",
    "last_layer_uncertainty": "uncertainty",
    "gfre": "metrics.reconstruction",
    "lfre": "metrics.reconstruction",
    "gfrd": "metrics.reconstruction",
    "pointwise_gfre": "metrics.reconstruction",
    "pointwise_lfre": "metrics.reconstruction",
    "reconstruction_table": "metrics.tables",
    "streamed_table": "metrics.streamed",
    "streamed_lfre": "metrics.streamed_local",
    "similarity": "metrics.similarity",
    "split": "metrics.splits",
    "folds": "metrics.folds",
    "cumulant_features": "metrics.cumulants",
    "models": "zoo.listing",
    "paper_table": "datasets.paper",
    "paper_tables": "datasets.paper",
    **{name: "errors" for name in vars(errors) if name.endswith("Error")},
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        known = ", ".join(__all__)
        raise AttributeError(f"module 'lumlip' has no attribute {name!r}; known: {known}")
    home = import_module(f"lumlip.{_HOME[name]}")
    return getattr(home, name, home)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
