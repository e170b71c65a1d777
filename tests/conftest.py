"""A small but whole book, to test the book's machinery on something that runs in seconds."""

import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from lumlip.runtime import environments
from lumlip.runtime.paths import ensured, home
from recipes.family_environments import variables

ROOT = Path(__file__).resolve().parents[1]

TOC = """\
format: jb-book
root: book/intro
chapters:
  - glob: notebooks/*
  - file: book/references
"""

INTRO = """\
# A book of squares

The mean square is {glue:text}`../notebooks/01_squares.ipynb::mean:.2f`, see {numref}`fig-squares`.
"""

# Of the form that real chapters have, so that every rule for chapters holds for it.
CHAPTER = '''\
# ---
# jupyter:
#   jupytext:
#     cell_markers: \'"""\'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
"""
# Squares grow faster than lines

## The answer

The mean square of SevenNet-0's steps is {glue:text}`mean:.2f`; {numref}`fig-squares` shows all.

:::{admonition} In plain words
:class: in-plain-words
A bigger thing has a much bigger square.
:::
"""

# %% tags=["parameters"]
n: int = 100  # Number of steps
names: list[str] = ["a", "b"]  # Names of the rows
scale: float = 1.0  # Length of all steps
neighbors: int | None = None  # Unused, to test the type

# %%
import json

import matplotlib.pyplot as plt
import numpy as np
from myst_nb import glue

from lumlip.book.chapters import data_folder

# %%
x = np.linspace(0, scale, n)
squares = x**2

# %%
print(f"mean square 0{np.mean(squares):.4f}"[:12], f"{np.mean(squares):.4f} of {n} steps")

# %%
print("rows:", ", ".join(names))

# %% tags=["remove-cell"]
glue("mean", float(np.mean(squares)), display=False)

# %% mystnb={"figure": {"caption": "Squares of the steps.", "name": "fig-squares"}, "image": {"alt": "A dot for each step, rising ever faster"}}
fig, ax = plt.subplots()
ax.scatter(x, squares, c=x)
ax.set(xlabel="step", ylabel="square of the step")
plt.show()

# %%
(data_folder() / "squares.json").write_text(json.dumps(squares[:3].tolist()), encoding="utf-8")

# %% [markdown]
"""
## Paper against here

There is no paper on this.
"""

# %%
assert np.isclose(squares[-1], scale**2)
'''  # noqa: E501


@pytest.fixture(scope="session")
def shared_environments():
    """The families' environments, so that a test with an empty cache need not make them again."""
    return ensured(home() / "environments")


@pytest.fixture
def own_cache(tmp_path, monkeypatch, shared_environments):
    """An empty cache, but with the environments that are made already, in a folder "home"."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "environments").symlink_to(shared_environments)
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def nan_for_copper(own_cache):
    """CHGNet 0.3.0 with NaN in the embedding of copper."""
    installed = environments.python("chgnet").parents[1]
    (path,) = installed.glob("lib/*/site-packages/chgnet/pretrained/0.3.0/*.pth.tar")
    saved = torch.load(path, map_location="cpu", weights_only=True)
    saved["model"]["state_dict"]["atom_embedding.embedding.weight"][28] = torch.nan
    torch.save(saved, own_cache / "nan.pth.tar")
    return f"chgnet:{own_cache / 'nan.pth.tar'}"


def run_in(family, *arguments, **env):
    """Run Python in a family's environment, with the recipes; return what it prints."""
    done = subprocess.run(
        [environments.python(family), *arguments],
        env={**variables(), "OMP_NUM_THREADS": "1", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def small_book(folder):
    """Write a checkout with one real chapter into a folder."""
    for name in ("notebooks", "book", "tests"):
        (folder / name).mkdir()
    for name in ("_config.yml", "pyproject.toml", "conftest.py", "tests/close_text.py"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("_static", "_templates"):
        shutil.copytree(ROOT / "book" / name, folder / "book" / name)
    (folder / "_toc.yml").write_text(TOC)
    (folder / "book" / "intro.md").write_text(INTRO)
    (folder / "book" / "references.md").write_text("# References\n")
    (folder / "book" / "references.bib").write_text("")
    (folder / "notebooks" / "01_squares.py").write_text(CHAPTER)
    return folder


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one real chapter, which is also the working directory."""
    monkeypatch.chdir(tmp_path)
    return small_book(tmp_path)
