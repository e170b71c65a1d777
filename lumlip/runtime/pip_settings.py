"""Hand pip's index settings on to uv, so that both install from the same places."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

# pip option -> (uv variable, separator of several values there)
_UV_NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "constraint": ("UV_CONSTRAINT", " "),
    "cert": ("SSL_CERT_FILE", " "),
}
# options that may name a local file or folder
_FILES = ("find-links", "constraint", "cert")


@cache
def uv_settings() -> dict[str, str]:
    """Return environment variables for uv that say what pip's files and variables say.

    A variable of uv's own that the user has set is left alone. pip takes the best version of all
    its indexes, so uv is told to do the same.
    """
    settings = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for option, value in _pip_options().items():
        if option in _UV_NAMES:
            name, separator = _UV_NAMES[option]
            # pip warns of local folders that are not there, uv stops
            gone = [p for p in value.split() if p[:7] == "file://" and not Path(p[7:]).exists()]
            places = [p for p in value.split() if p not in gone]
            if option in _FILES:  # found from any working directory
                places = [str(Path(p).absolute()) if Path(p).exists() else p for p in places]
            settings[name] = separator.join(places)
    return {name: value for name, value in settings.items() if value and name not in os.environ}


def _pip_options() -> dict[str, str]:
    """Return pip's options, of its files and of its variables, which win."""
    # -P: of this interpreter, not a pip.py that lies in the working directory
    argv = [sys.executable, "-P", "-m", "pip", "config", "list"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=False)
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        found.get(section, {})[option] = str(ast.literal_eval(value))
    return found["global"] | found["install"] | found[":env:"]
