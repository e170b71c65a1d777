"""An untrained PET that knows charge and spin multiplicity, written as its minis are."""

import sys
from pathlib import Path

SMALL = {"d_pet": 8, "d_head": 8, "d_node": 8, "d_feedforward": 8, "num_heads": 2}


def main() -> None:
    import torch

    from recipes.minis import pet_model

    pet_model.SIZES |= SMALL | {"system_conditioning": True}
    torch.manual_seed(0)
    model = pet_model.build([1, 6, 8])
    gate = model.backend.system_conditioning.project[-1]  # starts at zero: nothing is read yet
    torch.nn.init.normal_(gate.weight)
    pet_model.save(model, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
