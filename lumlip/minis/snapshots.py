"""Weights along a training run, kept as what they differ by from the last ones.

The file of a step holds, for each parameter that training changed, the weights of the step minus
the final ones: in whole numbers from -127 to 127, and the size of one of them. So six runs with
four steps each fit into three megabytes, and a step is known to about a hundredth of what the model
had still to learn.
:func:`restore` runs in the environment of the family, whose packages the checkpoints need.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lumlip.environments import command, variables
from lumlip.paths import ensured, home, sha256_file

if TYPE_CHECKING:
    import torch

LARGEST = 127  # of the whole numbers
UNIT = " unit"  # after the name of a parameter: what one whole number is worth


def step_file(final: Path, step: int) -> Path:
    """Return the file that holds a step of the run that ended in a checkpoint."""
    return final.with_name(f"{final.stem}.step{step:04d}.npz")


def step_sha256(final: Path, step: int) -> str:
    """Return a hash of what a step is made of: the final weights and the differences."""
    parts = sha256_file(final) + sha256_file(step_file(final, step))
    return hashlib.sha256(parts.encode()).hexdigest()


def restored(family: str, final: Path, step: int) -> Path:
    """Return a checkpoint with the weights of a step, made at first use.

    All steps of the run are made together: to start the family's packages takes longest.

    Raises
    ------
    WeightsError
        The family's environment could not make it; the message holds the end of its log.
    """
    made = _place(final, step)
    if not made.exists():
        _restore_all(family, final, made)
    return made


def _restore_all(family: str, final: Path, wanted: Path) -> None:
    from filelock import FileLock

    ensured(wanted.parent)
    with FileLock(wanted.parent / f"{final.stem}.lock"):
        if wanted.exists():  # another process made it while this one waited
            return
        steps = sorted(int(p.stem[-4:]) for p in final.parent.glob(f"{final.stem}.step*.npz"))
        pairs = [(step_file(final, s), _place(final, s)) for s in steps]
        paths = [str(path) for path in (final, *(path for pair in pairs for path in pair))]
        argv = command(family, "lumlip.minis.snapshots", "restore", family, *paths)
        done = subprocess.run(argv, env=variables(), capture_output=True, text=True, check=False)
        if done.returncode:
            from lumlip.sources import WeightsError

            raise WeightsError(f"cannot restore {wanted.name}: {done.stderr.strip()[-1000:]}")


def _place(final: Path, step: int) -> Path:
    digest = step_sha256(final, step)[:12]
    return home() / "snapshots" / f"{final.stem}.step{step:04d}-{digest}{final.suffix}"


def weights(family: str, path: Path) -> tuple[Any, dict[str, torch.Tensor]]:
    """Load a checkpoint; return it with its trainable parameters by name, to be changed in place.

    Parameters
    ----------
    family : {"mace", "pet"}
        MACE writes modules, PET dictionaries with a ``best_model_state_dict``; a dictionary of
        tensors alone is what MACE's recipe keeps along the way.
    """
    import torch

    import_module(f"lumlip.families.{family}")  # knows the classes that the file names
    found = torch.load(path, map_location="cpu", weights_only=False)
    if isinstance(found, torch.nn.Module):
        return found, {name: p.data for name, p in found.named_parameters()}
    state = found.get("best_model_state_dict", found)
    tensors = {k: x for k, x in state.items() if isinstance(x, torch.Tensor)}
    return found, {k: x for k, x in tensors.items() if x.is_floating_point()}


def keep(family: str, final: Path, step: Path, out: Path) -> None:
    """Write the weights of a step as differences from the final ones, rounded to 8 bits each."""
    _, last = weights(family, final)
    _, then = weights(family, step)
    changed = {name: (x - last[name]).numpy() for name, x in then.items()}
    kept: dict[str, Any] = {}
    for name, x in changed.items():
        if unit := float(np.abs(x).max(initial=0.0)) / LARGEST:
            kept[name] = np.round(x / unit).astype(np.int8)
            kept[f"{name}{UNIT}"] = np.float32(unit)
    np.savez_compressed(out, **kept)


def restore(family: str, final: Path, differences: Path, out: Path) -> None:
    """Write a checkpoint in the format of the final one, with the weights of a step."""
    import torch

    whole, last = weights(family, final)
    with np.load(differences) as kept, torch.no_grad():
        for name in (name for name in kept.files if not name.endswith(UNIT)):
            difference = kept[name].astype(np.float32) * kept[f"{name}{UNIT}"]
            last[name] += torch.from_numpy(difference).to(last[name].dtype)
    part = out.with_name(f"{out.name}.part")
    torch.save(whole, part)
    part.replace(out)


def main() -> None:
    """Run from the command line, in the family's environment."""
    parser = argparse.ArgumentParser(prog="python -m lumlip.minis.snapshots", description=__doc__)
    parser.add_argument("action", choices=("keep", "restore"))
    parser.add_argument("family", choices=("mace", "pet"))
    parser.add_argument("final", type=Path)
    told = (
        "of each step: a checkpoint and the differences to write (keep), or the reverse (restore)"
    )
    parser.add_argument("files", type=Path, nargs="+", help=told)
    given = parser.parse_args()
    action = {"keep": keep, "restore": restore}[given.action]
    for step, out in zip(given.files[::2], given.files[1::2], strict=True):
        action(given.family, given.final, step, out)


if __name__ == "__main__":
    main()
