"""Stand-ins of UMA, made by fairchem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import hydra
import torch

from recipes.minis.uma_model import MAX_ELEMENTS, Recipe, model_config, save, tasks_config
from recipes.stand_ins.writing import main

#: UMA-S: configs/uma/training_release/backbone/K4L2.yaml of fairchem, cutoff and scale as in
#: uma_sm_conserve_finetune.yaml beside it; 32 experts.
PUBLISHED = Recipe(
    channels=128, edge_channels=128, layers=4, experts=32, basis=64, cutoff=6.0, lmax=2, mmax=2
)
SCALE = 1.423  # eV
SMALL = Recipe(channels=8, edge_channels=8, layers=2, experts=4, basis=8, cutoff=4.0)


def build(path: Path, tasks: Sequence[str], small: bool) -> None:
    """Write a UMA with these tasks."""
    config = model_config(SMALL if small else PUBLISHED, tasks)
    references = torch.randn(MAX_ELEMENTS).double().numpy() - 4  # eV
    energies = tasks_config(references, SCALE, tasks)
    model = hydra.utils.instantiate(config)
    model.setup_tasks(energies)
    save(model, path, config=config, tasks=energies, steps=0)


if __name__ == "__main__":
    main(build)
