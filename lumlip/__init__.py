"""What universal interatomic potentials know: extract their latent features and compare them.

>>> import lumlip
>>> len(lumlip.structures("mini-mad")) > 1000
True

Names are imported on first use, so that ``lumlip`` also imports inside a model family's own
environment, which has little more than numpy, ase and torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "structures": "structure_sets",
    "features": "extraction",
    "gfre": "reconstruction",
    "lfre": "reconstruction",
    "gfrd": "reconstruction",
    "pointwise_gfre": "reconstruction",
    "pointwise_lfre": "reconstruction",
    "reconstruction_table": "reconstruction",
    "split": "splits",
    "cumulant_features": "cumulants",
    "models": "zoo",
    "paper_table": "paper",
    "paper_tables": "paper",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        known = ", ".join(__all__)
        raise AttributeError(f"module 'lumlip' has no attribute {name!r}; known: {known}")
    return getattr(import_module(f"lumlip.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
