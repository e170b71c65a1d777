"""An untrained PET that predicts densities of states, as PET-MAD-DOS does, and no energy."""

import sys

import torch
from metatrain.pet import PET
from metatrain.utils.data import DatasetInfo
from metatrain.utils.data.target_info import get_generic_target_info

from recipes.minis import pet_model


def main() -> None:
    sizes = {"d_pet": 8, "d_head": 8, "d_node": 8, "d_feedforward": 8, "num_heads": 2}
    torch.manual_seed(0)
    hypers = pet_model.build([1, 6, 8], pet_model.SIZES | sizes).hypers
    grid = {"quantity": "", "unit": "", "type": "scalar", "num_subtargets": 20}
    target = get_generic_target_info("mtt::dos", {**grid, "sample_kind": "system"})
    info = DatasetInfo("angstrom", [1, 6, 8], {"mtt::dos": target})
    torch.save(PET(hypers, info).get_checkpoint(), sys.argv[1])


if __name__ == "__main__":
    main()
