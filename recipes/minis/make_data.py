"""Make the labelled structures of the minis: ``python -m recipes.minis.make_data OUT``.

Parents, each at the volume where SevenNet-0's energy is lowest; rattled and strained copies of
them; energies and forces of SevenNet at two levels of theory; split by parent.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Sequence
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms

from lumlip.array_types import AnyFloatArray
from lumlip.extraction.arrays import save_structures
from lumlip.runtime import environments
from lumlip.zoo.table import resolve
from recipes.family_environments import variables
from recipes.mini_mad.geometry import closeness, scaled, tidy
from recipes.minis import lps, parents
from recipes.minis.data import TEACHERS
from recipes.minis.lps import lps_parents
from recipes.minis.parents import Parent, all_parents

SEED = 20261122
#: Shortest bond over the sum of covalent radii, at the volumes that are tried.
SCALES = (0.88, 0.98, 1.08, 1.2)
#: eV/Å. Copies with a larger force are left out.
LARGEST_FORCE = 15.0
#: Rattled copies of a parent, and the largest number of atoms.
COPIES = {"general": 2, "lps": 5}
LARGEST = {"general": parents.LARGEST, "lps": lps.LARGEST}
VALIDATION = 0.1


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--dataset", choices=["general", "lps"], default="general")
    parser.add_argument("--decorations", type=int, default=20, help="of each prototype")
    parser.add_argument("--limit", type=int, default=None, help="parents to keep (for a trial)")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    rng = np.random.default_rng(SEED)
    if given.dataset == "general":
        wanted, prefix = all_parents(rng, decorations=given.decorations), ""
    else:
        wanted, prefix = lps_parents(rng), "lps-"
    labeller = Labeller(given.out / f"{prefix}work", given.processes)
    settled = settle(wanted[: given.limit], labeller, largest=LARGEST[given.dataset])
    frames = labelled(copies(settled, rng, n=COPIES[given.dataset]), labeller)
    for part, chosen in split(frames, rng).items():
        ase.io.write(given.out / f"{prefix}{part}.xyz", chosen, format="extxyz")
        print(f"{part}: {len(chosen)} structures, {sum(map(len, chosen))} atoms", flush=True)


class Labeller:
    """Runs :mod:`recipes.minis.labels` in SevenNet's environment, several processes at once."""

    def __init__(self, folder: Path, processes: int) -> None:
        self.folder, self.processes = folder, processes
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(
        self, structures: Sequence[Atoms], model: str, *, forces: bool
    ) -> tuple[AnyFloatArray, list[AnyFloatArray]]:
        """Energies (n_structures,) in eV and forces (n_atoms, 3) of each, in eV/Å."""
        shares = [range(i, len(structures), self.processes) for i in range(self.processes)]
        shares = [share for share in shares if len(share)]
        running = [
            self._start([structures[i] for i in share], model, number, forces=forces)
            for number, share in enumerate(shares)
        ]
        energy = np.zeros(len(structures))
        found: list[AnyFloatArray] = [np.zeros((0, 3))] * len(structures)
        for share, (process, out) in zip(shares, running, strict=True):
            if process.wait():
                raise RuntimeError(f"labelling with {model} failed, see above")
            with np.load(out) as data:
                energy[list(share)] = data["energy"]
                ends = np.cumsum([len(structures[i]) for i in share])[:-1]
                for i, own in zip(share, np.split(data["forces"], ends), strict=True):
                    found[i] = own
        return energy, found

    def _start(
        self, structures: Sequence[Atoms], model: str, number: int, *, forces: bool
    ) -> tuple[subprocess.Popen[bytes], Path]:
        entry = resolve(model)
        source, out = self.folder / f"in-{number}.npz", self.folder / f"out-{number}.npz"
        save_structures(source, structures)
        options = ["--checkpoint", entry.checkpoint]
        options += ["--task", entry.task] if entry.task else []
        options += [] if forces else ["--energies-only"]
        argv = environments.command(
            "sevennet", "recipes.minis.labels", str(source), str(out), *options
        )
        return subprocess.Popen(argv, env=variables()), out


def settle(
    wanted: Sequence[Parent], labeller: Labeller, *, largest: int
) -> list[tuple[Parent, Atoms]]:
    """Bring every parent to its best volume and finish it; unbound and large ones are dropped."""
    trials = [_trials(parent) for parent in wanted]
    energy, _ = labeller([a for some in trials for a in some], TEACHERS["pbe"], forces=False)
    ends = np.cumsum([len(some) for some in trials])[:-1]
    kept = []
    for parent, some, values in zip(wanted, trials, np.split(energy, ends), strict=True):
        atoms = _best(some, values) if some else parent.atoms
        if atoms is not None:
            finished = parent.finish(atoms)
            if len(finished) <= largest:
                kept.append((parent, finished))
    print(f"{len(kept)} of {len(wanted)} parents settled", flush=True)
    return kept


def _trials(parent: Parent) -> list[Atoms]:
    """Return the crystal at each of the `SCALES`; nothing for a molecule."""
    if parent.kind == "molecule":
        return []
    crystal = scaled(parent.atoms, 1 / closeness_or_touch(parent.atoms))
    return [scaled(crystal, scale) for scale in SCALES]


def closeness_or_touch(atoms: Atoms) -> float:
    """Shortest distance over the sum of covalent radii, also where it exceeds 5 Å."""
    shrink = 1.0
    while not np.isfinite(found := closeness(scaled(atoms, shrink))):
        shrink /= 2
    return found / shrink


def _best(trials: Sequence[Atoms], energy: AnyFloatArray) -> Atoms | None:
    """Crystal at the minimum of a parabola through the lowest three; None if it is not bound."""
    i = int(np.argmin(energy))
    if i == len(trials) - 1:
        return None
    if i == 0:
        return trials[0]
    x = np.array(SCALES[i - 1 : i + 2])
    a, b, _ = np.polyfit(x, energy[i - 1 : i + 2], 2)
    return scaled(trials[i], float(np.clip(-b / (2 * a), x[0], x[2])) / SCALES[i])


def copies(
    settled: Sequence[tuple[Parent, Atoms]], rng: np.random.Generator, *, n: int
) -> list[Atoms]:
    """Rattled copies of every parent, crystals strained too: the first a little, others more."""
    frames = []
    for parent, atoms in settled:
        for i in range(n):
            largest = 0.15 if parent.kind == "molecule" else 0.25
            sigma = rng.uniform(0.03, 0.12) if i == 0 else rng.uniform(0.08, largest)
            copy = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
            if parent.kind == "inorganic":
                strain = rng.normal(0, 0.02, (3, 3))
                strain = (strain + strain.T) / 2 + np.eye(3) * (1 + rng.normal(0, 0.02))
                copy.set_cell(copy.cell.array @ strain, scale_atoms=True)
            copy.positions += rng.normal(0, sigma, copy.positions.shape)
            copy = tidy(copy)
            copy.info = {"kind": parent.kind, "parent": parent.name}
            frames.append(copy)
    return frames


def labelled(frames: Sequence[Atoms], labeller: Labeller) -> list[Atoms]:
    """Energies and forces at both levels; copies with too large a force are left out."""
    kept = list(frames)
    for level, teacher in TEACHERS.items():
        energy, forces = labeller(kept, teacher, forces=True)
        for atoms, e, f in zip(kept, energy, forces, strict=True):
            atoms.info[f"energy_{level}"] = round(float(e), 6)
            atoms.arrays[f"forces_{level}"] = np.round(f.astype(float), 6)
        kept = [a for a in kept if np.abs(a.arrays[f"forces_{level}"]).max() < LARGEST_FORCE]
        print(f"{level}: {len(kept)} structures kept", flush=True)
    return kept


def split(frames: Sequence[Atoms], rng: np.random.Generator) -> dict[str, list[Atoms]]:
    """Train and validation by parent; ``unseen`` marks chemical systems that train lacks."""
    parents = sorted({atoms.info["parent"] for atoms in frames})
    held_out = set(rng.permutation(parents)[: int(VALIDATION * len(parents))].tolist())
    parts: dict[str, list[Atoms]] = {"train": [], "validation": []}
    for i in rng.permutation(len(frames)):
        part = "validation" if frames[i].info["parent"] in held_out else "train"
        parts[part].append(frames[i])
    seen = {chemical_system(atoms) for atoms in parts["train"]}
    for atoms in frames:
        atoms.info["unseen"] = chemical_system(atoms) not in seen
    return parts


def chemical_system(atoms: Atoms) -> frozenset[str]:
    """Return the set of elements."""
    return frozenset(atoms.get_chemical_symbols())


if __name__ == "__main__":
    main()
