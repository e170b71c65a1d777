"""Sentences of the chapter on fine-tuning: true, and whole, whatever is missing."""

import pandas as pd
import pytest

from chapters.fine_tuning import words
from chapters.shared.fine_tuning import PAPER_MODEL, SCRATCH, START, published
from lumlip.metrics.bootstrap import Distances
from tests.chapters.fine_tuning.test_tables import family

NONE = {}
LONELY = {"one": Distances.exact(pd.DataFrame([[0.0]], index=[START], columns=[START]))}


def test_protocols_beginnings_and_untrained_networks():
    columns = {"paper": published()}
    assert "FF (0.03) and FTL (0.07) for paper" in words.variations(columns)
    assert "0.05 against 0.13 for paper" in words.own_beginning(columns)
    assert "0.19 against 0.20 for paper" in words.without_training(columns)
    assert words.paper_and_here(columns) == "0.05 for paper"


def test_by_layer():
    assert "end at 0.10 for a" in words.by_layer({"a": family()})
    assert words.distances_text({"a": family()}, SCRATCH) == "0.40"


def test_along_the_training():
    run = pd.DataFrame({"from the pre-trained start": [0, 0.1, 0.2]}, index=[0, 0.25, 1])
    said = words.along({"a": {"FF": run}})
    assert said == (
        "After 25 % of the steps, full fine-tuning is 50 % as far from its beginning as at the end."
    )


def test_accuracy_beside_distance():
    table = pd.DataFrame({"energy": {START: 90.0, SCRATCH: 60.0, "FF": 50.0, "HF": 70.0}})
    said = words.accuracy({"a": table}, {"a": family(FF=0.2)})
    assert "heads only 0.10 and 70 meV per atom, all weights 0.20 and 50" in said
    assert "before fine-tuning 90, from scratch 60." in said


def test_random_weights_and_new_heads():
    assert "0.80 and 1.00 for a" in words.random_weights({"a": family()})
    said = words.new_head({"paper": published()}, {"paper": 512})
    assert said.endswith("0.06 for paper (512 features).")
    assert words.new_head({"a": family()}, {"a": 3}) == ""


def test_reasons_for_larger_distances():
    columns = {PAPER_MODEL: published(), "a": family()}
    said = words.why_larger({"a": family()}, columns, {"a": family()}, {PAPER_MODEL: 512})
    assert "0.30 apart, more than PET-MAD and its bespoke model, 0.17" in said
    assert words.why_larger({}, columns, {}, {}) == words.why_larger(LONELY, columns, {}, {}) == ""


def test_the_tables_numbers_are_glued():
    columns = {PAPER_MODEL: published(), "a": family()}
    facts = words.of_minis({"a": family()}, columns, {"a": family()}, {PAPER_MODEL: 512})
    assert facts["near_text"] == "0.05"
    assert facts["paper_and_here"] == "0.05 for the paper's PET-MAD and 0.10 for a"
    assert words.of_training({}, {}, {}) == {"progress_sentence": "", "error_sentence": ""}


@pytest.mark.parametrize("families", [NONE, LONELY])
def test_sentences_without_models_say_so_or_are_left_out(families):
    assert words.minis_answer(families).startswith("This run has no fine-tuned minis")
    assert words.control_answer(families).startswith("This run lacks the controls")
    assert words.outside(None, None) == "This run has no structures of other kinds."
    left_out = [
        words.variations(families),
        words.own_beginning(families),
        words.without_training(families),
        words.by_layer(families),
        words.along({}),
        words.accuracy({}, {}),
        words.random_weights(families),
        words.new_head(families, {}),
    ]
    assert left_out == [""] * 8
