"""What the training loops of the minis share: seeds, learning rate, averaged weights."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

#: Of the trainings that repeat a mini with nothing but its seed changed.
SEEDS = (2, 3, 4, 5)
#: Shares of a mini's steps: what does a longer training do to the distance of two seeds?
SHARES = {"quarter": 4, "sixteenth": 16}


def shorter_trainings(name: str, recipe: Any) -> dict[str, Any]:
    """Recipes of two seeds with a share of the steps: NAME-quarter, NAME-seed2-quarter, ..."""
    return {
        f"{one}-{share}": replace(of, steps=of.steps // part)
        for share, part in SHARES.items()
        for one, of in ((name, recipe), (f"{name}-seed2", replace(recipe, seed=2)))
    }


def seeded(seed: int, *, threads: int = 1) -> np.random.Generator:
    """Seed python, numpy and torch, set the number of threads; return a generator for the data."""
    torch.set_num_threads(threads)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (packages draw from it)
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def cosine(step: int, steps: int, *, warm_up: int = 100, lowest: float = 0.01) -> float:
    """Learning rate of a step over the largest one: a linear warm-up, then half a cosine.

    Examples
    --------
    >>> [round(cosine(step, 1000), 2) for step in (0, 100, 500, 1000)]
    [0.01, 0.98, 0.51, 0.01]
    """
    fraction = min(1.0, step / steps)
    decay = lowest + (1 - lowest) * 0.5 * (1 + math.cos(math.pi * fraction))
    return min(1.0, (step + 1) / min(warm_up, steps)) * decay


def epoch_batch(step: int, *, n: int, size: int, seed: int) -> list[int]:
    """Indices of a step's structures, each once per epoch.

    Every epoch has an order of its own that the seed and the step alone decide, so that a run that
    was stopped goes on as if it had not been.

    Examples
    --------
    >>> sorted(epoch_batch(0, n=4, size=2, seed=0) + epoch_batch(1, n=4, size=2, seed=0))
    [0, 1, 2, 3]
    """
    epoch, place = divmod(step, max(1, n // size))
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return [int(i) for i in order[place * size : (place + 1) * size]]


def write_state(state: dict[str, Any], path: Path) -> None:
    """Save the state of a run; a stop in the middle leaves the one before."""
    part = path.with_name(f"{path.name}.part")
    torch.save(state, part)
    part.replace(path)


class Ema:
    """Exponential moving average of a module's parameters.

    Parameters
    ----------
    module : torch.nn.Module
    decay : float
        Of one step, reached after some hundred: d_t = min(decay, (1 + t) / (10 + t)).
    """

    def __init__(self, module: torch.nn.Module, *, decay: float = 0.995) -> None:
        self.decay, self.steps = decay, 0
        self.average = {k: p.detach().clone() for k, p in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: torch.nn.Module) -> None:
        """Take in the parameters after a step of the optimizer."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, parameter in module.named_parameters():
            self.average[name].lerp_(parameter.detach(), 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: torch.nn.Module) -> None:
        """Overwrite the parameters with their average."""
        for name, parameter in module.named_parameters():
            parameter.copy_(self.average[name])

    @contextmanager
    def applied(self, module: torch.nn.Module) -> Iterator[None]:
        """Use the averaged parameters for a while, say to validate."""
        own = {k: p.detach().clone() for k, p in module.named_parameters()}
        self.copy_to(module)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in module.named_parameters():
                    parameter.copy_(own[name])
