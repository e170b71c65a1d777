"""Train ``dpa-mini``: one DPA-3 descriptor, and a fitting network for each of three branches.

``python -m recipes.minis.dpa dpa-mini --data DATA --out OUT`` runs in DPA's environment and leaves
``OUT/dpa-mini.pt`` (DeePMD-kit's multi-task file), its card ``OUT/dpa-mini.json`` and the untrained
twin ``OUT/dpa-mini-untrained.pt``. A run that was stopped goes on from ``OUT/dpa-mini.state``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from torch import Tensor

from recipes.minis.card import write_card
from recipes.minis.data import KINDS, STRUCTURES, read_labelled
from recipes.minis.dpa_model import BRANCHES, Graph, Mini, collate, graphs_of, save
from recipes.minis.scores import scores
from recipes.minis.training import Ema, cosine, epoch_batch, seeded, write_state

SAVE_SECONDS = 120
WATCHED = 160  # validation structures that the progress lines are about


@dataclass(frozen=True)
class Recipe:
    """Settings of a run; lengths in Å."""

    family: str = "dpa"
    seed: int = 1
    level: tuple[str, ...] = ("pbe", "r2scan")
    branches: tuple[str, ...] = BRANCHES
    n_dim: int = 48
    e_dim: int = 24
    a_dim: int = 12
    layers: int = 3
    residual: float = 0.3
    sequential: bool = False
    cutoff: float = 4.5
    angle_cutoff: float = 3.2
    e_sel: int = 200
    a_sel: int = 80
    neurons: tuple[int, ...] = (48, 48, 48)
    steps: int = 11000
    batch: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    energy_weight: float = 1.0
    force_weight: float = 1.0
    ema: float = 0.995
    largest_gradient: float = 5.0


RECIPES = {"dpa-mini": Recipe()}


@dataclass(frozen=True)
class Labels:
    """Labels of a batch at both levels of theory, PBE first.

    Attributes
    ----------
    energy : Tensor of shape (n_structures, 2)
        In eV.
    forces : Tensor of shape (n_atoms, 3, 2)
        In eV/Å.
    """

    energy: Tensor
    forces: Tensor


class Data:
    """Structures with the labels of both levels, and their graphs, made once."""

    def __init__(self, folder: Path, part: Any, recipe: Recipe, type_map: list[str] | None) -> None:
        self.levels: list[list[Atoms]] = [
            read_labelled(folder, part, level=level) for level in ("pbe", "r2scan")
        ]
        self.structures = self.levels[0]
        self.type_map = type_map or sorted(
            {s for atoms in self.structures for s in atoms.get_chemical_symbols()}
        )
        self.graphs = graphs_of(self.structures, self.type_map, recipe.cutoff, recipe.angle_cutoff)

    def labels(self, chosen: Sequence[int]) -> Labels:
        """Labels of some structures."""
        energy = [[level[i].info["ref_energy"] for level in self.levels] for i in chosen]
        forces = [
            np.concatenate([level[i].arrays["ref_forces"] for i in chosen]) for level in self.levels
        ]
        return Labels(torch.tensor(energy), torch.tensor(np.stack(forces, -1), dtype=torch.float32))

    def of_branch(self, branch: str) -> tuple[list[Atoms], list[int]]:
        """Structures with the labels of a branch, and their indices."""
        level = self.levels[int(branch == "r2scan")]
        kinds = {"molecules": ("molecule",), "inorganic": ("inorganic", "surface")}.get(
            branch, KINDS
        )
        chosen = [i for i, atoms in enumerate(level) if atoms.info["kind"] in kinds]
        return [level[i] for i in chosen], chosen


def loss(mini: Mini, graph: Graph, labels: Labels, recipe: Recipe, level: Tensor) -> Tensor:
    """Error of a batch: energies at both levels, forces at the ``level`` (n_structures,) drawn.

    The levels share the descriptor, so the second energy costs nothing; a second set of forces
    would double the time of a step.
    """
    energy, forces = mini.predict(graph, level, training=True)
    size = torch.bincount(graph.structure)[:, None]
    wrong_energy = ((energy - labels.energy) / size).abs().mean()
    wanted = labels.forces.gather(2, level[graph.structure][:, None, None].expand(-1, 3, 1))
    wrong_forces = torch.linalg.vector_norm(forces - wanted.squeeze(2), dim=1).mean()
    total: Tensor = recipe.energy_weight * wrong_energy + recipe.force_weight * wrong_forces
    return total


def predict(mini: Mini, data: Data, chosen: Sequence[int], level: int) -> tuple[Any, list[Any]]:
    """Energies (n,) in eV and forces, one (n_atoms, 3) array each, of some structures."""
    energies, forces = [], []
    for start in range(0, len(chosen), 32):
        part = chosen[start : start + 32]
        graph = collate([data.graphs[i] for i in part])
        energy, force = mini.predict(graph, torch.full((len(part),), level), training=False)
        energies.append(energy[:, level].numpy())
        ends = np.cumsum([len(data.structures[i]) for i in part])[:-1]
        forces += np.split(force.numpy(), ends)
    return np.concatenate(energies), forces


def validate(mini: Mini, train: Data, data: Data, most: int | None = None) -> dict[str, Any]:
    """Scores of every branch, on all structures or on some."""
    found = {}
    for branch in BRANCHES:
        labelled, chosen = data.of_branch(branch)
        step = max(1, len(chosen) // most) if most else 1
        labelled, chosen = labelled[::step], chosen[::step]
        if labelled:
            energies, forces = predict(mini, data, chosen, int(branch == "r2scan"))
            found[branch] = scores(train.of_branch(branch)[0], labelled, energies, forces)
    return found


class Run:
    """A training run: model, optimizer, averaged weights, and where it stands."""

    def __init__(self, name: str, recipe: Recipe, folder: Path, out: Path) -> None:
        self.name, self.recipe, self.out = name, recipe, out
        seeded(recipe.seed)
        self.train = Data(folder, "train", recipe, None)
        self.validation = Data(folder, "validation", recipe, self.train.type_map)
        self.mini = Mini(recipe, self.train.type_map)
        self.mini.set_reference({b: self.train.of_branch(b)[0] for b in BRANCHES})
        self.optimizer = torch.optim.AdamW(
            self.mini.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.ema = Ema(self.mini, decay=recipe.ema)
        self.step, self.seconds = 0, 0.0

    def go(self) -> None:
        """Train to the end."""
        steps = self.recipe.steps
        begun = saved = time.perf_counter()
        before = self.seconds
        while self.step < steps:
            self._step()
            now = time.perf_counter()
            self.seconds = before + now - begun
            if self.step % max(1, steps // 20) == 0:
                self._tell()
            if now - saved > SAVE_SECONDS:
                self._save_state()
                saved = now

    def _step(self) -> None:
        recipe = self.recipe
        n = len(self.train.structures)
        chosen = epoch_batch(self.step, n=n, size=recipe.batch, seed=recipe.seed)
        graph, labels = collate([self.train.graphs[i] for i in chosen]), self.train.labels(chosen)
        rng = np.random.default_rng([recipe.seed, self.step])  # the same after a stop
        level = torch.from_numpy(rng.integers(0, 2, size=len(chosen)))
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * cosine(self.step, recipe.steps)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss(self.mini, graph, labels, recipe, level))
        torch.nn.utils.clip_grad_norm_(self.mini.parameters(), recipe.largest_gradient)
        self.optimizer.step()
        self.ema.update(self.mini)
        self.step += 1

    def _tell(self) -> None:
        with self.ema.applied(self.mini):
            found = validate(self.mini, self.train, self.validation, WATCHED)
        errors = "; ".join(
            f"{branch} E {s['all']['energy']:.3f} ({s['all']['energy_ratio']:.0%}) "
            f"F {s['all']['force']:.3f} ({s['all']['force_ratio']:.0%})"
            for branch, s in found.items()
        )
        print(f"step {self.step} {self.seconds:.0f} s: {errors}", flush=True)

    def _save_state(self) -> None:
        state = {
            "weights": self.mini.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": (self.ema.average, self.ema.steps),
            "at": (self.step, self.seconds),
        }
        write_state(state, self.out / f"{self.name}.state")

    def resume(self) -> None:
        """Go on from the state of a run that was stopped, if there is one."""
        path = self.out / f"{self.name}.state"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.mini.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema.average, self.ema.steps = state["ema"]
        self.step, self.seconds = state["at"]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--data", type=Path, default=STRUCTURES)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    settings = asdict(RECIPES[given.name])
    recipe = Recipe(**settings | ({"steps": given.steps} if given.steps else {}))
    given.out.mkdir(parents=True, exist_ok=True)
    run = Run(given.name, recipe, given.data, given.out)
    save(run.mini, given.out / f"{given.name}-untrained.pt", step=0)
    run.resume()
    run.go()
    finish(run, given.data)


def finish(run: Run, data: Path) -> None:
    """Write the averaged weights and the card."""
    run.ema.copy_to(run.mini)
    weights = run.out / f"{run.name}.pt"
    save(run.mini, weights, step=run.step)
    found = validate(run.mini, run.train, run.validation)
    write_card(
        run.out / f"{run.name}.json",
        name=run.name,
        recipe=asdict(run.recipe),
        data=data,
        scores=found,
        seconds=run.seconds,
        steps=run.step,
        parameters=sum(p.numel() for p in run.mini.parameters()),
        weights=weights,
        versions={p: version(p) for p in ("deepmd-kit", "torch", "numpy", "ase")},
    )
    print(found, flush=True)
    (run.out / f"{run.name}.state").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
