"""The answers of the chapter on fine-tuning: true, and whole, whatever is missing."""

import pandas as pd
import pytest

from chapters.fine_tuning import answers
from chapters.shared.fine_tuning import OTHER_SEED, START
from lumlip.metrics.bootstrap import Distances
from tests.chapters.fine_tuning.test_published import measured
from tests.chapters.fine_tuning.test_tables import family

LONELY = {"one": Distances.exact(pd.DataFrame([[0.0]], index=[START], columns=[START]))}


def test_answer_of_minis():
    said = answers.minis_answer({"a": family(), "b": family()})
    assert "(a and b)" in said
    assert "GFRE of 0.10" in said
    assert "end at 0.40" in said
    assert "covers 25 %" in said


def test_controls_are_survived_or_not_and_own_or_shared():
    assert "survives its controls" in answers.control_answer({"a": family()})
    assert "this one start" in answers.control_answer({"a": family()})
    assert "does not survive" in answers.control_answer({"a": family(untrained=0.05)})
    shared = family(**{OTHER_SEED: 0.15})
    assert "shared with that twin" in answers.control_answer({"a": shared})
    assert "this one start" not in answers.control_answer({"a": shared})


def test_answer_of_real_models():
    assert "nearer than d" in answers.real_answer(measured(["a", "b", "d"]), "backbone")
    assert "farther than b" in answers.real_answer(measured(["a", "d", "b"]), "backbone")
    twin = measured(["a", "c", "c"])
    said = answers.real_answer(twin, "backbone", [(0.1, 0.1, 0.2), (0.1, -0.1, 0.2)])
    assert "not to be told from c" in said
    assert said.endswith("but nearer in 1 of 2 other draws of the test structures.")
    assert answers.real_answer(measured(["a", "b"]), "backbone").endswith("its start, a.")
    assert "lacks the published model" in answers.real_answer(measured(["a"]), "backbone")


def test_other_draws_are_counted():
    real = measured(["a", "b", "d"])
    said = answers.other_draws([(0.2, 0.1, 0.3), (0.2, -0.1, 0.3)], real)
    assert said.startswith("In 1 of 2 other draws of test structures, b is nearer to a than d")
    assert answers.other_draws([], real) == ""


def test_the_published_pair():
    assert "The same medians of d" in answers.of_pair(measured(["a", "c", "d"]))
    assert "medians of" not in answers.of_pair(measured(["a", "c"]))


@pytest.mark.parametrize("families", [{}, LONELY])
def test_answers_without_models_say_so(families):
    assert answers.minis_answer(families).startswith("This run has no")
    assert answers.control_answer(families).startswith("This run lacks")
    facts = answers.of_real(measured(["a"]), "backbone", [])
    assert facts["real_sentence"] == "This run has no such pair."
    assert facts["draws_sentence"] == ""


@pytest.mark.parametrize(
    ("words", "wanted"), [("", ""), ("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")]
)
def test_listed(words, wanted):
    assert answers.listed(list(words)) == wanted
