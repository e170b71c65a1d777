"""The training loop of the MACE minis: graphs made once and kept, energies and forces, EMA."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from ase import Atoms
from mace.modules import ScaleShiftMACE
from torch import Tensor, nn

from lumlip.families import base
from lumlip.families.mace import inputs
from recipes.minis.training import Ema, cosine, epoch_batch, write_state

HUBER = 0.05  # eV per atom, and eV/Å: where the loss turns from square to linear
EVALUATED = 16  # structures in one forward pass of an evaluation
SAVE_EVERY = 120.0  # s between two states of a run


class Labelled:
    """Structures with labels as MACE wants them; their pairs are listed once, here.

    Parameters
    ----------
    structures : sequence of ase.Atoms
        As :func:`recipes.minis.data.read_labelled` returns them.
    model : ScaleShiftMACE
        With one head.
    """

    def __init__(self, structures: Sequence[Atoms], model: ScaleShiftMACE) -> None:
        self.numbers = model.atomic_numbers.numpy()
        self.graphs = [_lean(base.neighbors([a], float(model.r_max))) for a in structures]
        self.energy = torch.tensor([a.info["ref_energy"] for a in structures], dtype=torch.float32)
        self.forces = [torch.tensor(a.arrays["ref_forces"]).float() for a in structures]

    def __len__(self) -> int:
        return len(self.graphs)

    def batch(self, chosen: Iterable[int]) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Input of the model, energies (n_structures,) in eV and forces (n_atoms, 3) in eV/Å."""
        chosen = list(chosen)
        graph = _joined([self.graphs[i] for i in chosen])
        data = inputs(graph, self.numbers, head=0, dtype=torch.float32)
        return data, self.energy[chosen], torch.cat([self.forces[i] for i in chosen])


def _lean(graph: base.Neighbors) -> base.Neighbors:
    """Drop what MACE does not read."""
    none = np.empty((0, 3), dtype=np.int64)
    return base.Neighbors(
        graph.numbers,
        graph.structure,
        graph.first,
        graph.second,
        graph.vector.astype(np.float32),
        none,
    )


def _joined(graphs: Sequence[base.Neighbors]) -> base.Neighbors:
    """One graph of several structures, each given as the graph of one."""
    sizes = np.array([len(graph.numbers) for graph in graphs])
    starts = np.cumsum(sizes) - sizes
    return base.Neighbors(
        numbers=np.concatenate([graph.numbers for graph in graphs]),
        structure=np.repeat(np.arange(len(graphs)), sizes),
        first=np.concatenate([g.first + s for g, s in zip(graphs, starts, strict=True)]),
        second=np.concatenate([g.second + s for g, s in zip(graphs, starts, strict=True)]),
        vector=np.concatenate([graph.vector for graph in graphs]),
        image=graphs[0].image,
    )


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train."""

    steps: int
    batch: int
    learning_rate: float
    seed: int


class Run:
    """One training run that can be stopped at any time and taken up again.

    Parameters
    ----------
    model : torch.nn.Module
        Parameters that do not require gradients stay as they are.
    train, validation : Labelled
    schedule : Schedule
    state : path
        Where the run keeps its state; read if it exists.
    """

    def __init__(
        self,
        model: ScaleShiftMACE,
        train: Labelled,
        validation: Labelled,
        *,
        schedule: Schedule,
        state: Path,
    ) -> None:
        self.model, self.train, self.validation = model, train, validation
        self.schedule, self.state = schedule, state
        self.trained = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(self.trained, lr=schedule.learning_rate, amsgrad=True)
        self.ema = Ema(model)
        self.step, self.seconds = 0, 0.0
        if state.exists():
            self._resume()

    def fit(self) -> None:
        """Train to the end; the model then has the averaged weights."""
        steps, started, saved = (
            self.schedule.steps,
            time.monotonic() - self.seconds,
            time.monotonic(),
        )
        while self.step < steps:
            self._update()
            self.step += 1
            self.seconds = time.monotonic() - started
            if self.step % max(1, steps // 20) == 0:
                self._report()
            if time.monotonic() - saved > SAVE_EVERY:
                self._save()
                saved = time.monotonic()
        self.ema.copy_to(self.model)

    def _update(self) -> None:
        """One step of the optimizer."""
        schedule = self.schedule
        factor = cosine(self.step, schedule.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = schedule.learning_rate * factor
        chosen = epoch_batch(self.step, n=len(self.train), size=schedule.batch, seed=schedule.seed)
        data, energy, forces = self.train.batch(chosen)
        self.optimizer.zero_grad(set_to_none=True)
        found = self.model(data, training=True, compute_force=True)
        loss = _loss((found["energy"] - energy) / data["ptr"].diff())
        loss = loss + _loss(found["forces"] - forces)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.trained, 10.0)
        self.optimizer.step()
        self.ema.update(self.model)

    def _report(self) -> None:
        some = np.linspace(0, len(self.validation) - 1, min(100, len(self.validation)), dtype=int)
        with self.ema.applied(self.model):
            energy, force = errors(self.model, self.validation, some.tolist())
        print(
            f"step {self.step}/{self.schedule.steps}, {self.seconds:.0f} s: "
            f"energy {energy:.3f} eV/atom, forces {force:.3f} eV/Å",
            flush=True,
        )

    def _save(self) -> None:
        kept = {
            "schedule": vars(self.schedule),
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.ema.average,
        }
        write_state(kept, self.state)

    def _resume(self) -> None:
        kept = torch.load(self.state, weights_only=True)
        if kept["schedule"] != vars(self.schedule):
            raise ValueError(f"{self.state} belongs to another schedule: {kept['schedule']}")
        self.model.load_state_dict(kept["model"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.ema.average, self.ema.steps = kept["average"], kept["step"]
        self.step, self.seconds = kept["step"], kept["seconds"]
        print(f"going on at step {self.step}", flush=True)


def _loss(error: Tensor) -> Tensor:
    huber = nn.functional.huber_loss(error, torch.zeros_like(error), delta=HUBER)
    return huber / HUBER


def predict(
    model: ScaleShiftMACE, labelled: Labelled, chosen: Sequence[int]
) -> tuple[base.FloatArray, list[base.FloatArray]]:
    """Energies (n_structures,) in eV, and forces (n_atoms, 3) in eV/Å of each structure."""
    energies, forces = [], []
    for start in range(0, len(chosen), EVALUATED):
        data, _, _ = labelled.batch(chosen[start : start + EVALUATED])
        found = model(data, training=False, compute_force=True)
        energies.append(found["energy"].detach().double().numpy())
        sizes = data["ptr"].diff().tolist()
        forces += [f.numpy() for f in found["forces"].detach().split(sizes)]
    return np.concatenate(energies), forces


def errors(model: ScaleShiftMACE, labelled: Labelled, chosen: Sequence[int]) -> tuple[float, float]:
    """Mean absolute errors of energies (eV per atom) and of force components (eV/Å)."""
    energies, forces = predict(model, labelled, chosen)
    n_atoms = np.array([len(f) for f in forces])
    energy = np.abs((energies - labelled.energy[list(chosen)].numpy()) / n_atoms).mean()
    true = np.concatenate([labelled.forces[i].numpy() for i in chosen])
    return float(energy), float(np.abs(np.concatenate(forces) - true).mean())
