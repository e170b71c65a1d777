"""Every error has one home, and the module that raises it gives the same class."""

from importlib import import_module

import pytest

from lumlip import errors

RAISED_IN = {
    "ChapterError": "book.chapters",
    "ExtractionError": "extraction.workers",
    "FamilyEnvironmentError": "runtime.environments",
    "NothingLeftError": "extraction.panel",
    "ParameterError": "book.parameters",
    "StructureError": "datasets.validation",
    "UntrustedCheckpointError": "zoo.weights",
    "WeightsError": "zoo.sources",
}


def test_all_errors_are_listed():
    defined = {n for n, value in vars(errors).items() if isinstance(value, type)}
    assert defined == set(RAISED_IN)


@pytest.mark.parametrize(("name", "module"), RAISED_IN.items())
def test_the_module_that_raises_it_has_the_same_class(name, module):
    assert getattr(import_module(f"lumlip.{module}"), name) is getattr(errors, name)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("model"), "KeyError: 'model'"),
        (AssertionError(), "AssertionError"),
        (OSError("\n  \n no end\nmore"), "OSError: no end"),
    ],
)
def test_the_first_line_that_says_something_is_the_reason(error, words):
    assert errors.reason(error) == words


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("ParameterError", ValueError),
        ("StructureError", ValueError),
        ("NothingLeftError", ValueError),
        ("WeightsError", FileNotFoundError),
        ("UntrustedCheckpointError", PermissionError),
        ("ExtractionError", RuntimeError),
    ],
)
def test_code_that_catches_the_builtin_error_catches_ours(name, base):
    assert issubclass(getattr(errors, name), base)
