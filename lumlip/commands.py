"""What each command of the command line does; the first line of a docstring is its help text."""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lumlip.choices import check_choice
from lumlip.runtime.paths import ensured, refuse_existing


def list_models() -> None:
    """List the models: which are usable offline, and which need a download first."""
    from lumlip.zoo.listing import models

    table = models()
    table["kind"] = table["mini"].map({True: "mini", False: "published"})
    table.loc[table["target"] != "", "kind"] += ", no energy"
    shown = ["family", "kind", "available", "functional", "training_data", "licence"]
    print(left_aligned(table[shown].reset_index(names="model")))
    counts = ", ".join(f"{n} {how}" for how, n in table["available"].value_counts().items())
    print(f"\n{len(table)} models: {counts}. Your own checkpoint: FAMILY:PATH[@TASK].")
    print("Features computed elsewhere: features:PATH.")
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


def list_structures(structures: list[Any]) -> None:
    """List the structure sets, or describe one (or files)."""
    from lumlip.datasets import sets
    from lumlip.datasets.validation import check_structures, doubts

    if not structures:
        print(sets.structure_sets().to_string())
        return
    frames = _read(structures)
    check_structures(frames)
    print(sets.summary(frames).to_string(float_format="{:.2f}".format))
    symbols = Counter(symbol for atoms in frames for symbol in atoms.symbols)
    print("atoms:", ", ".join(f"{symbol} {n}" for symbol, n in sorted(symbols.items())))
    print(f"sha256 of the structures: {sets.structures_sha256(frames)}")
    for line in doubts(frames, range(len(frames))):
        _warn(line)
    if max(map(len, frames)) >= symbols.total() / 5:
        one = "one structure has a fifth of the atoms: a test part may be this one structure"
        _warn(f"{one}, over which there is no interval")


def _warn(line: str) -> None:
    """Say what may be wrong, beside the results."""
    print(f"lumlip: warning: {line}", file=sys.stderr)


def _read(structures: list[Any]) -> Sequence[Any]:
    """Read structures, and say what is hardly meant."""
    from lumlip.datasets.sets import read_structures
    from lumlip.datasets.validation import concerns

    frames = read_structures(structures)
    for line in concerns(frames, range(len(frames))):
        _warn(line)
    return frames


@contextmanager
def _new(output: Path | None) -> Iterator[Path | None]:
    """Lend the place of a file to be written whole; that nothing can be there shows before work."""
    if output is None:
        yield None
        return
    from lumlip.extraction.store import written_whole

    refuse_existing(output)
    with written_whole(output) as part:
        yield part / output.name
    print(f"wrote {output}")


def extract(
    model: str,
    structures: list[Any],
    *,
    output: Path | None,
    shard: str | None = None,
    scheduler: str | None = None,
    **options: Any,
) -> None:
    """Extract the features of one model on a set of structures."""
    if shard is not None or scheduler is not None:
        from lumlip.extraction import shards  # imports torch, which one process does without

        if shard is None:
            raise ValueError("--scheduler: expected --shard N, the number of parts")
        if output is None:
            raise ValueError("--shard: expected -o FOLDER, the same one for all parts")
        if scheduler is None:
            part = shards.which_part(shard)
            shards.extract_part(model, structures, output, shard=part, **options)
        else:
            shards.extract_by_dask(model, structures, output, shard, scheduler, **options)
        return
    from lumlip.extraction.features import features
    from lumlip.extraction.files import WRITERS, write
    from lumlip.zoo.features_file import FEATURES, READABLE

    if output is not None:
        check_choice("suffix", output.suffix, list(WRITERS))
    with _new(output) as path:
        frames = _read(structures)
        dataset = features(model, frames, **options)
        print(dataset)
        if path is not None:
            write(dataset, frames, path)
    if output is not None and output.suffix in READABLE:
        print(f"as a model: {FEATURES}{output}")
    elif output is None and not model.startswith(FEATURES):
        print("Kept in the cache; the same call of lumlip.features(...) opens it at once.")


def join(folder: Path, *, output: Path) -> None:
    """Join the parts that `lumlip extract --shard` left in a folder to one features file."""
    from lumlip.extraction.shards import join as join_parts

    check_choice("suffix", output.suffix, [".zarr"])
    join_parts(folder, output)
    print(f"wrote {output}; as a model: features:{output}")


def embed(model: str, structures: list[Any], *, output: Path, **options: Any) -> None:
    """Describe every structure by pooled features of a model; write a csv, npz or parquet file."""
    from lumlip.embedding import SUFFIXES, embed, save_embedding

    check_choice("output's ending", output.suffix, SUFFIXES)
    with _new(output) as path:
        table = embed(model, _read(structures), **options)
        save_embedding(table, path or output)
    print(f"{len(table)} structures, {table.shape[1]} numbers each")


def select(structures: list[Any], *, output: Path | None, **options: Any) -> None:
    """Choose the most different structures, or atoms, by farthest point sampling."""
    from ase.io import write
    from ase.io.formats import UnknownFileTypeError, filetype, get_ioformat

    from lumlip.datasets.sets import as_given
    from lumlip.embedding import select

    if output is not None:
        try:
            known = get_ioformat(filetype(output.name, read=False))
        except UnknownFileTypeError:
            raise ValueError(f"output: got {output}, expected a name such as OUT.xyz") from None
        if not known.can_write or (known.single and options["n"] > 1):
            raise ValueError(
                f"output: got {output}, of the format {known.name}, which ase writes "
                f"{'one structure to' if known.can_write else 'not'}; expected one such as OUT.xyz"
            )
    with _new(output) as path:
        frames = _read(structures)
        chosen = select(frames, **options)
        print(chosen.to_string(index=False, float_format="{:.4g}".format))
        if path is not None:
            write(path, as_given(structures, chosen["frame"]))


def tell_uncertainty(
    model: str, structures: list[Any], *, output: Path | None, **options: Any
) -> None:
    """Tell how uncertain a model's energies are, calibrated on structures of known energy."""
    from lumlip.uncertainty import last_layer_uncertainty

    with _new(output) as path:
        table = last_layer_uncertainty(model, _read(structures), **options)
        print(table.to_string(float_format="{:.4f}".format))
        has = table.attrs
        print(
            f"eV/atom, calibrated on {has['n_known']} structures: {has['within_1']:.0%} of their "
            f"errors within one uncertainty (normal: 68 %), {has['within_2']:.0%} within two "
            f"(95 %); rank correlation of error and uncertainty {has['rank_correlation']:.2f}"
        )
        print("This holds for structures like those; for others a small uncertainty is no proof.")
        if again := has["n_again"]:
            _warn(f"{again} structures are among the known ones: their uncertainties are too small")
        if path is not None:
            table.to_csv(path)


def compare_models(models: list[str], *, output: Path | None, **options: Any) -> None:
    """Compare models: how well the features of one can be rebuilt from those of another."""
    from lumlip.comparison import FILES, compare, ends_text, intervals

    if output is not None:
        refuse_existing(*(output / name for name in FILES))
        with tempfile.TemporaryFile(dir=ensured(output)):  # can be written: seen before the work
            pass
    say = partial(print, "features of", end=" ...\n", flush=True)
    result = compare(models, say=say, **options)
    print(result.panel.report(), result.describe(), sep="\n")
    print(result.table.to_string(float_format="{:.3f}".format))
    if result.settings["n_bootstrap"] and result.settings["n_drawn"] > 1:
        print(f"95 % intervals over test {result.settings['drawn']}s:")
        for row in intervals(result.table).itertuples():
            span = f"{row.value:.3f} {ends_text(row.low, row.high)}"
            print(f"  {row.source} -> {row.target}: {span}")
    for path in result.save(output) if output else []:
        print(f"wrote {path}")


def check(model: str, structures: list[Any], **options: Any) -> int:
    """Check a model's extractor: energy identity, invariances, batching."""
    from lumlip.conformance.check_model import check_model

    report = check_model(model, structures, **options)
    print(report.to_string())
    print(*report.attrs["notes"], sep="\n", file=sys.stderr)
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


def atlas(words: list[str], *, output: Path | None, **options: Any) -> int:
    """List entries of the atlas, refusing wrong ones, or add one: `lumlip atlas add MODEL`."""
    import pandas as pd

    from lumlip.atlas import add, entries
    from lumlip.book.chapters import atlas_files

    if words[:1] == ["add"]:
        if len(words) != 2:
            raise ValueError(f"got {' '.join(words)!r}; expected add and one model")
        words = [str(add(words[1], output, **options))]
        print(f"wrote {words[0]}; as a model: features:{words[0]}")
    elif output or options["licence"]:
        raise ValueError("--output and --licence are of the entry that `lumlip atlas add` writes")
    paths = map(Path, words) if words else atlas_files(own=True)
    whole, wrong = entries(paths, rerun=bool(words))
    rows = pd.DataFrame(whole.values())
    print(left_aligned(rows) if len(rows) else "no entries; `lumlip atlas add MODEL` makes one")
    for error in wrong:
        print(f"lumlip: error: {error}", file=sys.stderr)
    return 1 if wrong else 0


def build_book(*, no_run: bool, update: str | None) -> None:
    """Build the book: features, chapters, pages at _build/html/index.html."""
    from lumlip.book.build import build, extract_features

    only = None if update == "all" else update
    if not no_run and only is None:
        extract_features()
    build(run=not no_run, update=update is not None, only=only)


def doctor(*, clean: bool, prepare: list[str] | None) -> int:
    """Say what is here: environments, devices, cache, weights; or make environments ahead."""
    from lumlip.doctor import prepared, report

    if prepare is not None:
        return 1 if prepared(prepare, print) else 0
    lines, healthy = report(clean=clean)
    print("\n".join(lines))
    return 0 if healthy else 1
