"""An untrained DPA-3 that knows charge and spin multiplicity, as DeePMD-kit's trainer saves it."""

import copy
import sys
from importlib import import_module

REPFLOW = {
    "n_dim": 8,
    "e_dim": 4,
    "a_dim": 4,
    "nlayers": 2,
    "e_rcut": 3.5,
    "e_rcut_smth": 3.0,
    "e_sel": 60,
    "a_rcut": 3.0,
    "a_rcut_smth": 2.5,
    "a_sel": 40,
    "axis_neuron": 2,
    "fix_stat_std": 0.3,
    "use_dynamic_sel": True,
    "sel_reduce_factor": 10.0,
    "smooth_edge_update": True,
    "update_style": "res_residual",
    "update_residual_init": "const",
}
SETTINGS = {
    "type_map": ["H", "C", "O"],
    "descriptor": {
        "type": "dpa3",
        "seed": 1,
        "repflow": REPFLOW,
        "add_chg_spin_ebd": True,
        "default_chg_spin": [0.0, 1.0],
    },
    "fitting_net": {"neuron": [8, 8], "seed": 1},
}


def main() -> None:
    import_module("lumlip.families.dpa")  # lets deepmd.pt be imported beside this torch
    import torch
    from deepmd.pt.model.model import get_model
    from deepmd.pt.train.wrapper import ModelWrapper

    wrapper = ModelWrapper(get_model(copy.deepcopy(SETTINGS)), model_params=SETTINGS)
    torch.save({"model": wrapper.state_dict()}, sys.argv[1])


if __name__ == "__main__":
    main()
