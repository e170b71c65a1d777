"""The code is linted, formatted and typed as pyproject.toml says."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lumlip.runtime import environments

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "tool", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]], ids=" ".join
)
def test_tool_finds_nothing(tool):
    argv = [sys.executable, "-m", *tool]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_keep_the_contracts():
    run = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    where = os.pathsep.join([str(ROOT), str(ROOT / "notebooks")])
    argv, env = [sys.executable, "-c", run], {**os.environ, "PYTHONPATH": where}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_text_files_are_read_and_written_in_one_encoding_everywhere():
    """The default is that of the machine: cp1252 on many a Windows."""
    found = []
    for path in (ROOT / "lumlip").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                text = node.func.attr in ("read_text", "write_text")
                if text and not any(word.arg == "encoding" for word in node.keywords):
                    found.append(f"{path}:{node.lineno}")
    assert not found


def test_the_named_pythons_are_those_that_the_families_take():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    named = [c.rpartition(" ")[2] for c in project["classifiers"] if ":: Python :: " in c]
    assert named == ["3.11", "3.12", "3.13"]
    for family in environments.families():
        text = (environments.FAMILIES_DIR / f"{family}.py").read_text(encoding="utf-8")
        assert f'# requires-python = "{project["requires-python"]}"' in text
