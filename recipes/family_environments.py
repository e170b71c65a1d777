"""Recipes run in the families' environments, where a checkout's own folder is not on the path."""

from __future__ import annotations

import os
from pathlib import Path

from lumlip.runtime import environments

ROOT = Path(__file__).parents[1]


def variables() -> dict[str, str]:
    """Return the process environment in which ``recipes`` can be imported beside ``lumlip``."""
    found = environments.variables()
    return {**found, "PYTHONPATH": os.pathsep.join([found["PYTHONPATH"], str(ROOT)])}
