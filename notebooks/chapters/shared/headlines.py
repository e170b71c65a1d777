"""Numbers of several chapters, as draws of the test structures (1 + n_bootstrap,)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chapters.shared.fine_tuning import OTHER_SEED, SCRATCH, UNTRAINED, answers
from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Distances, mean_over, pooled
from lumlip.zoo.relations import pairs_by_kind

#: A head whose last layer is rebuilt from the backbone with less than this is linear.
LINEAR = 1e-3
#: What is claimed to be farther from the start than fine-tuned models are.
CONTROLS = {
    SCRATCH: "bespoke and start",
    UNTRAINED: "untrained and start",
    OTHER_SEED: "other seed and start",
}


def over(families: Sequence[Distances], name: str) -> FloatArray:
    """One of the answers, as a mean over families (1 + n_bootstrap,)."""
    return pooled([answers(found)[name] for found in families])


def margin(families: Sequence[Distances], control: str) -> FloatArray:
    """By how much a control is farther from the start than the fine-tuned models are."""
    both = [answers(found) for found in families]
    return pooled([each[CONTROLS[control]] - each["fine-tuned and start"] for each in both])


def seed_floor(distances: Distances) -> FloatArray:
    """Mean error between models that differ in the seed alone, as draws; NaN if there are none."""
    models = list(distances.table.index)
    nothing = np.zeros((len(models), len(models)), dtype=bool)
    return mean_over(distances, pairs_by_kind(models).get("seed", nothing))
