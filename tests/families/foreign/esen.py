"""An untrained eSEN, which is UMA's architecture without experts, with one of fairchem's heads.

``python esen.py FOLDER`` writes one with a conserving head and one with a direct head.
"""

import sys

HEADS = "fairchem.core.models.uma.escn_md"
MIXTURE = ("num_experts", "moe_layer_type", "use_composition_embedding")


def write(path: str, *, direct: bool) -> None:
    import hydra
    import numpy as np
    import torch
    from fairchem.core.units.mlip_unit.api.inference import MLIPInferenceCheckpoint

    from recipes.minis import uma_model

    config = uma_model.model_config(uma_model.Recipe(channels=8, edge_channels=8, lmax=1, mmax=1))
    backbone = config["backbone"] | {"direct_forces": direct, "dataset_mapping": {"omol": "omol"}}
    backbone = {key: value for key, value in backbone.items() if key not in MIXTURE}
    config |= {
        "backbone": backbone | {"model": f"{HEADS}.eSCNMDBackbone"},
        "pass_through_head_outputs": not direct,
        "heads": {"efs": {"module": f"{HEADS}.MLP_EFS_Head", "prefix": "omol"}},
    }
    if direct:
        config["heads"] = {
            "omol_energy": {"module": f"{HEADS}.MLP_Energy_Head"},
            "omol_forces": {"module": f"{HEADS}.Linear_Force_Head"},
        }
    references = np.linspace(-1, 0, uma_model.MAX_ELEMENTS)
    tasks = [t for t in uma_model.tasks_config(references, 1.5) if t["datasets"] == ["omol"]]
    torch.manual_seed(0)
    weights = hydra.utils.instantiate(config).state_dict()
    averaged = {f"module.{k}": v for k, v in weights.items()} | {"n_averaged": torch.tensor(1)}
    torch.save(MLIPInferenceCheckpoint(config, weights, averaged, tasks), path)


if __name__ == "__main__":
    for kind in ("conserving", "direct"):
        write(f"{sys.argv[1]}/{kind}.pt", direct=kind == "direct")
