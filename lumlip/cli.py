"""The command line: ``lumlip models``, ``structures``, ``extract``, ``compare``, ``run``, ..."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lumlip import __version__, commands
from lumlip.choices import ANY_LAYER, CHOSEN, DEVICES, DTYPES, METRICS, ON_ERROR, PROTOCOLS, SPLITS
from lumlip.errors import (
    ChapterError,
    ExtractionError,
    FamilyEnvironmentError,
)

#: Errors that are the user's to mend: shown as one line, without a traceback.
EXPECTED = (
    ValueError,
    OSError,
    ChapterError,
    ExtractionError,
    FamilyEnvironmentError,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 if the user's input is wrong, 128 and more if stopped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as a daemon's are
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # where there is no terminal, as in a notebook
            # Windows' code pages know no ω.
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    before: dict[int, Any] = {}
    try:
        before = _stop_on_signals()
        if sys.flags.optimize:  # ase reads files wrong then, and a page that is not true passes
            raise ValueError("Python runs without assertions: unset PYTHONOPTIMIZE, drop -O")
        options = vars(_parser().parse_args(_shielded(sys.argv[1:] if argv is None else argv)))
        command: Callable[..., int | None] = options.pop("function")
        if format := options.pop("format", None):
            from lumlip.datasets.sets import read_structures

            options["structures"] = read_structures(options["structures"], format=format)
        code = command(**options) or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except EXPECTED as error:
        print(f"lumlip: error: {error}{_hint(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        with suppress(OSError):  # the terminal may be gone
            logging.disable()  # what is left of a notebook's run would complain
            print("\nlumlip: stopped; what was done is kept", file=sys.stderr)
        return 128 + (stopped.args[0] if stopped.args else signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shielded(argv: Sequence[str]) -> list[str]:
    """Let a file whose name begins with a dash, such as one of many from `*`, be no option."""
    dashed = [word for word in argv if len(word) > 2 and word[0] == "-"]
    paths = [w for w in dashed if Path(w).exists() or Path(w.rpartition("@")[0] or w).exists()]
    return [f"./{word}" if word in paths else word for word in argv]


def _stop_on_signals() -> dict[int, Any]:
    """Let other signals stop as Ctrl-C does: workers and installers end, too."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    known = [n for name in ("SIGTERM", "SIGHUP") if (n := getattr(signal, name, None))]
    return {number: signal.signal(number, _stop) for number in known}


def _stop(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(number)


def _hint(error: Exception) -> str:
    """Say what can be done about an error of the operating system."""
    from lumlip.runtime.paths import home

    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "; free some space and call it again: it goes on where it was"
    if number and Path(str(getattr(error, "filename", ""))).is_relative_to(home()):
        return "; set LUMLIP_HOME to a folder that you can write to"
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lumlip",
        description="Compare the latent features of universal interatomic potentials.",
    )
    parser.add_argument("--version", action="version", version=f"lumlip {__version__}")
    subs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    features = (_extract, _join, _embed, _select, _uncertainty, _compare, _check, _report)
    for add in (_models, _lineage, _structures, *features, _atlas, _run, _book, _doctor):
        add(subs)
    return parser


def _command(subs: Any, name: str, function: Callable[..., Any]) -> argparse.ArgumentParser:
    summary = (function.__doc__ or "").splitlines()[0]
    made: argparse.ArgumentParser = subs.add_parser(name, help=summary, description=summary)
    made.set_defaults(function=function)
    return made


def _models(subs: Any) -> None:
    _command(subs, "models", commands.list_models)


def _lineage(subs: Any) -> None:
    sub = _command(subs, "lineage", commands.show_lineage)
    sub.add_argument("model", metavar="MODEL", help="a model id")


def _structures(subs: Any) -> None:
    sub = _command(subs, "structures", commands.list_structures)
    text = "a set, files or folders to describe; default: list the sets"
    sub.add_argument("structures", nargs="*", metavar="WHICH", help=text)
    _format(sub)


def _extract(subs: Any) -> None:
    sub = _command(subs, "extract", commands.extract)
    own = "a model id, FAMILY:PATH[@TASK], or features:PATH"
    sub.add_argument("model", metavar="MODEL", help=own)
    _structures_of(sub, "structures", metavar="STRUCTURES")
    text = "also copy them there: OUT.zarr, .npz, .parquet (means over atoms) or .extxyz"
    sub.add_argument("-o", "--output", type=Path, metavar="OUT", help=text)
    sub.add_argument(
        "--skip-unknown", action="store_true", help="leave out structures with unknown elements"
    )
    _skip_faulty(sub)
    text = "only part I, from 1, of N, to the folder OUT; slurm: as the job array says"
    sub.add_argument("--shard", metavar="I/N", help=text)
    sub.add_argument("--batch-atoms", type=_positive, metavar="N", help="atoms in a forward pass")
    sub.add_argument("--layers", action="store_true", help="also the features after every layer")
    _on_error(sub)
    _machine(sub)


def _join(subs: Any) -> None:
    sub = _command(subs, "join", commands.join)
    sub.add_argument("folder", type=Path, metavar="FOLDER", help="with all parts of one model")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.zarr")


def _embed(subs: Any) -> None:
    sub = _command(subs, "embed", commands.embed)
    sub.add_argument("model", metavar="MODEL", help="a model id, or FAMILY:PATH[@TASK]")
    _structures_of(sub, "structures", metavar="STRUCTURES")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.csv|npz|parquet")
    _pooled(sub)


def _select(subs: Any) -> None:
    sub = _command(subs, "select", commands.select)
    _structures_of(sub, "structures", metavar="STRUCTURES")
    sub.add_argument("--model", required=True, help="a model id: distances are in its features")
    sub.add_argument("--n", type=_positive, required=True, metavar="N", help="how many")
    sub.add_argument("--by", default="structure", choices=CHOSEN, help="default: structure")
    sub.add_argument("-o", "--output", type=Path, metavar="OUT.xyz", help="write these structures")
    _pooled(sub)


def _pooled(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--layer", default="last_layer", choices=ANY_LAYER, help="which features")
    text = "highest cumulant over the atoms of a structure; 1: the mean (default: 2)"
    sub.add_argument("--order", type=_positive, default=2, metavar="K", help=text)
    _skip_faulty(sub)
    _on_error(sub)
    _machine(sub)


def _uncertainty(subs: Any) -> None:
    sub = _command(subs, "uncertainty", commands.tell_uncertainty)
    sub.add_argument("model", metavar="MODEL", help="a model id, or FAMILY:PATH[@TASK]")
    _structures_of(sub, "structures", metavar="STRUCTURES")
    sub.add_argument("--known", required=True, metavar="S", help="structures of known energy")
    sub.add_argument("--key", default="energy", help="what they call it (default: energy)")
    sub.add_argument("-o", "--output", type=Path, metavar="OUT.csv", help="write a table there")
    _skip_faulty(sub)
    _on_error(sub)
    _machine(sub)


def _compare(subs: Any) -> None:
    sub = _command(subs, "compare", commands.compare_models)
    sub.add_argument("models", nargs="+", metavar="MODEL", help="two or more model ids")
    _structures_of(sub, "--structures", required=True, metavar="S")
    _skip_faulty(sub)
    for option, name, default, choices, meaning in (
        ("--metric", "metric", "gfre", METRICS, "global or local error, or distortion"),
        ("--layer", "layer", "last_layer", ANY_LAYER, "which features"),
        ("--split", "by", "structure", SPLITS, "what test and training atoms do not share"),
        ("--protocol", "protocol", "robust", PROTOCOLS, "how maps are fitted"),
    ):
        text = f"{meaning} (default: {default})"
        sub.add_argument(option, dest=name, default=default, choices=choices, help=text)
    sub.add_argument("--n-test", type=_positive, metavar="N", help="test atoms (default: 1000)")
    sub.add_argument("--n-neighbors", type=_positive, metavar="K", help="for lfre (default: 64)")
    sub.add_argument("--n-bootstrap", type=int, default=200, metavar="N", help="0: no intervals")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("-o", "--output", type=Path, metavar="DIR", help="write csv and figure there")
    _on_error(sub)
    _machine(sub)


def _check(subs: Any) -> None:
    sub = _command(subs, "check", commands.check)
    sub.add_argument("model", metavar="MODEL", help="a model id, or FAMILY:PATH[@TASK]")
    _structures_of(sub, "--structures", default=["mini-mad:test"], metavar="S")
    _machine(sub)


def _report(subs: Any) -> None:
    sub = _command(subs, "report", commands.write_report)
    sub.add_argument("model", metavar="MODEL", help="a model id, or FAMILY:PATH[@TASK]")
    text = "a set or a file (default: mini-mad without strongly strained structures)"
    sub.add_argument("--structures", default="mini-mad-unstrained", metavar="S", help=text)
    sub.add_argument("-o", "--output", type=Path, metavar="DIR", help="default: a new one in runs/")
    _device(sub)
    _trust(sub)


def _atlas(subs: Any) -> None:
    sub = _command(subs, "atlas", commands.atlas)
    text = (
        "add MODEL: check it and write its entry; else entries to check, default: all that are here"
    )
    sub.add_argument("words", nargs="*", metavar="add MODEL | FILE", help=text)
    text = "default: NAME.npz in the folder atlas of LUMLIP_HOME"
    sub.add_argument("-o", "--output", type=Path, metavar="FILE.npz", help=text)
    text = "of a model that the table of models does not know"
    sub.add_argument("--licence", default="", help=text)
    _device(sub)
    _trust(sub)


def _run(subs: Any) -> None:
    sub = _command(subs, "run", commands.run_chapter)
    sub.add_argument("chapter", metavar="CHAPTER", help="a number or name, such as 01")
    sub.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE")
    sub.add_argument("-o", "--output", type=Path, metavar="DIR", help="default: a new one in runs/")
    text = "go on without models that fail, and say so at the top of the page"
    sub.add_argument("--skip-failing", action="store_true", help=text)
    _trust(sub)


def _book(subs: Any) -> None:
    sub = _command(subs, "book", commands.build_book)
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--no-run", action="store_true", help="render the committed outputs")
    text = "rewrite the committed notebooks, or that of one chapter alone"
    how.add_argument("--update", nargs="?", const="all", metavar="CHAPTER", help=text)


def _doctor(subs: Any) -> None:
    how = _command(subs, "doctor", commands.doctor).add_mutually_exclusive_group()
    how.add_argument("--clean", action="store_true", help="remove environments no longer used")
    text = "make the environments of these families now (default: of all), and tell their sizes"
    how.add_argument("--prepare", nargs="*", metavar="FAMILY", help=text)


def _structures_of(sub: argparse.ArgumentParser, name: str, **options: Any) -> None:
    text = "a named set, files that ase reads (FILE@FIRST:END), or folders of them"
    sub.add_argument(name, nargs="+", help=text, **options)
    _format(sub)


def _format(sub: argparse.ArgumentParser) -> None:
    text = "of files whose name does not tell: a name that ase has for it, such as lammps-data"
    sub.add_argument("--format", metavar="NAME", help=text)


def _skip_faulty(sub: argparse.ArgumentParser) -> None:
    text = "leave out structures with a fault, such as overlapping atoms"
    sub.add_argument("--skip-faulty", action="store_true", help=text)


def _on_error(sub: argparse.ArgumentParser) -> None:
    text = "when a model fails on some structures: stop, or leave them out (default: stop)"
    sub.add_argument("--on-error", default="stop", choices=ON_ERROR, help=text)


def _machine(sub: argparse.ArgumentParser) -> None:
    _device(sub)
    sub.add_argument("--dtype", default="float32", choices=DTYPES)
    _trust(sub)


def _device(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", default="auto", help=", ".join(DEVICES))


def _trust(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--trust-checkpoint",
        action="store_true",
        help="load a checkpoint of your own, which may run any code in it",
    )


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
