"""How long every chapter takes from an empty cache, and whether it gets through at all.

    python tests/benchmarks/bench_book.py [--device cuda] [--tiny] [--paper] [CHAPTER ...]

--tiny: on thirty small structures, with few repetitions. --paper: with ``models=paper`` and small
stand-ins of all of its checkpoints (`recipes.stand_ins`) in ``LUMLIP_MODELS``. The sum of DPA's
file is published, so it runs in a copy of the checkout whose table has the stand-in's sum instead.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
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
    for model in {m for ids in PAPER_MODELS.values() for m in ids}:
        entry = resolve(model)
        if entry.sha256:
            text = text.replace(entry.sha256, sha256_file(models / entry.file))
    table.write_text(text, encoding="utf-8")
    return copy


def values_of(chapter: Chapter, given: argparse.Namespace, structures: Path) -> dict[str, object]:
    """Return the parameters of a chapter's run."""
    wanted: dict[str, object] = {"device": given.device}
    if given.tiny:
        wanted |= test_chapters.SMALL | {"structures": structures}
    if given.paper:
        try:
            paper_models(int(chapter.name[:2]))
            wanted["models"] = "paper"
        except ValueError as error:
            print(f"{chapter.name}: {error}; its own models")
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
    parser.add_argument("--paper", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, root, made = Path(name), ROOT, home() / "environments"
        (folder / "home").mkdir()
        (folder / "home" / "environments").symlink_to(made.resolve())
        if given.paper:
            (folder / "models").mkdir()
            models = dict.fromkeys(m for ids in PAPER_MODELS.values() for m in ids)
            files = write(folder / "models", models, small=True)
            print(f"{len(models)} models in {len(files)} files", flush=True)
            root = checkout(folder, folder / "models")
            os.environ["LUMLIP_MODELS"] = str(folder / "models")
        os.environ["LUMLIP_HOME"] = str(folder / "home")
        structures = test_chapters.write_structures(folder / "tiny.xyz")
        total = 0.0
        for chapter in map(find_chapter, given.chapters or [c.name for c in chapters()]):
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
