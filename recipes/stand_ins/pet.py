"""Stand-ins of PET, made by metatrain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from ase import Atoms
from metatrain.utils.data import DatasetInfo
from metatrain.utils.data.target_info import get_generic_target_info

from recipes.minis.pet_model import SIZES, fit_composition, save
from recipes.minis.pet_model import build as build_pet
from recipes.stand_ins.writing import main

ELEMENTS = [*range(1, 85), 86, *range(89, 95)]
#: PET-MAD 1.0: its widths as the study states them (1024 and 512 over two readouts), its blocks
#: what metatrain takes for a checkpoint of that age; the rest are metatrain's defaults.
PUBLISHED: dict[str, Any] = {
    "cutoff": 4.5,
    "cutoff_function": "Cosine",
    "cutoff_width": 0.2,
    "d_pet": 256,
    "d_node": 256,
    "d_head": 128,
    "d_feedforward": 512,
    "normalization": "LayerNorm",
    "activation": "SiLU",
    "transformer_type": "PostLN",
    "featurizer_type": "residual",
    "zbl": True,
}


#: The target of PET-MAD-DOS, which has no energy; its grid is as wide as its authors plot it.
DOS = {"quantity": "", "unit": "", "type": "scalar", "num_subtargets": 500}


def build(path: Path, tasks: Sequence[str], small: bool) -> None:
    """Write a PET, which has no tasks."""
    model = build_pet(ELEMENTS, SIZES if small else PUBLISHED)
    if "dos" in path.name:
        target = get_generic_target_info("mtt::dos", {**DOS, "sample_kind": "system"})
        info = DatasetInfo("angstrom", ELEMENTS, {"mtt::dos": target})
        save(type(model)(model.hypers, info), path)
        return
    energies = (torch.randn(len(ELEMENTS)) - 4).tolist()  # eV
    known = zip(ELEMENTS, energies, strict=True)
    apart = (-0.5, 0.5)  # eV, so that the scale is 0.5 eV
    atoms = [Atoms([z], info={"ref_energy": e + change}) for z, e in known for change in apart]
    fit_composition(model, atoms)
    save(model, path)


if __name__ == "__main__":
    main(build)
