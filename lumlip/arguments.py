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
_SHORT = {"--output": "-o", "--parameter": "-p"}
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
        "help": "add MODEL: check it and write its entry; else entries to check, default: all here",
    },
    "--structures": {"nargs": "+", "metavar": "S", "help": _SET},
    "--format": {
        "metavar": "NAME",
        "help": "of files whose name does not tell: what ase calls it, such as lammps-data",
    },
    "--output": {"type": Path, "metavar": "OUT"},
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
_FEW = "--skip-faulty --on-error --device --dtype --trust-checkpoint"
_POOLED = f"--layer --order {_FEW}"
_FILE = {"required": True, "metavar": "OUT.csv|npz|parquet"}
_ZARR = {"required": True, "metavar": "OUT.zarr"}
_COPY = {"help": "also copy them there: OUT.zarr, .npz, .parquet (means over atoms) or .extxyz"}
_XYZ = {"metavar": "OUT.xyz", "help": "write these structures"}
_CSV = {"metavar": "OUT.csv", "help": "write a table there"}
_NPZ = {"metavar": "FILE.npz", "help": "default: NAME.npz in the folder atlas of LUMLIP_HOME"}
_FOLDER = {"metavar": "DIR", "help": "write csv and figure there"}
_RUNS = {"metavar": "DIR", "help": "default: a new one in runs/"}
_WHICH = {"nargs": "*", "metavar": "WHICH", "help": f"{_SET}; default: list the sets"}
_UNSTRAINED = {"nargs": None, "default": "mini-mad-unstrained", "help": "default: %(default)s"}
#: Name, what it does, its arguments ("|": one or the other), and what is not as usual with them.
_COMMANDS: tuple[tuple[str, Any, str, dict[str, Any]], ...] = (
    ("models", commands.list_models, "", {}),
    ("lineage", commands.show_lineage, "model", {}),
    ("structures", commands.list_structures, "structures --format", {"structures": _WHICH}),
    (
        "extract",
        commands.extract,
        f"model structures --format --output --skip-unknown --shard --batch-atoms --layers {_FEW}",
        {"--output": _COPY},
    ),
    ("join", commands.join, "folder --output", {"--output": _ZARR}),
    ("embed", commands.embed, f"model structures --format --output {_POOLED}", {"--output": _FILE}),
    (
        "select",
        commands.select,
        f"structures --format --model --n --by --output {_POOLED}",
        {"--output": _XYZ},
    ),
    (
        "uncertainty",
        commands.tell_uncertainty,
        f"model structures --format --known --key --output {_FEW}",
        {"--output": _CSV},
    ),
    (
        "compare",
        commands.compare_models,
        "models --structures --format --metric --layer --split --protocol --n-test --n-neighbors "
        f"--n-bootstrap --seed --output {_FEW}",
        {"--structures": {"required": True}, "--output": _FOLDER},
    ),
    (
        "check",
        commands.check,
        "model --structures --format --device --dtype --trust-checkpoint",
        {"--structures": {"default": ["mini-mad:test"]}},
    ),
    (
        "report",
        commands.write_report,
        "model --structures --output --device --trust-checkpoint",
        {"--structures": _UNSTRAINED, "--output": _RUNS},
    ),
    (
        "atlas",
        commands.atlas,
        "words --output --licence --device --trust-checkpoint",
        {"--output": _NPZ},
    ),
    (
        "run",
        commands.run_chapter,
        "chapter --parameter --output --skip-failing --trust-checkpoint",
        {"--output": _RUNS},
    ),
    ("book", commands.build_book, "--no-run|--update", {}),
    ("doctor", commands.doctor, "--clean|--prepare", {}),
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; what it returns names a ``function``."""
    made = argparse.ArgumentParser(
        prog="lumlip",
        description="Compare the latent features of universal interatomic potentials.",
    )
    made.add_argument("--version", action="version", version=f"lumlip {__version__}")
    subs = made.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, function, arguments, changes in _COMMANDS:
        summary = function.__doc__.splitlines()[0]
        sub = subs.add_parser(name, help=summary, description=summary)
        sub.set_defaults(function=function)
        for words in arguments.split():
            group = sub.add_mutually_exclusive_group() if "|" in words else sub
            for word in words.split("|"):
                names = [_SHORT[word], word] if word in _SHORT else [word]
                group.add_argument(*names, **(_ARGUMENTS[word] | changes.get(word, {})))
    return made
