"""The page on a model of one's own: its commands print what stands there, its example runs.

No list knows the name of the example's family. What the page shows as printed, and its heat map,
are rewritten by ``python -m tests.test_your_own_model``.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.morse import MorsePotential
from ase.io import write
from matplotlib.figure import Figure

import lumlip
from chapters.variants import figures, pairs
from lumlip.book.chapters import chapters
from lumlip.cli import main
from lumlip.plotting.style import FAMILY_COLORS
from lumlip.runtime import environments
from lumlip.zoo import relations
from lumlip.zoo.relations import family_of
from tests.chapters.variants.test_pairs import fit_of
from tests.close_text import CloseText

HEAT_MAP = Path(__file__).parents[1] / "book" / "_data" / "your-own-model.png"
PAGE = Path(__file__).parents[1] / "book" / "your-own-model.md"


def blocks(language: str) -> list[str]:
    """Code of a language on the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


EXAMPLE = next(code for code in blocks("python") if "class Extractor" in code)
COMPARE = next(code for code in blocks("bash") if "-o result" in code)
ELSEWHERE = next(code for code in blocks("python") if "savez" in code)
COMPARED = next(code for code in blocks("bash") if "features:mine.npz" in code)
REPORT = next(code for code in blocks("bash") if "lumlip report" in code)
COMMANDS = next(code for code in blocks("bash") if "lumlip check" in code)


def shown(command: str) -> str:
    """What the page says that a command of the page prints: the next block of text."""
    page = PAGE.read_text(encoding="utf-8").partition(command)[2]
    return re.search(r"```text\n(.*?)```", page, re.DOTALL)[1]


def with_morse(folder: Path) -> Path:
    """Put the checkpoint of the page there, and install its package, as pip would, into ``lib``."""
    package = folder / "lumlip-morse" / "lumlip_morse"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported to find its family')")
    (package / "morse.py").write_text(EXAMPLE, encoding="utf-8")
    (package.parent / "pyproject.toml").write_text(blocks("toml")[0], encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", folder / "lib", package.parent], check=True)
    (folder / "copper.json").write_text(blocks("json")[0], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return with_morse(tmp_path_factory.mktemp("own"))


def run(place: Path, *argv: str) -> str:
    """Run a command in the folder as a user would; what it prints."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    lib = os.pathsep.join([str(place / "lib"), str(PAGE.parents[1])])
    own = {"PYTHONPATH": lib, "LUMLIP_HOME": str(place / "home"), "PATH": paths}
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
    # Errors are rounding noise, another on every machine; checks, bounds and verdicts are not.
    assert [without_error(line) for line in report.splitlines()] == [
        without_error(line) for line in shown(COMMANDS).splitlines()
    ]


def without_error(line: str) -> tuple[str, ...]:
    """Name, bound and verdict of a check, and whether there was anything to compare."""
    name, *error, bound, verdict = line.split()
    return (name, str("NaN" in error), bound, verdict)


def with_own_model(folder: Path) -> None:
    """Put there what the page calls a model and crystals of one's own."""
    write(folder / "my-crystals.xyz", lumlip.structures("mini-mad:bulk")[::4])
    installed = environments.python("chgnet").parents[1]
    (weights,) = installed.glob("lib/*/site-packages/chgnet/pretrained/0.2.0/*.pth.tar")
    shutil.copy(weights, folder / "my-finetuned.pth.tar")


def compared(folder: Path) -> str:
    """Run the page's comparison in a folder, on what the page says that it ran on."""
    with_own_model(folder)
    said, warned = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(said), redirect_stderr(warned):
        assert main(shlex.split(COMPARE.replace("\\\n", ""))[1:]) == 0
    warnings = [line for line in warned.getvalue().splitlines() if "warning: " in line]
    return said.getvalue() + "".join(f"{line}\n" for line in warnings)


@pytest.mark.heavy
def test_the_comparison_prints_what_the_page_shows(tmp_path):
    assert CloseText(shown(COMPARE)) == compared(tmp_path)
    assert (tmp_path / "result" / "heatmap.png").is_file()


@pytest.mark.heavy
def test_features_of_ones_own_are_compared_by_the_pages_own_commands(tmp_path, capsys):
    write(tmp_path / "my-crystals.xyz", lumlip.structures("mini-mad:bulk")[::4])
    with chdir(tmp_path):
        assert main(["structures", "my-crystals.xyz"]) == 0
        assert f'"{capsys.readouterr().out.split()[-1]}"' in ELSEWHERE
        exec(ELSEWHERE, {})
        for command in COMPARED.splitlines():
            assert main(shlex.split(command)[1:]) == 0
    assert "features:mine.npz -> features:sevennet.zarr: " in capsys.readouterr().out


def test_a_run_is_written_where_the_page_says():
    printed = next(block for block in blocks("text") if "/runs/" in block)
    folder = rf"runs/{chapters()[0].name}-\d{{8}}-\d{{6}}"
    assert re.fullmatch(rf"wrote \S+/{folder}/html/index.html\n", printed)


CODE = """
import ase.io
from ase.build import bulk
import lumlip
frames = [bulk("Cu", cubic=True, a=3.5), bulk("Cu", a=3.61)]
found = lumlip.features("morse:copper.json", frames, trust_checkpoint=True, layers=True)
print(*found["energy"].to_numpy(), found.sizes["last_layer_channel"], *sorted(found.data_vars))
"""


@pytest.mark.heavy
def test_the_worker_takes_the_example_and_its_layers(place):
    *energies, width, a, b = run(place, sys.executable, "-c", CODE).split()[:5]
    theirs = MorsePotential(epsilon=0.3429, r0=2.866, rho0=3.894)
    frames = [bulk("Cu", cubic=True, a=3.5), bulk("Cu", a=3.61)]
    expected = [theirs.get_potential_energy(atoms) for atoms in frames]
    assert np.allclose([float(e) for e in energies], expected, rtol=1e-6)
    assert width == "2"
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


def rewrite() -> None:
    """Write what the commands print now, and the heat map, into the page."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        printed = {
            COMPARE: compared(Path(one)),
            COMMANDS: run(with_morse(Path(other)), "bash", "-ec", COMMANDS),
        }
        shutil.copy(Path(one) / "result" / "heatmap.png", HEAT_MAP)
    page = PAGE.read_text(encoding="utf-8")
    for command, text in printed.items():
        before, _, after = page.partition(command)
        page = before + command + after.replace(shown(command), text, 1)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
