"""Stand-ins of DPA-3, made by DeePMD-kit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from ase.data import chemical_symbols

from lumlip.families import dpa  # noqa: F401  # before DeePMD-kit, whose import it makes possible
from lumlip.families.base import quiet
from recipes.stand_ins.writing import main

#: DPA-3.1-3M, as DeePMD-kit's own tools for its fine-tuning have it.
FLOW = {
    "n_dim": 128,
    "e_dim": 64,
    "a_dim": 32,
    "nlayers": 16,
    "e_rcut": 6.0,
    "e_rcut_smth": 5.3,
    "e_sel": 1200,
    "a_rcut": 4.0,
    "a_rcut_smth": 3.5,
    "a_sel": 300,
    "axis_neuron": 4,
    "skip_stat": True,
    "fix_stat_std": 0.3,
    "a_compress_rate": 1,
    "a_compress_e_rate": 2,
    "a_compress_use_split": True,
    "update_angle": True,
    "smooth_edge_update": True,
    "edge_init_use_dist": True,
    "use_exp_switch": True,
    "use_dynamic_sel": True,
    "sel_reduce_factor": 10.0,
    "update_style": "res_residual",
    "update_residual": 0.1,
    "update_residual_init": "const",
}
NEURONS = [240, 240, 240]
SMALL = {"n_dim": 8, "e_dim": 4, "a_dim": 4, "nlayers": 2, "e_sel": 100, "a_sel": 40}


def build(path: Path, tasks: Sequence[str], small: bool) -> None:
    """Write a file of several branches: one descriptor, one fitting network told the branch."""
    with quiet():
        from deepmd.pt.train.training import get_model_for_wrapper
        from deepmd.pt.train.wrapper import ModelWrapper
        from deepmd.pt.utils.multi_task import preprocess_shared_params

        settings, links = preprocess_shared_params(_settings(tasks, small))
        models = get_model_for_wrapper(settings)
        wrapper = ModelWrapper(models, model_params=settings)
        wrapper.share_params(links, dict.fromkeys(tasks, 1.0), resume=True)
    for model in models.values():
        bias = model.atomic_model.out_bias
        bias.copy_(torch.randn(bias.shape) - 4)  # eV
    wrapper.train_infos["step"] = 0
    torch.save({"model": wrapper.state_dict()}, path)


def _settings(tasks: Sequence[str], small: bool) -> dict[str, Any]:
    common = {"activation_function": "silut:3.0", "precision": "float32", "seed": 1}
    flow = FLOW | (SMALL if small else {})
    neurons = [8] * 3 if small else NEURONS
    fitting = {"type": "ener", "neuron": neurons, "resnet_dt": True, "dim_case_embd": len(tasks)}
    descriptor = {"type": "dpa3", "repflow": flow, "use_tebd_bias": False}
    parts = {"type_map": "elements", "descriptor": "dpa3", "fitting_net": "fitting"}
    return {
        "shared_dict": {
            "elements": chemical_symbols[1:],
            "dpa3": {**descriptor, "concat_output_tebd": False, **common},
            "fitting": {**fitting, **common},
        },
        "model_dict": {task: dict(parts) for task in tasks},
    }


if __name__ == "__main__":
    main(build)
