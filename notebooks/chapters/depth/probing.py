"""What a linear probe reads off every step of a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from chapters.depth.study import DepthStudy
from lumlip.array_types import IntArray
from lumlip.datasets.properties import one_hot
from lumlip.metrics.probe_targets import Question, ask, can_be_asked, energy_question, questions
from lumlip.metrics.probes import ProbeScore

#: Of atoms, no more than this are asked: a probe of 224 channels takes a second with them.
MOST_ATOMS = 800
#: An element is asked for if so many of these atoms are of it.
LEAST_OF_ELEMENT = 8
Scores = dict[tuple[str, str, str], ProbeScore]


def probe_steps(study: DepthStudy, *, seed: int = 0) -> tuple[Scores, dict[str, float]]:
    """Ask every step of every model everything that the structures allow.

    Element, coordination number, volume per atom, and the model's own energy beyond composition;
    see :mod:`lumlip.metrics.probe_targets`.

    Returns
    -------
    dict of (model, step, question) to ProbeScore
    dict of question to float
        What the element of the atom, or the composition, tells alone; not for the element itself.
    """
    structure = study.panel.atoms["structure"].to_numpy()
    rows = _some(len(structure), seed=seed)
    found: Scores = {}
    with threadpool_limits(1):
        for_all = [_fewer(q, rows) for q in questions(study.panel.structures)]
        for_all = [q for q in for_all if can_be_asked(q)]
        for model, path in study.paths.items():
            energy = study.panel.datasets[model]["energy"].to_numpy()
            own = energy_question(study.panel.structures, energy)
            for step, X in path.items():
                for question in for_all + own:
                    atoms = slice(None) if question.of_structures else rows
                    score = ask(question, X[atoms], structure[atoms], seed=seed)
                    found[model, step, question.name] = score
        return found, _alone(for_all, study, structure, rows, seed=seed)


def score_table(found: Scores, question: str) -> pd.DataFrame:
    """Scores of one question: columns ``model``, ``step``, ``value``, ``low`` and ``high``."""
    rows = [
        (model, step, score.value, score.low, score.high)
        for (model, step, asked), score in found.items()
        if asked == question
    ]
    return pd.DataFrame(rows, columns=["model", "step", "value", "low", "high"])


def _some(n_atoms: int, *, seed: int) -> IntArray:
    """Sorted indices of some atoms, drawn at random: all of them if they are few."""
    order = np.random.default_rng(seed).permutation(n_atoms)
    return np.sort(order[:MOST_ATOMS])


def _fewer(question: Question, rows: IntArray) -> Question:
    """Cut a question of atoms to some of them, and elements to those with enough atoms there."""
    if question.of_structures:
        return question
    values = question.values[rows]
    if question.name == "element":
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        values = np.where(counts[place] >= LEAST_OF_ELEMENT, values, np.nan)
    return replace(question, values=values, groups=question.groups[rows])


def _alone(
    asked: list[Question],
    study: DepthStudy,
    structure: IntArray,
    rows: IntArray,
    *,
    seed: int,
) -> dict[str, float]:
    elements = one_hot(study.numbers)
    found = {}
    for question in asked:
        atoms = slice(None) if question.of_structures else rows
        if question.name != "element":
            score = ask(question, elements[atoms], structure[atoms], seed=seed)
            found[question.name] = score.value
    return found
