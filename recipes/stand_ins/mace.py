"""Stand-ins of MACE: the network that mace's own training program makes, before its first step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from mace.tools import AtomicNumberTable, build_default_arg_parser
from mace.tools.model_script_utils import configure_model

from recipes.stand_ins.writing import main

ELEMENTS = [*range(1, 84), *range(89, 95)]
#: The medium models since 0b2, as in mace_omat/mace-omat-medium.sh of ACEsuit/mace-foundations.
PUBLISHED = {
    "interaction_first": "RealAgnosticDensityInteractionBlock",
    "interaction": "RealAgnosticDensityResidualInteractionBlock",
    "hidden_irreps": "128x0e + 128x1o",
    "r_max": 6.0,
    "distance_transform": "Agnesi",
}
SMALL = {"hidden_irreps": "8x0e + 8x1o", "max_ell": 2, "correlation": 2, "r_max": 4.0}
#: What the program measures on its training data.
DATA = {"name": "stand-in", "mean": 0.0, "std": 1.0, "avg_num_neighbors": 60.0}


def build(path: Path, tasks: Sequence[str], small: bool) -> None:
    """Write a MACE with a head for each task."""
    heads = list(tasks) or ["Default"]
    settings = PUBLISHED | DATA | (SMALL if small else {})
    arguments = [f"--{key}={value}" for key, value in settings.items()]
    args = build_default_arg_parser().parse_args([*arguments, "--pair_repulsion"])
    args.std = [args.std] * len(heads)
    args.compute_energy, args.compute_dipole, args.compute_polarizability = True, False, False
    energies = torch.randn(len(heads), len(ELEMENTS)).double().numpy() - 4  # eV
    table = AtomicNumberTable(ELEMENTS)
    model, _ = configure_model(args, None, energies, heads=heads, z_table=table)
    torch.save(model, path)


if __name__ == "__main__":
    main(build)
