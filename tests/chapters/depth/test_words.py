"""Sentences that stay true whatever a run has."""

import numpy as np
import pandas as pd
import pytest

from chapters.depth import stages as between
from chapters.depth import words
from chapters.depth.paths import STAGES
from chapters.depth.reports import AS_THEY_ARE, NO_ELEMENTS, NO_LEADING, StageReport


class Report:
    """What the sentences read of a report."""

    def __init__(self, families=True, change=(0.2, 0.1, 0.3), left=(0.5, 0.9), kinds=()):
        row = pd.DataFrame(
            {"value": [0.1, 0.4, 0.5, 0.6, 0.5], "low": 0.0, "high": 1.0}, index=list(STAGES)
        )
        after = row.copy()
        after.loc[["last", "last layer"], "value"] = left
        self.families = [("a", "b")] if families else []
        names = [*([between.FAMILIES] if families else []), *kinds]
        self.pairs = {name: [("a", "b")] for name in names}
        tables = {AS_THEY_ARE: row, NO_ELEMENTS: row, NO_LEADING: after}
        self.lines = {key: dict.fromkeys(names, table) for key, table in tables.items()}
        self._change = change

    def change(self, variation, stages):
        return self._change


@pytest.mark.parametrize(
    ("change", "verb"),
    [((0.2, 0.1, 0.3), "part"), ((-0.2, -0.3, -0.1), "come together"), ((0, -1, 1), "keep their")],
)
def test_verb_follows_the_interval(change, verb):
    assert f"families {verb}" in words.parting(Report(change=change), "published models")


def test_leading_direction_is_named_only_if_it_explains():
    better = (-0.1, -0.2, -0.05)
    said = words.beyond(Report(change=better, left=(0.5, 0.9)), "minis")
    assert "that is the work of one direction, without which the last layer is no better" in said
    said = words.beyond(Report(change=better, left=(0.9, 0.5)), "minis")
    assert "one direction does not explain it" in said
    assert "direction" not in words.beyond(Report(change=(0.1, 0.0, 0.2)), "minis")


def test_runs_without_pairs_say_so():
    empty = Report(families=False)
    assert "no minis of different families" in words.parting(empty, "minis")
    assert "cannot tell" in words.beyond(empty, "minis")
    assert "no two untrained" in words.training(None)
    assert "no two untrained" in words.training(empty)
    assert "no model trained from two seeds" in words.seeds(empty)
    assert "no minis of different families" in words.two_ends(None, "minis")
    assert "no models of different families" in words.partner({})
    assert "no models of different families" in words.imbalance(None, None, pd.Series())
    assert words.probes({}, ["a"]) == "No question can be asked here"


def test_training_and_seeds_are_told_with_their_numbers():
    kinds = (between.BOTH_UNTRAINED, between.BOTH_TRAINED, between.SEEDS)
    said = words.training(Report(kinds=kinds))
    assert "0.60 before, 0.60 after" in said
    assert "100 % and 100 % of the distance" in words.seeds(Report(kinds=kinds))


def test_hump_needs_clear_ends():
    def rows(model, values):
        steps = [f"interaction_{i + 1}" for i in range(len(values) - 1)] + ["last_layer"]
        return pd.DataFrame({"model": model, "step": steps, "value": values}).assign(
            low=lambda t: t["value"] - 0.2, high=lambda t: t["value"] + 0.2
        )

    table = pd.concat([rows("a", [2.0, 5.0, 3.0]), rows("b", [2.0, 2.1, 2.0])])
    assert words.peaks(table, ["a", "b"]) == (
        "The intrinsic dimension is clearly highest in between for a, "
        "and without such a hump for b."
    )
    assert "no intrinsic dimensions" in words.peaks(table, [])


def test_score_over_depth_names_its_best_step():
    steps = ["embedding", "interaction_1", "interaction_2", "last_layer"]
    table = pd.DataFrame({"model": "m", "step": steps, "value": [0.1, 0.9, 0.4, 0.2]})
    said = words.gradual(table, ["m"], "element")
    assert said.startswith("element: 0.10 at the embedding, at best 0.90")
    assert "relative depth of 0.5" in said
    assert "does not ask" in words.gradual(table, [], "element")


def test_forgetting_reads_the_first_column():
    steps = ["embedding", "interaction_1", "interaction_2", "last_layer"]
    table = pd.DataFrame(np.full((4, 4), 0.5), index=steps, columns=steps)
    table["embedding"] = [0.0, 0.1, 0.2, 0.9]
    said = words.forgetting({"m": table})
    assert "0.10 from the first interaction, 0.20 from the last and 0.90" in said
    assert words.forgetting({}) == "This run has no model."


def test_models_that_let_go_are_named(study):
    said = words.partner({"real": StageReport(study, n_bootstrap=10)})
    # a last interaction that is noise is not rebuilt from anything, and no stage is clearly better
    assert said.startswith("On average, the last interaction of another model is rebuilt best")
    assert "let go" not in said


def test_first_interaction_that_tells_more_is_noticed(study, monkeypatch):
    def errors(study, errors, pairs, source, target):
        return np.full((len(pairs), 5), 0.5 if source == "first" else 0.9)

    monkeypatch.setattr(between, "at_stages", errors)
    report = StageReport(study, n_bootstrap=10)
    assert words._forgetful(report) == study.models
    assert "the first interaction of chgnet-0.3.0" in words.partner({"real": report})
