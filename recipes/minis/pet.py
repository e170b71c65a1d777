"""Train the minis of PET, in PET's environment.

``python -m recipes.minis.pet NAME --data DATA --out OUT``. Fine-tuning on LPS starts from
OUT/pet-mini.ckpt. All files are checkpoints of metatrain, without the state of an optimizer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ase import Atoms
from metatrain.pet import PET

from recipes.minis import pet_model as models
from recipes.minis import pet_training as training
from recipes.minis.card import write_card
from recipes.minis.data import STRUCTURES, read_labelled
from recipes.minis.scores import scores
from recipes.minis.training import SEEDS, seeded, shorter_trainings

BASE = "pet-mini"
WATCHED = 200  # validation structures that are scored while it trains


@dataclass(frozen=True)
class Recipe:
    """How a mini is trained.

    Attributes
    ----------
    seed, level, dataset
        See :func:`recipes.minis.data.read_labelled`.
    steps, batch, learning_rate
        Of the training.
    start : str or None
        The mini that a fine-tuning starts from.
    new_head : bool
        Start with fresh heads, and fit composition and scale again.
    heads_only : bool
        Train the heads and last layers only.
    """

    seed: int = 1
    level: Literal["pbe", "r2scan"] = "pbe"
    dataset: Literal["general", "lps"] = "general"
    steps: int = 7000
    batch: int = 16
    learning_rate: float = 1e-3
    start: str | None = None
    new_head: bool = False
    heads_only: bool = False


_LPS = Recipe(dataset="lps", steps=1200, start=BASE, learning_rate=3e-4)
RECIPES = {
    BASE: Recipe(),
    **{f"pet-mini-seed{seed}": Recipe(seed=seed) for seed in SEEDS},
    **shorter_trainings(BASE, Recipe()),
    "pet-mini-lps-ff": _LPS,
    "pet-mini-lps-hf": replace(_LPS, heads_only=True),
    "pet-mini-lps-ftl": replace(_LPS, new_head=True),
    "pet-mini-lps-htl": replace(_LPS, new_head=True, heads_only=True, learning_rate=1e-3),
    "pet-mini-lps-bespoke": replace(_LPS, start=None, learning_rate=1e-3),
}


def train(name: str, data: Path, out: Path, *, steps: int | None = None) -> dict[str, Any]:
    """Train a mini and write its files: the weights, the card, and the untrained twin of a base.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    data, out : path
        Folders of the labelled structures and of the minis.
    steps : int, optional
        Other than the recipe's.

    Returns
    -------
    dict
        The scores.
    """
    recipe = RECIPES[name] if steps is None else replace(RECIPES[name], steps=steps)
    rng = seeded(recipe.seed)
    start = time.perf_counter()
    sets = {
        part: read_labelled(data, part, level=recipe.level, dataset=recipe.dataset)
        for part in ("train", "validation")
    }
    model = _model(recipe, sets["train"], data, out)
    if name == BASE:
        models.save(model, out / f"{name}-untrained.ckpt")
    run = training.Run(
        model=model,
        samples=training.samples(sets["train"], model),
        watched=_some(sets["validation"], WATCHED),
        steps=recipe.steps,
        batch=recipe.batch,
        learning_rate=recipe.learning_rate,
        rng=rng,
        state=out / f"{name}.state",
    )
    seconds = run.finish()
    energies, forces = training.predict(model, sets["validation"])
    found = scores(sets["train"], sets["validation"], energies, forces)
    models.save(model, out / f"{name}.ckpt")
    write_card(
        out / f"{name}.json",
        name=name,
        recipe={"family": "pet", **asdict(recipe), "model": models.SIZES},
        data=data,
        scores=found,
        seconds=seconds,
        steps=recipe.steps,
        parameters=sum(p.numel() for p in model.parameters()),
        weights=out / f"{name}.ckpt",
        versions={p: version(p) for p in ("upet", "metatrain", "metatomic-torch", "torch")},
    )
    run.state.unlink(missing_ok=True)
    print(f"{name}: {time.perf_counter() - start:.0f} s", found, flush=True)
    return found


def _model(recipe: Recipe, structures: Sequence[Atoms], data: Path, out: Path) -> PET:
    """Build or load the model that the training starts from."""
    if recipe.start is not None:
        model = models.load(out / f"{recipe.start}.ckpt")
        if recipe.new_head:
            models.renew_head(model)
            models.fit_composition(model, structures)
    else:
        general = read_labelled(data, "train", level=recipe.level)
        model = models.build(sorted({z for a in general for z in a.numbers.tolist()}))
        models.fit_composition(model, structures)
    model.requires_grad_(not recipe.heads_only)
    for parameter in models.head_parameters(model):
        parameter.requires_grad_(True)
    return model


def _some(structures: Sequence[Atoms], n: int) -> list[Atoms]:
    """Return n structures, evenly spaced; all if there are fewer."""
    chosen = np.unique(np.linspace(0, len(structures) - 1, n).astype(int))
    return [structures[i] for i in chosen]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.minis.pet", description=__doc__)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--data", type=Path, default=STRUCTURES)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    train(given.name, given.data, given.out, steps=given.steps)


if __name__ == "__main__":
    main()
