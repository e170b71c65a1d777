"""What the command line takes: commands, and options that several of them share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lumlip import __version__, commands
from lumlip.choices import ANY_LAYER, CHOSEN, DEVICES, DTYPES, METRICS, ON_ERROR, PROTOCOLS, SPLITS


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number above 0")
    return int(text)


def _flag(text: str) -> dict[str, Any]:
    return {"action": "store_true", "help": text}


def _number(metavar: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": _positive, "metavar": metavar, "help": text, **more}


def _choice(choices: tuple[str, ...], text: str) -> dict[str, Any]:
    return {"choices": choices, "default": choices[0], "help": f"{text} (default: %(default)s)"}


_SET = "a named set, files that ase reads (FILE@FIRST:END), or folders of them"
_SHORT = {"--output": ["-o"], "--parameter": ["-p"]}
#: How argparse is told of each argument; what a command has otherwise stands there.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "model": {"metavar": "MODEL", "help": "a model id, FAMILY:PATH[@TASK], or features:PATH"},
    "models": {"nargs": "+", "metavar": "MODEL", "help": "two or more model ids"},
    "structures": {"nargs": "+", "metavar": "STRUCTURES", "help": _SET},
    "folder": {"type": Path, "metavar": "FOLDER", "help": "with all parts of one model"},
    "chapter": {"metavar": "CHAPTER", "help": "a number or name, such as 01"},
    "words": {
        "nargs": "*",
        "metavar": "add MODEL | FILE",
        "help": "add MODEL: check it and write its entry, by default to LUMLIP_HOME/atlas; "
        "else entries to check, default: all here",
    },
    "--structures": {"nargs": "+", "metavar": "S", "help": f"{_SET} (default: %(default)s)"},
    "--format": {
        "metavar": "NAME",
        "help": "of files whose name does not tell: what ase calls it, such as lammps-data",
    },
    "--output": {"type": Path, "help": "write it there; nothing is overwritten"},
    "--model": {"required": True, "help": "a model id: distances are in its features"},
    "--n": _number("N", "how many", required=True),
    "--by": _choice(CHOSEN, "choose among these"),
    "--known": {"required": True, "metavar": "S", "help": "structures of known energy"},
    "--key": {"default": "energy", "help": "what they call it (default: energy)"},
    "--shard": {
        "metavar": "I/N",
        "help": "only part I, from 1, of N, to the folder OUT; slurm: as the job array says",
    },
    "--layers": _flag("also the features after every layer"),
    "--layer": {**_choice(ANY_LAYER, "which features"), "default": "last_layer"},
    "--order": _number(
        "K",
        "highest cumulant over the atoms of a structure; 1: the mean (default: 2)",
        default=2,
    ),
    "--metric": _choice(METRICS, "global or local error, or distortion"),
    "--split": {**_choice(SPLITS, "what test and training atoms do not share"), "dest": "by"},
    "--protocol": _choice(PROTOCOLS, "how maps are fitted"),
    "--n-test": _number("N", "test atoms (default: 1000)"),
    "--n-neighbors": _number("K", "for lfre (default: 64)"),
    "--n-bootstrap": {"type": int, "default": 200, "metavar": "N", "help": "0: no intervals"},
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
    "--update": {
        "nargs": "?",
        "const": "all",
        "metavar": "CHAPTER",
        "help": "rewrite the committed notebooks, or that of one chapter alone",
    },
    "--clean": _flag("remove environments no longer used"),
    "--prepare": {
        "nargs": "*",
        "metavar": "FAMILY",
        "help": "make the environments of these families now (default: of all), tell their sizes",
    },
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
        f"--shard --batch-atoms --layers {_FEW}",
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
