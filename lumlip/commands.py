"""What each command of the command line does; the first line of a docstring is its help text."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from lumlip.runtime.paths import ensured, refuse_existing


def list_models() -> None:
    """List the models: which are usable offline, and which need a download first."""
    from lumlip.zoo.listing import models

    table = models()
    table["kind"] = table["mini"].map({True: "mini", False: "published"})
    shown = ["family", "kind", "available", "functional", "training_data", "licence"]
    print(left_aligned(table[shown].reset_index(names="model")))
    counts = ", ".join(f"{n} {how}" for how, n in table["available"].value_counts().items())
    print(f"\n{len(table)} models: {counts}. Your own checkpoint: FAMILY:PATH[@TASK].")
    print("A mini is a small model that lumlip's own recipes trained.")


def show_lineage(model: str) -> None:
    """Say what a model was fine-tuned from, on what, and what was fine-tuned from it."""
    from lumlip.zoo.listing import lineage_text

    print(lineage_text(model))


def left_aligned(table: Any) -> str:
    """Lay out a table of texts, one line a row, without an index."""
    rows = [list(table.columns), *table.astype(str).to_numpy().tolist()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def list_structures(which: str | None) -> None:
    """List the structure sets, or describe one (or a file)."""
    from lumlip.datasets.sets import structure_sets, structures, summary
    from lumlip.datasets.validation import check_structures

    if which is None:
        print(structure_sets().to_string())
        return
    frames = structures(which)
    check_structures(frames)
    print(summary(frames).to_string(float_format="{:.2f}".format))


def extract(model: str, structures: str, *, output: Path | None, **options: Any) -> None:
    """Extract the features of one model on a set of structures."""
    from lumlip.extraction.features import features
    from lumlip.extraction.store import written_whole

    if output is not None:
        refuse_existing(output)
    # Its folder is made before the work: that nothing can be written there shows now.
    with written_whole(output) if output else nullcontext() as part:
        dataset = features(model, structures, **options)
        print(dataset)
        if part is not None:
            stored = dataset.drop_vars("readout")  # one of the others: the attribute says which
            stored.load().drop_encoding().to_zarr(part, "w", consolidated=False, zarr_format=2)
    if output is None:
        print("Kept in the cache; the same call of lumlip.features(...) opens it at once.")
    else:
        print(f"Copied to {output}; open it with xarray.open_zarr({str(output)!r}).")


def compare_models(models: list[str], *, output: Path | None, **options: Any) -> None:
    """Compare models: how well the features of one can be rebuilt from those of another."""
    from lumlip.comparison import FILES, compare

    if output is not None:
        refuse_existing(*(output / name for name in FILES))
        with tempfile.TemporaryFile(dir=ensured(output)):  # can be written: seen before the work
            pass
    result = compare(
        models, say=lambda name: print(f"features of {name} ...", flush=True), **options
    )
    print(result.panel.report())
    print(result.describe())
    print(result.table.to_string(float_format="{:.3f}".format))
    if result.settings["n_bootstrap"]:
        print("95 % intervals over test structures:")
        for row in intervals_text(result.table):
            print(f"  {row}")
    for line in result.warnings():
        print(f"lumlip: warning: {line}", file=sys.stderr)
    for path in result.save(output) if output else []:
        print(f"wrote {path}")


def intervals_text(table: Any) -> list[str]:
    """Return one line per pair of models, ``source -> target: value [low, high]``."""
    from lumlip.comparison import intervals

    rows = intervals(table)
    return [
        f"{row.source} -> {row.target}: {row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"
        for row in rows.itertuples()
    ]


def check(model: str, structures: str, *, trust_checkpoint: bool, **options: Any) -> int:
    """Check a model's extractor: energy identity, invariances, batching."""
    from lumlip.conformance.check_model import check_model

    report = check_model(model, structures, trust_checkpoint=trust_checkpoint, **options)
    print(report.to_string())
    return 0 if bool(report["ok"].all()) else 1


def run_chapter(
    chapter: str, *, parameter: list[str], output: Path | None, **options: bool
) -> None:
    """Run a chapter with your own parameters; write the notebook and an HTML page."""
    from lumlip.book.parameters import parse_assignments
    from lumlip.book.rerun import run

    values = parse_assignments(parameter)
    print(f"wrote {run(chapter, values, out_dir=output, **options)}")


def write_report(model: str, structures: str, *, output: Path | None, **options: Any) -> None:
    """Write one page about a model: its proof, its place among others, what it knows."""
    from lumlip.book.report import report

    print(f"wrote {report(model, structures, output, **options)}")


def build_book(*, no_run: bool, update: str | None) -> None:
    """Build the book: features, chapters, pages at _build/html/index.html."""
    from lumlip.book.build import build, extract_features

    only = None if update == "all" else update
    if not no_run and only is None:
        extract_features()
    build(run=not no_run, update=update is not None, only=only)


def doctor(*, clean: bool) -> int:
    """Say what is here: environments, devices, cache, weights."""
    from lumlip.doctor import report

    lines, healthy = report(clean=clean)
    print("\n".join(lines))
    return 0 if healthy else 1
