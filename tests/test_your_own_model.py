"""The page on a new family: its example is run as it stands there, and no list knows its name."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.morse import MorsePotential
from matplotlib.figure import Figure

import lumlip
from chapters.variants import figures, pairs
from lumlip.plotting.style import FAMILY_COLORS
from lumlip.runtime import environments
from lumlip.zoo import relations
from lumlip.zoo.relations import family_of
from tests.chapters.variants.test_pairs import fit_of

PAGE = Path(__file__).parents[1] / "book" / "your-own-model.md"


def blocks(language: str) -> list[str]:
    """Code of a language on the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


EXAMPLE = next(code for code in blocks("python") if "class Extractor" in code)
COMMANDS = next(code for code in blocks("bash") if "lumlip check" in code)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the checkpoint of the page and, in ``lib``, lumlip with its family file."""
    folder = tmp_path_factory.mktemp("own")
    package = folder / "lib" / "lumlip"
    shutil.copytree(
        Path(lumlip.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "families" / "morse.py").write_text(EXAMPLE, encoding="utf-8")
    (folder / "copper.json").write_text(blocks("json")[0], encoding="utf-8")
    return folder


def run(place: Path, *argv: str) -> str:
    """Run a command in the folder as a user would; what it prints."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {"PYTHONPATH": str(place / "lib"), "LUMLIP_HOME": str(place / "home"), "PATH": paths}
    done = subprocess.run(
        argv, cwd=place, env={**os.environ, **own}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout


@pytest.mark.heavy
def test_the_example_passes_every_check_by_the_pages_own_commands(place):
    report = run(place, "bash", "-ec", COMMANDS)
    verdicts = [line.split()[-1] for line in report.splitlines()[1:]]
    assert len(verdicts) > 20
    assert set(verdicts) == {"True"}


CODE = """
import ase.io
from ase.build import bulk
import lumlip
frames = [bulk("Cu", cubic=True, a=3.5), bulk("Cu", a=3.61)]
found = lumlip.features("morse:copper.json", frames, trust_checkpoint=True, layers=True)
print(*found["energy"].to_numpy(), *sorted(found.data_vars))
"""


@pytest.mark.heavy
def test_the_worker_takes_the_example_and_its_layers(place):
    *energies, a, b = run(place, sys.executable, "-c", CODE).split()[:4]
    theirs = MorsePotential(epsilon=0.3429, r0=2.866, rho0=3.894)
    frames = [bulk("Cu", cubic=True, a=3.5), bulk("Cu", a=3.61)]
    expected = [theirs.get_potential_energy(atoms) for atoms in frames]
    assert np.allclose([float(e) for e in energies], expected, rtol=1e-6)
    assert "backbone" in (a, b)


@pytest.mark.heavy
def test_doctor_and_the_error_of_an_unknown_family_name_it(place):
    assert "morse" in run(place, "lumlip", "doctor")
    said = run(place, "bash", "-c", "lumlip check none:copper.json 2>&1 || true")
    assert "unknown family 'none'" in said
    assert "morse" in said


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Ids of two checkpoints of a family that no list of lumlip's has."""
    folder = tmp_path / "families"
    shutil.copytree(environments.FAMILIES_DIR, folder)
    (folder / "morse.py").write_text(EXAMPLE, encoding="utf-8")
    monkeypatch.setattr(environments, "FAMILIES_DIR", folder)
    for name in ("copper", "silver"):
        (tmp_path / f"{name}.json").write_text(name, encoding="utf-8")
    return [f"morse:{tmp_path / name}.json" for name in ("copper", "silver")]


def test_a_family_without_a_written_name_is_called_as_its_file():
    assert relations.family_name("uma") == "UMA"
    assert relations.family_name("morse") == "morse"


def test_written_names_are_those_of_families():
    assert set(relations.NAMES) <= set(environments.families())
    assert len(set(FAMILY_COLORS.values())) == len(FAMILY_COLORS)


def test_rows_and_figures_of_variants_take_a_new_family(own):
    models = [*own, "chgnet-0.2.0", "chgnet-0.3.0"]
    assert [family_of(model) for model in models[1:3]] == ["morse", "chgnet"]
    fit = fit_of(models, lambda a, b: 0.3 if family_of(a) == family_of(b) else 0.7)
    rows = pairs.kind_rows(fit, "published")
    assert pairs.side_by_side(rows).loc["not known", "published"] == "morse 0.30"
    figure = Figure(layout="constrained")
    figures.kinds_plot(figure, rows)
    assert "morse" in [label.get_text() for label in figure.axes[0].get_yticklabels()]
