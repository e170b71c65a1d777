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
import shutil
import subprocess
import tempfile
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lumlip.runtime import records
from lumlip.runtime.environments import command, locked, variables
from lumlip.runtime.paths import home, sha256_file
from lumlip.runtime.verified import verified

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


def restored(family: str, final: Path, step: int, *, sha256: str) -> tuple[Path, str]:
    """Return a checkpoint with the weights of a step, made at first use, and its sha256.

    All steps of the run are made together: to start the family's packages takes longest. A file
    that is there but was not made here, or has changed since, is made again.

    Parameters
    ----------
    family : {"mace", "pet"}
    final : pathlib.Path
        The checkpoint at the end of the run.
    step : int
    sha256 : str
        Of the final checkpoint: no other is loaded.

    Raises
    ------
    WeightsError
        The family's environment could not make it; the message holds the end of its log.
    """
    made = _place(final, step)
    if known := _known(made):
        return made, known
    with locked(made.parent / final.stem, f"the snapshots of {final.stem}"):
        if _known(made) is None:  # else another process made it while this one waited
            _restore_all(family, final, sha256)
    if (known := _known(made)) is None:
        raise ValueError(f"{made} was changed by another program while it was made")
    return made, known


def _known(made: Path) -> str | None:
    """Return the sum of a restored checkpoint, if it is still the one that was made here."""
    kept: str | None = records.read().get(_key(made), {}).get("sha256")
    return kept if made.is_file() and sha256_file(made) == kept else None


def _key(made: Path) -> str:
    return f"snapshot:{made.name}"


def _restore_all(family: str, final: Path, sha256: str) -> None:
    steps = sorted(int(p.stem[-4:]) for p in final.parent.glob(f"{final.stem}.step*.npz"))
    with tempfile.TemporaryDirectory(prefix="lumlip-") as private:  # until the sums are known
        made = {Path(private) / _place(final, s).name: step_file(final, s) for s in steps}
        paths = [str(path) for out, differences in made.items() for path in (differences, out)]
        options = ["restore", family, str(final), *paths, "--sha256", sha256]
        argv = command(family, "lumlip.minis.snapshots", *options)
        done = subprocess.run(argv, env=variables(), capture_output=True, text=True, check=False)
        if done.returncode:
            from lumlip.errors import WeightsError

            raise WeightsError(f"cannot restore {final.stem}: {done.stderr.strip()[-1000:]}")
        for out in made:
            _put(out, home() / "snapshots" / out.name)


def _put(made: Path, place: Path) -> None:
    """Keep a restored checkpoint with its sum."""
    records.remember(_key(place), {"sha256": sha256_file(made)})
    part = place.with_name(f"{place.name}.part")
    shutil.copyfile(made, part)
    part.replace(place)


def _place(final: Path, step: int) -> Path:
    digest = step_sha256(final, step)[:12]
    return home() / "snapshots" / f"{final.stem}.step{step:04d}-{digest}{final.suffix}"


def weights(
    family: str, path: Path, *, sha256: str | None = None
) -> tuple[Any, dict[str, torch.Tensor]]:
    """Load a checkpoint; return it with its trainable parameters by name, to be changed in place.

    Parameters
    ----------
    family : {"mace", "pet"}
        MACE writes modules, PET dictionaries with a ``best_model_state_dict``; a dictionary of
        tensors alone is what MACE's recipe keeps along the way.
    path : pathlib.Path
    sha256 : str, optional
        Of the file, which is else not loaded: to load it runs what it says. Only a recipe may leave
        it out, for what it has just written itself.
    """
    import torch

    import_module(f"lumlip.families.{family}")  # knows the classes that the file names
    content = path.read_bytes() if sha256 is None else verified(path, [sha256])
    found = torch.load(BytesIO(content), map_location="cpu", weights_only=False)
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


def restore(
    family: str, final: Path, differences: Path, out: Path, *, sha256: str | None = None
) -> None:
    """Write a checkpoint in the format of the final one, with the weights of a step."""
    import torch

    whole, last = weights(family, final, sha256=sha256)
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
    parser.add_argument("--sha256", help="of the final checkpoint; to restore, it must be given")
    given = parser.parse_args()
    if given.action == "restore" and given.sha256 is None:
        parser.error("restore needs --sha256")
    for step, out in zip(given.files[::2], given.files[1::2], strict=True):
        if given.action == "restore":
            restore(given.family, given.final, step, out, sha256=given.sha256)
        else:
            keep(given.family, given.final, step, out)


if __name__ == "__main__":
    main()
