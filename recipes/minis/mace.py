"""Train the small MACE models: ``python -m recipes.minis.mace NAME --data FOLDER --out FOLDER``.

All have the same architecture as the published ones, with fewer channels, lower body order and a
shorter cutoff. Fine-tuning starts from ``mace-mini`` in the same folder, in our own loop: mace's
own command drops the elements that the new data lack. "New head" means readouts, reference
energies and scale made anew; "heads only" means that nothing but the readouts is trained.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from ase import Atoms
from mace.modules import ScaleShiftMACE

from recipes.minis.card import write_card
from recipes.minis.data import KINDS, STRUCTURES, Level, Part, read_labelled
from recipes.minis.mace_model import give_new_head, new_model
from recipes.minis.mace_training import Labelled, Run, Schedule, predict
from recipes.minis.scores import scores
from recipes.minis.training import SEEDS, seeded, shorter_trainings

PACKAGES = ("mace-torch", "e3nn", "torch", "numpy", "ase")
PARTS: tuple[Part, ...] = ("train", "validation")


@dataclass(frozen=True)
class Recipe:
    """How a mini is made.

    Attributes
    ----------
    start : str or None
        The mini to fine-tune, None to train from random weights.
    new_head : bool
        Of fine-tuning: begin with a new head.
    heads_only : bool
        Of fine-tuning: leave the backbone as it is.
    untrained : bool
        Keep the model before the first step, too.
    """

    seed: int = 0
    level: Level = "pbe"
    kinds: tuple[str, ...] = KINDS
    dataset: Literal["general", "lps"] = "general"
    channels: int = 32
    steps: int = 9000
    batch: int = 12
    learning_rate: float = 8e-3
    start: str | None = None
    new_head: bool = False
    heads_only: bool = False
    untrained: bool = False


LPS = Recipe(dataset="lps", steps=1500, batch=8, learning_rate=2e-3, start="mace-mini")
RECIPES = {
    "mace-mini": Recipe(untrained=True),
    **{f"mace-mini-seed{seed}": Recipe(seed=seed) for seed in SEEDS},
    **shorter_trainings("mace-mini", Recipe()),
    "mace-mini-r2scan": Recipe(level="r2scan"),
    "mace-mini-inorganic": Recipe(kinds=("inorganic", "surface")),
    "mace-mini-organic": Recipe(kinds=("molecule",)),
    "mace-mini-half": Recipe(channels=16),
    "mace-mini-double": Recipe(channels=64),
    "mace-mini-lps-ff": LPS,
    "mace-mini-lps-hf": replace(LPS, heads_only=True, learning_rate=8e-3),
    "mace-mini-lps-ftl": replace(LPS, new_head=True),
    "mace-mini-lps-htl": replace(LPS, new_head=True, heads_only=True, learning_rate=8e-3),
    "mace-mini-lps-bespoke": replace(LPS, start=None, learning_rate=8e-3),
    # Each at the other's learning rate: what of their distance is the rate's?
    "mace-mini-lps-ff-high-rate": replace(LPS, learning_rate=8e-3),
    "mace-mini-lps-bespoke-low-rate": replace(LPS, start=None),
}


def beginning(recipe: Recipe, train: Sequence[Atoms], *, data: Path, out: Path) -> ScaleShiftMACE:
    """Return the model before its first step."""
    if recipe.start is None:
        # A model made for the LPS set alone still accepts what the others do.
        seen = train if recipe.dataset == "general" else read_labelled(data, "train")
        elements = sorted({z for atoms in seen for z in atoms.numbers.tolist()})
        return new_model(elements, train, channels=recipe.channels)
    path = out / f"{recipe.start}.model"
    if not path.exists():
        raise ValueError(f"fine-tuning starts from {path}: train {recipe.start} first")
    model: ScaleShiftMACE = torch.load(path, weights_only=False)
    if recipe.new_head:
        give_new_head(model, train)
    if recipe.heads_only:
        model.requires_grad_(False)
        model.readouts.requires_grad_(True)
    return model


def save(model: ScaleShiftMACE, path: Path) -> None:
    """Write a model as mace's own trainer does: the whole module, on the CPU."""
    model.zero_grad(set_to_none=True)
    model.eval().requires_grad_(True)
    torch.save(model, path)


def train(name: str, recipe: Recipe, *, data: Path, out: Path) -> dict[str, Any]:
    """Train one mini; write its model, its card, and what the recipe wants kept."""
    seeded(recipe.seed)
    parts = [
        read_labelled(data, part, level=recipe.level, kinds=recipe.kinds, dataset=recipe.dataset)
        for part in PARTS
    ]
    model = beginning(recipe, parts[0], data=data, out=out)
    if recipe.untrained:
        save(model, out / f"{name}-untrained.model")
    schedule = Schedule(recipe.steps, recipe.batch, recipe.learning_rate, recipe.seed)
    seen, held_out = (Labelled(part, model) for part in parts)
    state = out / f"{name}.state"
    run = Run(model, seen, held_out, schedule=schedule, state=state)
    run.fit()
    energies, forces = predict(model, held_out, range(len(held_out)))
    found = scores(parts[0], parts[1], energies, forces)
    save(model, out / f"{name}.model")
    write_card(
        out / f"{name}.json",
        name=name,
        recipe={"family": "mace", **asdict(recipe)},
        data=data,
        scores=found,
        seconds=run.seconds,
        steps=recipe.steps,
        parameters=sum(p.numel() for p in model.parameters()),
        weights=out / f"{name}.model",
        versions={package: version(package) for package in PACKAGES},
    )
    state.unlink(missing_ok=True)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the mini that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m recipes.minis.mace", description=__doc__)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument(
        "--data", type=Path, default=STRUCTURES, help="folder of train.xyz and so on"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its card")
    parser.add_argument("--steps", type=int, help="fewer steps than the recipe has")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    recipe = RECIPES[given.name]
    recipe = replace(recipe, steps=given.steps) if given.steps else recipe
    for part, values in train(given.name, recipe, data=given.data, out=given.out).items():
        ratios = f"energy {values['energy_ratio']:.0%}, forces {values['force_ratio']:.0%}"
        print(f"{given.name} on {part}: {ratios} of the baselines", flush=True)


if __name__ == "__main__":
    main()
