"""The errors that lumlip raises on purpose; each message says what to do.

This module imports next to nothing, so that the command line can name every error without loading
the libraries that raise it.
"""

import re


class ChapterError(RuntimeError):
    """A chapter cannot be found, does not run, or is too large; the message says what to do."""


class ExtractionError(RuntimeError):
    """The model could not be run to the end; what was done before is kept."""


class FamilyEnvironmentError(RuntimeError):
    """The environment of a family could not be made."""


class NothingLeftError(ValueError):
    """No model that can be run is left, or no structure that all of them take."""


class ParameterError(ValueError):
    """A parameter that the chapter does not have, or a value of the wrong type."""


class StructureError(ValueError):
    """Structures that no model can be asked about; the message names frames and faults."""


class UntrustedCheckpointError(PermissionError):
    """A checkpoint of unknown origin, which may run code when it is loaded."""


class WeightsError(FileNotFoundError):
    """The weights of a model are not here and cannot be fetched."""


def reason(error: BaseException) -> str:
    """Return what another package's exception is, and the first line that it says, if any.

    Not torch's advice to load a file in a way that runs what is in it.
    """
    text = str(error)
    if found := re.search(r"GLOBAL (\S+) was not an allowed global", text):
        text = f"it holds Python objects ({found[1]}), not weights alone"
    elif "weights_only" in text:
        text = "it does not hold weights"
    return ": ".join([type(error).__name__, *text.strip().splitlines()[:1]])
