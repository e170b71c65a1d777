"""Building the book and rerunning a chapter, on a small whole book (see the conftest)."""

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from lumlip.book import answer, build, rerun
from lumlip.book import chapters as notebooks
from lumlip.book.chapters import chapters, convert, find_chapter
from lumlip.book.execution import execute
from lumlip.errors import ChapterError, ParameterError, UntrustedCheckpointError
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import TRUSTED, ready
from tests.notebook_checks import output_faults, read


@pytest.fixture
def script(checkout):
    return checkout / "notebooks" / "01_squares.py"


def texts(notebook):
    """Return what the cells printed, as one string."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def test_chapters_are_found_from_the_working_directory(checkout, script):
    assert [chapter.source for chapter in chapters()] == [script]


@pytest.mark.parametrize(
    "name", ["1", "01", "01_squares", "01_squares.py", "notebooks/01_squares.ipynb"]
)
def test_a_chapter_has_many_names(script, name):
    assert find_chapter(name).source == script


def test_an_unknown_chapter_lists_the_known(checkout):
    with pytest.raises(ChapterError, match=r"got chapter '7'.*known: 01_squares"):
        find_chapter("7")


def test_without_a_checkout_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebooks, "__file__", str(tmp_path / "lumlip" / "notebooks.py"))
    with pytest.raises(ChapterError, match="Clone the repository"):
        chapters()


def test_two_runs_give_the_same_bytes(checkout, script):
    first, second = checkout / "first.ipynb", checkout / "second.ipynb"
    for target in (first, second):
        execute(script, target, cwd=checkout)
    assert first.read_bytes() == second.read_bytes()
    assert output_faults(first) == []
    assert read(first).cells[3]["id"] == "cell-3"


def test_the_kernel_is_this_interpreter_whatever_is_installed(checkout, monkeypatch):
    """A kernelspec of the same name from another environment must not be taken."""
    spec = checkout / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    other = {"argv": ["/bin/false"], "display_name": "other", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(other))
    monkeypatch.setenv("JUPYTER_PATH", str(checkout / "jupyter"))
    monkeypatch.setenv("OMP_NUM_THREADS", "13")
    show = checkout / "show.py"
    show.write_text('# %%\nimport os, sys\nprint(sys.executable, os.environ["OMP_NUM_THREADS"])\n')
    execute(show, checkout / "show.ipynb", cwd=checkout)
    assert texts(read(checkout / "show.ipynb")) == f"{sys.executable} 1\n"


def test_a_failing_cell_is_named_and_what_ran_is_kept(checkout, script):
    script.write_text(script.read_text().replace('print("rows:"', '1 / 0\nprint("rows:"'))
    with pytest.raises(
        ChapterError, match=r"cell In \[5\] \('1 / 0'\) failed with ZeroDivisionError"
    ) as got:
        build.build()
    partial = checkout / "_build" / "book_src" / "notebooks" / "01_squares.ipynb"
    assert str(partial) in str(got.value)
    assert "of 100 steps" in texts(read(partial))


def test_a_dying_kernel_is_reported_and_what_ran_is_kept(checkout, script):
    script.write_text(
        script.read_text().replace('print("rows:"', 'import os; os._exit(1)\nprint("rows:"')
    )
    with pytest.raises(ChapterError, match=r"01_squares\.py: the kernel died") as got:
        rerun.run("01", {"n": "7"}, checkout / "out")
    partial = read(Path(str(got.value).rpartition("see ")[2]))
    assert "of 7 steps" in texts(partial)
    assert "injected-parameters" in partial.cells[2].metadata["tags"]


def test_too_large_outputs_are_refused(checkout, script):
    script.write_text(script.read_text() + '\n# %%\nprint("0123456789\\n" * 20_000)\n')
    with pytest.raises(ChapterError, match=r"01_squares.py is too large: .* has 320,"):
        build.build()


FINDING = """# %%
from lumlip.book.page import Page
from lumlip.metrics.repeated import Estimate

page = Page(1)
page.claim("", Estimate(0.6, 0.5, 0.7), bound=0.1, finding=1)
page.record(data_folder())
"""


@pytest.mark.heavy
def test_update_commits_outputs_and_data_and_one_chapter_is_updated_alone(
    checkout, script, capfd, monkeypatch
):
    with pytest.raises(ChapterError, match=r"no committed outputs for 01_squares.ipynb"):
        build.build(run=False)
    text = script.read_text()
    script.write_text(text.replace("# %%\nassert np", FINDING + "assert np"))
    drawn = []
    real_draw = answer.draw
    monkeypatch.setattr(answer, "draw", lambda folder: drawn.append(real_draw(folder)))
    index = build.build(update=True)
    assert index == checkout / "_build" / "html" / "index.html"
    assert "[1/2] running notebooks/01_squares.py" in capfd.readouterr().out
    # The mean of x^2 at 100 even steps on [0, 1] is (2 n - 1) / (6 (n - 1)) = 199/594 = 0.335.
    page = (index.parent / "book" / "intro.html").read_text()
    assert "0.34" in page
    assert "THEBE_JS_URL" not in page
    data = checkout / "book" / "_data"
    assert json.loads((data / "squares.json").read_text())[0] == 0.0
    assert [path.name for path in drawn] == [answer.FIGURE]  # once, of all chapters
    assert "**holds**" in (data / answer.TABLE).read_text()
    assert (data / answer.FIGURE).read_bytes().startswith(b"<?xml")

    committed, other = script.with_suffix(".ipynb"), script.with_name("02_others.py")
    committed.write_text(committed.read_text().replace("rows: a, b", "rows: as committed"))
    other.write_text(text.replace("fig-squares", "fig-others"))
    build.build(update=True, only="02")
    assert "rows: as committed" in (index.parent / "notebooks" / "01_squares.html").read_text()
    assert "rows: as committed" in committed.read_text()
    assert "rows: a, b" in other.with_suffix(".ipynb").read_text()


@pytest.mark.heavy
def test_a_warning_of_the_renderer_fails_the_build_which_leaves_the_sources_alone(checkout):
    intro = checkout / "book" / "intro.md"
    intro.write_text(intro.read_text() + "\nSee {ref}`nowhere`.\n")
    before = sorted(path for path in checkout.rglob("*") if path.is_file())
    with pytest.raises(ChapterError, match=r"undefined label: 'nowhere'(.|\n)*jupyter-book.log"):
        build.build()
    after = sorted(path for path in checkout.rglob("*") if path.is_file())
    assert [path for path in after if "_build" not in path.parts] == before


@pytest.mark.heavy
def test_a_run_writes_a_notebook_and_a_page_and_leaves_the_rest_alone(checkout):
    built = checkout / "_build" / "html" / "index.html"
    built.parent.mkdir(parents=True)
    built.write_text("the built book")
    before = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    values = {"n": "7", "names": "[x, y, z]", "scale": "2", "neighbors": "null"}
    page = rerun.run("01", values, Path())
    assert page == checkout / "html" / "index.html"
    printed = texts(read(checkout / "chapter.ipynb"))
    assert "of 7 steps" in printed
    assert "rows: x, y, z" in printed
    html = (checkout / "html" / "notebooks" / "01_squares.html").read_text()
    # The mean of x^2 at 7 even steps on [0, 2]: 4 * 13/36 = 1.44.
    assert "1.44" in html
    assert "glue(" not in html, "cells tagged remove-cell are hidden"
    assert (checkout / "data" / "squares.json").is_file()
    assert {path: path.read_bytes() for path in before} == before
    made = {path.relative_to(checkout).parts[0] for path in checkout.rglob("*")} - {
        path.relative_to(checkout).parts[0] for path in before
    }
    assert made <= set(rerun.WRITTEN)


def test_a_run_has_a_folder_of_its_own(checkout):
    folder = rerun.fresh_folder(find_chapter("01"), None, rerun.WRITTEN)
    assert folder.parent == checkout / "runs"
    assert folder.name.startswith("01_squares-")
    assert rerun.fresh_folder(find_chapter("01"), None, rerun.WRITTEN) != folder


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"m": "7"}, r"01_squares has no parameter 'm'; known:\n  n: int = 100  # Number of steps"),
        ({"n": "many"}, r"'n': got 'many', expected int"),
    ],
)
def test_wrong_parameters_are_refused(checkout, values, message):
    with pytest.raises(ParameterError, match=message):
        rerun.run("01", values)
    assert not (checkout / "runs").exists()


@pytest.mark.parametrize("there", [["chapter.ipynb"], ["html"], ["data", "html"]])
def test_a_run_overwrites_nothing_and_says_so_before_the_work(checkout, there):
    out = checkout / "mine"
    for name in there:
        (out / name).mkdir(parents=True)
        (out / name / "kept.txt").write_text("mine")
    before = sorted(out.rglob("*"))
    names = ", ".join(str(out / name) for name in rerun.WRITTEN if name in there)
    with pytest.raises(FileExistsError, match=f"^{names} (is|are) there already"):
        rerun.run("01", {"n": "-1"}, out)  # which would fail in a cell
    assert sorted(out.rglob("*")) == before


@pytest.mark.heavy
def test_a_page_that_cannot_be_rendered_keeps_the_notebook_and_the_log(checkout):
    (checkout / "_config.yml").write_text("no_such_option: [")
    with pytest.raises(ChapterError, match="all of it: ") as got:
        rerun.run("01", {"n": "7"}, checkout / "out")
    assert (checkout / "out" / "chapter.ipynb").is_file()
    log = Path(str(got.value).rpartition("all of it: ")[2])
    assert log.read_text()
    shutil.rmtree(log.parents[1])


def test_conversion_keeps_tags_and_captions_only(script):
    script.write_text(
        script.read_text().replace('tags=["remove-cell"]', 'tags=["remove-cell"] a="b"')
    )
    cells = convert(script).cells
    assert {key for cell in cells for key in cell.metadata} == {"tags", "mystnb"}
    assert [cell["id"] for cell in cells[:2]] == ["cell-0", "cell-1"]


FAILING = """
import lumlip
from ase.build import bulk
from lumlip.book.page import Page

metals = [bulk("Al"), bulk("Cu")]
both = ["chgnet-0.3.0", {model!r}]
panel = lumlip.panel(both, metals, trust_checkpoint=True, skip_failing=True)

# %%
Page(1).answer(f"Models: {len(panel.datasets)}.")
"""


@pytest.mark.heavy
def test_chapter_whose_model_fails_stops_unless_it_may_skip(checkout, nan_for_copper):
    source = checkout / "notebooks" / "01_squares.py"
    code = FAILING.replace("{model!r}", repr(nan_for_copper))
    source.write_text(source.read_text().replace("# %%\nx =", f"# %%{code}\n# %%\nx =", 1))
    with pytest.raises(ChapterError, match=r"failed on 1 of 2 structures:\n  frame 1 \(Cu\)"):
        rerun.run("01")
    page = rerun.run("01", out_dir=checkout / "skipped", skip_failing=True)
    html = (page.parent / "notebooks" / "01_squares.html").read_text()
    assert (
        f'Without models that could not be run:</p>\n<ul class="simple">\n<li><p>{nan_for_copper}'
        in html
    )
    assert "Models: 1." in html


USES_A_CHECKPOINT = """
# %% tags=["parameters"]
models: list = []  # model ids

# %%
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import ready

raise RuntimeError(f"trusted: {[ready(resolve(model)).sha256[:8] for model in models]}")
"""


@pytest.fixture
def own_checkpoint(checkout):
    """A chapter that asks for weights, and a file that is in no table."""
    script = checkout / "notebooks" / "01_squares.py"
    head, _, _ = script.read_text().partition('# %% tags=["parameters"]')
    script.write_text(head + USES_A_CHECKPOINT)
    (checkout / "mine.pth.tar").write_bytes(b"weights of my own")
    return "chgnet:mine.pth.tar"


def test_a_checkpoint_of_ones_own_is_refused_before_the_work(checkout, own_checkpoint):
    with pytest.raises(UntrustedCheckpointError, match="--trust-checkpoint"):
        rerun.run("01", {"models": [own_checkpoint]}, checkout / "out")
    with pytest.raises(ValueError, match="unknown model 'chgnet-9'"):
        rerun.run("01", {"models": ["chgnet-9"]}, checkout / "out")
    assert not (checkout / "out").exists()


@pytest.mark.heavy
def test_a_trusted_checkpoint_reaches_the_chapter_and_only_this_one(checkout, own_checkpoint):
    sha256 = hashlib.sha256(b"weights of my own").hexdigest()
    with pytest.raises(ChapterError, match=rf"trusted: \['{sha256[:8]}'\]"):
        rerun.run("01", {"models": [own_checkpoint]}, checkout / "out", trust_checkpoint=True)
    assert TRUSTED not in os.environ
    (checkout / "other.pth.tar").write_bytes(b"another one")
    with pytest.raises(UntrustedCheckpointError):
        ready(resolve("chgnet:other.pth.tar"))


def test_trust_is_for_the_papers_models_too_and_a_wrong_file_is_refused(
    checkout, own_checkpoint, monkeypatch
):
    for name in ("LUMLIP_MODELS", "LUMLIP_HOME"):
        monkeypatch.setenv(name, str(checkout / name))
        (checkout / name).mkdir()
    for name in ("mace-mp-0b3-medium.model", "pet-mad-s-v1.0.2.ckpt", "DPA-3.1-3M.pt"):
        (checkout / "LUMLIP_MODELS" / name).write_bytes(b"weights")
    with pytest.raises(ValueError, match=r"DPA-3.1-3M.pt is not the file in lumlip's table"):
        rerun.run("01", {"models": "paper"}, checkout / "out", trust_checkpoint=True)
    assert not (checkout / "out").exists()
    assert ready(resolve("mace-mp-0b3-medium")).sha256  # trusted by now
    shutil.move(checkout / "notebooks" / "01_squares.py", checkout / "notebooks" / "04_squares.py")
    with pytest.raises(ValueError, match="models of chapter 4 are known"):
        rerun.run("04", {"models": "paper"}, checkout / "out")


def stubborn(deaf):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    deaf.set()
    time.sleep(60)


def test_no_process_outlives_a_failure():
    context = get_context("spawn")
    events = [context.Event() for _ in range(2)]
    children = [context.Process(target=stubborn, args=(deaf,)) for deaf in events]
    for child in children:
        child.start()
    assert all(deaf.wait(60) for deaf in events)
    started = time.monotonic()
    build.stop(children, patience=0.5)
    for child in children:
        child.join(5)
    assert not any(child.is_alive() for child in children)
    assert time.monotonic() - started < 6
