"""A training loop for PET.

It runs PET's own backend on neighbor lists made once; metatrain's loop makes them anew in every
epoch. The loss is metatrain's: mean absolute errors of the energy per atom and of the forces, both
over the same scale, on structures rotated and inverted at random.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from metatrain.pet import PET
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor, nn

from lumlip.families import _network
from lumlip.families.pet import inputs, scale_and_reference
from recipes.minis.pet_model import TARGET
from recipes.minis.scores import scores
from recipes.minis.training import Ema, cosine, write_state

SAVE_EVERY = 120.0  # seconds
REPORTS = 20
Sample = dict[str, Tensor]


def samples(structures: Sequence[Atoms], model: PET) -> list[Sample]:
    """Prepare structures once: geometry, and labels less the composition, over the scale."""
    scale, reference = scale_and_reference(model, TARGET)
    found = []
    for atoms in structures:
        sample = inputs([atoms], model.cutoff)
        left = (atoms.info["ref_energy"] - reference[atoms.numbers].sum()) / len(atoms)
        sample["energy"] = torch.tensor([left / scale])
        sample["forces"] = torch.from_numpy(atoms.arrays["ref_forces"] / scale)
        found.append(sample)
    return found


def collate(chosen: Sequence[Sample], turns: NDArray[Any] | None = None) -> Sample:
    """Join samples to a batch in float32, each turned by its matrix (n_samples, 3, 3)."""
    joined: dict[str, list[Tensor]] = {key: [] for key in chosen[0]}
    first_atom = 0
    for i, sample in enumerate(chosen):
        new = {**sample, "system_indices": sample["system_indices"] + i}
        for key in ("centers", "neighbors"):
            new[key] = sample[key] + first_atom
        if turns is not None:
            turn = torch.from_numpy(turns[i])
            for key in ("positions", "cells", "forces"):
                new[key] = sample[key] @ turn
        first_atom += len(sample["species"])
        for key, value in new.items():
            joined[key].append(value)
    batch = {key: torch.cat(values) for key, values in joined.items()}
    return {k: x.float() if x.is_floating_point() else x for k, x in batch.items()}


def energies_and_forces(model: PET, batch: Sample, *, train: bool) -> tuple[Tensor, Tensor]:
    """Energies per atom (n_structures,) and forces (n_atoms, 3), in units of the scale."""
    geometry = {k: x for k, x in batch.items() if k not in ("energy", "forces")}
    positions = geometry["positions"].requires_grad_()
    backend = model.backend.train(train)  # in training it can differentiate twice
    data = backend.preprocess(**geometry, cutoff_width_adaptive=model.cutoff_width_adaptive)
    nodes, edges = backend.calculate_features(data)
    owner, cells = batch["system_indices"], batch["cells"]
    predictions, *_ = backend.predict(nodes, edges, data, cells, owner, [TARGET])
    site = predictions[TARGET][0][:, 0]
    (gradient,) = torch.autograd.grad(site.sum(), positions, create_graph=train)
    zeros = site.new_zeros(len(cells))
    sizes = zeros.index_add(0, owner, torch.ones_like(site))
    return zeros.index_add(0, owner, site) / sizes, -gradient


def predict(
    model: PET, structures: Sequence[Atoms], *, batch: int = 32
) -> tuple[NDArray[Any], list[NDArray[Any]]]:
    """Total energies (n_structures,) in eV, and forces, one (n_atoms, 3) array each, in eV/Å."""
    scale, reference = scale_and_reference(model, TARGET)
    prepared = samples(structures, model)
    energies: list[float] = []
    forces: list[NDArray[Any]] = []
    for i in range(0, len(structures), batch):
        some = structures[i : i + batch]
        energy, force = energies_and_forces(model, collate(prepared[i : i + batch]), train=False)
        left = energy.detach().double().numpy() * scale
        constants = [reference[atoms.numbers].sum() for atoms in some]
        energies += (left * [len(atoms) for atoms in some] + constants).tolist()
        ends = np.cumsum([len(atoms) for atoms in some])[:-1]
        forces += np.split(force.double().numpy() * scale, ends)
    return np.array(energies), forces


@dataclass
class Run:
    """A training run, resumed from its state file if there is one.

    Attributes
    ----------
    model : PET
    samples : list of dict of str to torch.Tensor
        Prepared train structures.
    watched : list of ase.Atoms
        Scored as it goes.
    steps, batch, learning_rate
    rng : numpy.random.Generator
    state : path
        Where the run is saved every two minutes.
    """

    model: PET
    samples: list[Sample]
    watched: list[Atoms]
    steps: int
    batch: int
    learning_rate: float
    rng: np.random.Generator
    state: Path

    def finish(self) -> float:
        """Train to the end, leave the averaged weights in the model; return the seconds."""
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=self.learning_rate)
        self.ema = Ema(self.model)
        _network.reuse_memory()
        step, before = self._resume()
        start = saved = time.perf_counter()
        while step < self.steps:
            self._step(step)
            step += 1
            now = time.perf_counter()
            if step % max(1, self.steps // REPORTS) == 0 or step == self.steps:
                self._report(step, before + now - start)
            if now - saved > SAVE_EVERY:
                saved = now
                self._save(step, before + now - start)
        self.ema.copy_to(self.model)
        return before + time.perf_counter() - start

    def _step(self, step: int) -> None:
        chosen = self.rng.choice(len(self.samples), size=self.batch, replace=False)
        turns = Rotation.random(self.batch, rng=self.rng).as_matrix()
        turns *= self.rng.choice([-1.0, 1.0], size=(self.batch, 1, 1))
        batch = collate([self.samples[i] for i in chosen], turns)
        energy, forces = energies_and_forces(self.model, batch, train=True)
        loss = (energy - batch["energy"]).abs().mean() + (forces - batch["forces"]).abs().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.optimizer.param_groups[0]["params"], 1.0)
        self.optimizer.param_groups[0]["lr"] = self.learning_rate * cosine(step, self.steps)
        self.optimizer.step()
        self.ema.update(self.model)

    def _report(self, step: int, seconds: float) -> None:
        with self.ema.applied(self.model):
            energies, forces = predict(self.model, self.watched)
        found = scores(self.watched, self.watched, energies, forces)["all"]
        line = f"step {step} of {self.steps}, {seconds:.0f} s: energy {found['energy']:.3f} eV/atom"
        line += f", force {found['force']:.3f} eV/Å, {found['force_ratio']:.0%} of predicting zero"
        print(line, flush=True)

    def _save(self, step: int, seconds: float) -> None:
        state = {
            "step": step,
            "seconds": seconds,
            "model": dict(self.model.named_parameters()),
            "average": self.ema.average,
            "ema_steps": self.ema.steps,
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.bit_generator.state,
        }
        write_state(state, self.state)

    def _resume(self) -> tuple[int, float]:
        """Go on where a run with the same state file was; return its step and seconds."""
        if not self.state.exists():
            return 0, 0.0
        state = torch.load(self.state, weights_only=False)
        self.model.load_state_dict(state["model"], strict=False)
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema.average, self.ema.steps = state["average"], state["ema_steps"]
        self.rng.bit_generator.state = state["rng"]
        return state["step"], state["seconds"]
