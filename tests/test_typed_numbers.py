"""Typed numbers in results are found, and missing sections named."""

import pytest

from tests.typed_numbers import missing_sections, typed_in_code, typed_numbers


@pytest.mark.parametrize(
    "sentence",
    [
        "The mean is {glue:text}`mean:.2f` for {glue:text}`k` neighbors {cite}`Chorna2025`.",
        "`chgnet-0.3.0` and SevenNet-0, R2SCAN, $\\kappa_8$ and $x^2$, [here](https://a.b/12).",
        "1. first\n2. second",
        "```python\nx = 0.5\n```",
    ],
)
def test_numbers_that_a_result_may_hold(sentence):
    assert typed_numbers(["## The answer", sentence]) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "The mean is 0.66.",
        "All 12 models differ.",
        "It is about -3e-2, or 40%.",
        "Formulas hide nothing: $0.66$.",
        ":::{admonition} In plain words\nNine of 10.\n:::",
        "```{note}\nOnly 0.1.\n```",
        "| a | 0.66 |",
    ],
)
def test_typed_numbers_in_results_are_found(sentence):
    assert len(typed_numbers(["## The answer", sentence])) > 0
    assert typed_numbers(["## Method", sentence]) == []


def test_missing_result_sections_are_named():
    assert missing_sections(["# Title\n## The answer\nYes."]) == ["Paper against here"]
    assert missing_sections(["## Paper against here"]) == []


def test_text_that_code_fills_with_numbers_has_none_of_its_own():
    filled = 'page.answer(f"**{100 * share.value:.0f} %** of SevenNet-0 {cite:p}`Park2024`.")'
    assert typed_in_code([filled, "page.says('two of 3', 0.5)", "x = shown"]) == []
    assert typed_in_code(['shown(f"{a:.2f} is less than 0.7")']) == ["0.7 in: is less than 0.7"]
