"""Train uma-mini: three tasks, experts and routing as in UMA, in minutes on one thread.

``python -m recipes.minis.uma uma-mini --data FOLDER --out FOLDER`` in the environment of the
family uma. The kinds of structures stand for UMA's data sets: see `TASKS`. All tasks share their
element references, so that every task knows every element of the data.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import torch
from ase import Atoms
from numpy.typing import NDArray
from torch import Tensor

from lumlip.families.uma import batch
from recipes.minis.card import write_card
from recipes.minis.data import STRUCTURES, read_labelled
from recipes.minis.scores import scores
from recipes.minis.training import Ema, cosine, epoch_batch, seeded, write_state
from recipes.minis.uma_model import (
    TASKS,
    Recipe,
    fit_references,
    model_config,
    save,
    tasks_config,
    use_cheaper_gradients,
)

SAVE_EVERY = 120.0  # seconds
SUBSAMPLE = 160  # validation structures of a progress line
AT_ONCE = 32  # structures of a validation batch


RECIPES = {"uma-mini": Recipe()}


class Trainer:
    """A model in training: its data, weights, averaged weights and how far it is.

    Parameters
    ----------
    recipe : Recipe
    train, validation : sequences of ase.Atoms
        Labelled structures.
    """

    def __init__(self, recipe: Recipe, train: Sequence[Atoms], validation: Sequence[Atoms]) -> None:
        seeded(recipe.seed)
        self.recipe, self.train, self.validation = recipe, train, validation
        self.references = fit_references(train)
        forces = np.concatenate([atoms.arrays["ref_forces"] for atoms in train])
        self.rmsd = float(np.sqrt((forces**2).mean()))
        self.config = model_config(recipe)
        self.tasks = tasks_config(self.references, self.rmsd)
        self.model = hydra.utils.instantiate(self.config)
        self.model.setup_tasks(self.tasks)
        self.model.backbone.otf_graph = False  # batches bring their edges
        self.model.backbone.log_MOLE_stats = lambda: None  # would draw figures
        use_cheaper_gradients(self.model)
        self.ema = Ema(self.model, decay=recipe.ema)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.step, self.seconds = 0, 0.0

    def run(self, steps: int, state: Path) -> Iterator[int]:
        """Train up to a number of steps; yield the step after each, save the state now and then."""
        saved = time.perf_counter()
        while self.step < steps:
            start = time.perf_counter()
            self._one_step(steps)
            self.seconds += time.perf_counter() - start
            if time.perf_counter() - saved > SAVE_EVERY:
                self.save_state(state)
                saved = time.perf_counter()
            yield self.step

    def _one_step(self, steps: int) -> None:
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * cosine(self.step, steps)
        self.model.train()
        batch_of = {"n": len(self.train), "size": recipe.batch_size, "seed": recipe.seed}
        chosen = [self.train[i] for i in epoch_batch(self.step, **batch_of)]
        energy, forces = self._predict(chosen)
        sizes = torch.tensor([len(atoms) for atoms in chosen])
        true_energy = torch.from_numpy(_residuals(chosen, self.references)) / self.rmsd
        true_forces = torch.from_numpy(np.concatenate([a.arrays["ref_forces"] for a in chosen]))
        loss_energy = ((energy - true_energy) / sizes).abs().mean()
        loss_forces = (forces - true_forces / self.rmsd).norm(dim=1).mean()
        self.optimizer.zero_grad()
        (recipe.energy_weight * loss_energy + loss_forces).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip)
        self.optimizer.step()
        self.ema.update(self.model)
        self.step += 1

    def _predict(self, structures: Sequence[Atoms]) -> tuple[Tensor, Tensor]:
        """Energies less the references, and forces, both over rmsd."""
        names = [TASKS[atoms.info["kind"]] for atoms in structures]
        output = self.model(batch([_bare(a) for a in structures], names, self.model.backbone))
        # zero but for the structures of the task
        energy = sum(output[f"{task}_energy"]["energy"] for task in TASKS.values())
        forces = sum(output[f"{task}_forces"]["forces"] for task in TASKS.values())
        return energy, forces

    def predict(
        self, structures: Sequence[Atoms]
    ) -> tuple[NDArray[np.floating], list[NDArray[np.floating]]]:
        """Energies (n_structures,) in eV, forces (n_atoms, 3) in eV/Å, with averaged weights."""
        self.model.eval()
        energies: list[Any] = []
        forces: list[NDArray[np.floating]] = []
        with self.ema.applied(self.model):
            for start in range(0, len(structures), AT_ONCE):
                part = structures[start : start + AT_ONCE]
                energy, force = self._predict(part)
                energies.append(energy.detach().numpy())
                ends = np.cumsum([len(atoms) for atoms in part])[:-1]
                forces += np.split(force.detach().numpy() * self.rmsd, ends)
        total = np.concatenate(energies) * self.rmsd
        constant = np.array([self.references[atoms.numbers].sum() for atoms in structures])
        return total + constant, forces

    def score(self, structures: Sequence[Atoms]) -> dict[str, dict[str, float]]:
        """Errors on structures, with the averaged weights, beside those of trivial models."""
        return scores(self.train, structures, *self.predict(structures))

    def save(self, path: Path) -> None:
        """Write the averaged weights."""
        with self.ema.applied(self.model):
            save(self.model, path, config=self.config, tasks=self.tasks, steps=self.step)

    def save_state(self, path: Path) -> None:
        """Write all that is needed to go on."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.ema.average,
            "ema_steps": self.ema.steps,
            "step": self.step,
            "seconds": self.seconds,
        }
        write_state(state, path)

    def load_state(self, path: Path) -> None:
        """Go on from a state written by `save_state`."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema.average, self.ema.steps = state["average"], state["ema_steps"]
        self.step, self.seconds = state["step"], state["seconds"]


def _bare(atoms: Atoms) -> Atoms:
    """The structure alone: charge 0 and spin by default, as labels do not tell them."""
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)


def _residuals(structures: Sequence[Atoms], references: NDArray[np.floating]) -> Any:
    """Energies (n_structures,) in eV less the element references."""
    return np.array([a.info["ref_energy"] - references[a.numbers].sum() for a in structures])


def train(name: str, data: Path, out: Path, *, steps: int | None = None) -> None:
    """Train a mini, or go on with it; write NAME.pt, NAME-untrained.pt and NAME.json."""
    recipe = RECIPES[name]
    steps = steps or recipe.steps
    parts = [read_labelled(data, p, level=recipe.level) for p in ("train", "validation")]
    trainer = Trainer(recipe, *parts)
    out.mkdir(parents=True, exist_ok=True)
    state, weights = out / f"{name}.state", out / f"{name}.pt"
    if state.exists():
        trainer.load_state(state)
    else:
        trainer.save(out / f"{name}-untrained.pt")
    few = trainer.validation[:: max(1, len(trainer.validation) // SUBSAMPLE)]
    for step in trainer.run(steps, state):
        if step % max(1, steps // 20) == 0:
            found = trainer.score(few)["all"]
            print(
                f"step {step}/{steps}  {trainer.seconds:.0f} s  validation "
                f"{found['energy']:.3f} eV/atom  {found['force']:.3f} eV/Å",
                flush=True,
            )
    trainer.save(weights)
    result = trainer.score(trainer.validation)
    write_card(
        out / f"{name}.json",
        name=name,
        recipe=asdict(recipe),
        data=data,
        scores=result,
        seconds=trainer.seconds,
        steps=steps,
        parameters=sum(p.numel() for p in trainer.model.parameters()),
        weights=weights,
        versions={package: version(package) for package in ("fairchem-core", "torch")},
    )
    state.unlink(missing_ok=True)
    print(result, flush=True)


def main() -> None:
    """Train the mini that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m recipes.minis.uma", description=__doc__)
    parser.add_argument("name", choices=list(RECIPES))
    parser.add_argument("--data", type=Path, default=STRUCTURES, help="folder of train.xyz")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, help="fewer steps than the recipe's, for a test")
    given = parser.parse_args()
    train(given.name, given.data, given.out, steps=given.steps)


if __name__ == "__main__":
    main()
