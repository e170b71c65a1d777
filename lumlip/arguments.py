"""What the command line takes: commands, and options that several of them share."""

import argparse
from pathlib import Path
from typing import Any

from lumlip import __version__, commands
from lumlip.choices import ANY_LAYER, CHOSEN, DEVICES, DTYPES, METRICS, ON_ERROR, PROTOCOLS, SPLITS


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number above 0")
    return int(text)


def _path(text: str) -> Path:
    if not text.strip():  # as a path it would be the folder one is in
        raise argparse.ArgumentTypeError("got an empty path, expected a name")
    return Path(text)


def _of(metavar: str, text: str, **more: Any) -> dict[str, Any]:
    return {"metavar": metavar, "help": text, **more}


def _number(metavar: str, text: str, **more: Any) -> dict[str, Any]:
    return _of(metavar, text, type=_positive, **more)


def _choice(choices: tuple[str, ...], text: str, **more: Any) -> dict[str, Any]:
    shown = f"{text} (default: %(default)s)"
    return {"choices": choices, "default": choices[0], "help": shown, **more}


def _flag(text: str) -> dict[str, Any]:
    return {"action": "store_true", "help": text}


_SET = "a named set, files that ase reads (FILE@FIRST:END), or folders of them"
_ENTRIES = "add MODEL: check it and write its entry, by default to LUMLIP_HOME/atlas; else entries "
_SHORT = {"--output": ["-o"], "--parameter": ["-p"]}
#: How argparse is told of each argument.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "model": _of("MODEL", "a model id, FAMILY:PATH[@TASK], or features:PATH"),
    "models": _of("MODEL", "two or more model ids", nargs="+"),
    "structures": _of("STRUCTURES", _SET, nargs="+"),
    "folder": _of("FOLDER", "with all parts of one model", type=_path),
    "chapter": _of("CHAPTER", "a number or name, such as 01"),
    "words": _of("add MODEL | FILE", f"{_ENTRIES} to check, default: all here", nargs="*"),
    "--structures": _of("S", f"{_SET} (default: %(default)s)", nargs="+"),
    "--format": _of("NAME", "what ase calls files whose name does not tell, such as lammps-data"),
    "--output": {"type": _path, "help": "write it there; nothing is overwritten"},
    "--model": {"required": True, "help": "a model id: distances are in its features"},
    "--n": _number("N", "how many", required=True),
    "--by": _choice(CHOSEN, "choose among these"),
    "--known": _of("S", "structures of known energy", required=True),
    "--key": {"default": "energy", "help": "what they call it (default: energy)"},
    "--shard": _of("I/N", "part I, from 1, of N, to the folder OUT; slurm: as a job array says"),
    "--scheduler": _of("ADDRESS", "Dask's, to do all parts: --shard N --scheduler tcp://HOST:8786"),
    "--layers": _flag("also the features after every layer"),
    "--layer": _choice(ANY_LAYER, "which features") | {"default": "last_layer"},
    "--order": _number("K", "highest cumulant; 1: the mean (default: 2)", default=2),
    "--metric": _choice(METRICS, "global or local error, or distortion"),
    "--split": _choice(SPLITS, "what test and training atoms do not share", dest="by"),
    "--protocol": _choice(PROTOCOLS, "how maps are fitted"),
    "--n-test": _number("N", "test atoms (default: 1000)"),
    "--n-neighbors": _number("K", "for lfre (default: 64)"),
    "--n-bootstrap": _of("N", "0: no intervals", type=int, default=200),
    "--seed": {"type": int, "default": 0},
    "--batch-atoms": _number("N", "atoms in a forward pass"),
    "--skip-unknown": _flag("leave out structures with unknown elements"),
    "--skip-faulty": _flag("leave out structures with a fault, such as overlapping atoms"),
    "--on-error": _choice(ON_ERROR, "when a model fails on structures: stop, or leave them out"),
    "--device": {"default": "auto", "help": ", ".join(DEVICES)},
    "--dtype": {"default": "float32", "choices": DTYPES},
    "--trust-checkpoint": _flag("load a checkpoint of your own, which may run any code in it"),
    "--licence": {"default": "", "help": "of a model that the table of models does not know"},
    "--parameter": {"action": "append", "default": [], "metavar": "NAME=VALUE"},
    "--skip-failing": _flag("go on without models that fail, and say so at the top of the page"),
    "--no-run": _flag("render the committed outputs"),
    "--update": _of("CHAPTER", "rewrite the committed notebooks, or one", nargs="?", const="all"),
    "--clean": _flag("remove environments no longer used"),
    "--prepare": _of("FAMILY", "make environments now (default: of all families)", nargs="*"),
}
#: Where a command takes an argument otherwise.
_OTHERWISE: dict[str, dict[str, dict[str, Any]]] = {
    "structures": {"structures": {"nargs": "*", "help": f"{_SET}; default: list the sets"}},
    "check": {"--structures": {"default": ["mini-mad:test"]}},
    "report": {"--structures": {"nargs": None, "default": "mini-mad-unstrained"}},
}
_FEW = "--skip-faulty --on-error --device --dtype --trust-checkpoint"
_POOLED = f"--layer --order {_FEW}"
#: What a command does, its name, and its arguments: "|" one or the other, "!" needed, "=" what.
_COMMANDS = (
    (commands.list_models, "models"),
    (commands.show_lineage, "lineage model"),
    (commands.list_structures, "structures structures --format"),
    (
        commands.extract,
        "extract model structures --format --output=OUT.zarr,npz,parquet,extxyz --skip-unknown "
        f"--shard --scheduler --batch-atoms --layers {_FEW}",
    ),
    (commands.join, "join folder --output!=OUT.zarr"),
    (commands.embed, f"embed model structures --format --output!=OUT.csv,npz,parquet {_POOLED}"),
    (
        commands.select,
        f"select structures --format --model --n --by --output=OUT.xyz {_POOLED}",
    ),
    (
        commands.tell_uncertainty,
        f"uncertainty model structures --format --known --key --output=OUT.csv {_FEW}",
    ),
    (
        commands.compare_models,
        "compare models --structures! --format --metric --layer --split --protocol --n-test "
        f"--n-neighbors --n-bootstrap --seed --output=DIR {_FEW}",
    ),
    (commands.check, "check model --structures --format --device --dtype --trust-checkpoint"),
    (commands.write_report, "report model --structures --output=DIR --device --trust-checkpoint"),
    (commands.atlas, "atlas words --output=FILE.npz --licence --device --trust-checkpoint"),
    (
        commands.run_chapter,
        "run chapter --parameter --output=DIR --skip-failing --trust-checkpoint",
    ),
    (commands.build_book, "book --no-run|--update"),
    (commands.doctor, "doctor --clean|--prepare"),
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; what it returns names a ``function``."""
    made = argparse.ArgumentParser(
        prog="lumlip",
        description="Compare the latent features of universal interatomic potentials.",
    )
    made.add_argument("--version", action="version", version=f"lumlip {__version__}")
    subs = made.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for function, line in _COMMANDS:
        command, *arguments = line.split()
        summary = str(function.__doc__).splitlines()[0]
        sub = subs.add_parser(command, help=summary, description=summary)
        sub.set_defaults(function=function)
        for either in arguments:
            group = sub.add_mutually_exclusive_group() if "|" in either else sub
            for word in either.split("|"):
                called, _, what = word.partition("=")
                name = called.rstrip("!")
                options = _ARGUMENTS[name] | _OTHERWISE.get(command, {}).get(name, {})
                if what:
                    options["metavar"] = what
                if name != called:
                    options["required"] = True
                group.add_argument(*_SHORT.get(name, ()), name, **options)
    return made
