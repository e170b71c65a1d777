"""How long every chapter takes from an empty cache, and whether it gets through at all.

    python tests/benchmarks/bench_book.py [--device D] [--tiny] [--paper small|full] [CHAPTER ...]

--tiny: on thirty small structures, with few repetitions. --paper: with ``models=paper`` and
stand-ins of these checkpoints (`recipes.stand_ins`), small or of the published sizes, in
``LUMLIP_MODELS``. The sum of DPA's file is published, so it runs in a copy of the checkout whose
table has the stand-in's sum instead.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT), str(ROOT / "notebooks")]

from lumlip.book.chapters import Chapter, chapters, convert, find_chapter  # noqa: E402
from lumlip.book.parameters import declared_parameters  # noqa: E402
from lumlip.datasets.paper import PAPER_MODELS, paper_models  # noqa: E402
from lumlip.runtime.paths import home, sha256_file  # noqa: E402
from lumlip.zoo.table import resolve  # noqa: E402
from recipes.stand_ins.__main__ import write  # noqa: E402
from tests import test_chapters  # noqa: E402


def checkout(folder: Path, models: Path) -> Path:
    """Copy what a chapter needs; the table of models gets the sums of the stand-ins."""
    copy = folder / "checkout"
    for name in ("lumlip", "notebooks", "book"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("_config.yml", "_toc.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    table = copy / "lumlip" / "zoo" / "zoo.toml"
    text = table.read_text(encoding="utf-8")
    for entry in map(resolve, {m for ids in PAPER_MODELS.values() for m in ids}):
        if entry.sha256 and (file := models / entry.file).is_file():
            text = text.replace(entry.sha256, sha256_file(file))
    table.write_text(text, encoding="utf-8")
    return copy


def paper_models_of(chapter: Chapter) -> list[str]:
    """Return the models that ``models=paper`` stands for; none if the chapter has no such list."""
    with suppress(ValueError):
        return paper_models(int(chapter.name[:2]))
    return []


def values_of(chapter: Chapter, given: argparse.Namespace, structures: Path) -> dict[str, object]:
    """Return the parameters of a chapter's run."""
    wanted: dict[str, object] = {"device": given.device}
    if given.tiny:
        wanted |= test_chapters.SMALL | {"structures": structures}
    if given.paper and paper_models_of(chapter):
        wanted["models"] = "paper"
    declared = declared_parameters(convert(chapter.source))
    return {name: value for name, value in wanted.items() if name in declared}


def run(chapter: Chapter, values: dict[str, object], root: Path, out: Path) -> float:
    """Run a chapter; return its seconds."""
    argv = [sys.executable, "-m", "lumlip.cli", "run", chapter.name, "--trust-checkpoint"]
    argv += [word for name, value in values.items() for word in ("-p", f"{name}={value}")]
    paths = os.pathsep.join([str(root), str(root / "notebooks")])
    start = time.perf_counter()
    done = subprocess.run(
        [*argv, "-o", str(out)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stderr[-3000:])
    return time.perf_counter() - start


def main() -> None:
    """Print a line per chapter: seconds, models and structures, and what was missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--paper", choices=["small", "full"])
    given = parser.parse_args()
    wanted = list(map(find_chapter, given.chapters or [c.name for c in chapters()]))
    with tempfile.TemporaryDirectory() as name:
        folder, root, made = Path(name), ROOT, home() / "environments"
        (folder / "home").mkdir()
        (folder / "home" / "environments").symlink_to(made.resolve())
        if given.paper:
            (folder / "models").mkdir()
            models = dict.fromkeys(m for chapter in wanted for m in paper_models_of(chapter))
            files = write(folder / "models", models, small=given.paper == "small")
            size = sum(path.stat().st_size for path in files) / 1e9
            print(f"{len(models)} models in {len(files)} files, {size:.2f} GB", flush=True)
            root = checkout(folder, folder / "models")
            os.environ["LUMLIP_MODELS"] = str(folder / "models")
        os.environ["LUMLIP_HOME"] = str(folder / "home")
        structures = test_chapters.write_structures(folder / "tiny.xyz")
        total = 0.0
        for chapter in wanted:
            values = values_of(chapter, given, structures)
            seconds = run(chapter, values, root, folder / chapter.name)
            total += seconds
            print(f"{seconds:7.1f} s  {chapter.name}", flush=True)
            executed = folder / chapter.name / "chapter.ipynb"
            lines = test_chapters.printed(executed).splitlines() if executed.is_file() else []
            for line in lines:
                if re.match(r"missing: |left out: |(\w+: )?\d+ models, ", line):
                    print(f"           {line[:150]}", flush=True)
        print(f"{total:7.1f} s  all of these")


if __name__ == "__main__":
    main()
