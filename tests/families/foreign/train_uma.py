"""A checkpoint by ``fairchem -c CONFIG``, of two tasks."""

import json
from pathlib import Path

import numpy as np
from common import run, structures, tell

CORE = "fairchem.core"
UNIT = f"{CORE}.units.mlip_unit.mlip_unit"
TASKS = {"omat": ("inorganic", "surface"), "omol": ("molecule",)}
MAX_ELEMENTS = 100
BACKBONE = {
    "model": f"{CORE}.models.uma.escn_moe.eSCNMDMoeBackbone",
    "num_experts": 2,
    "moe_layer_type": "pytorch",
    "use_composition_embedding": True,
    "max_num_elements": MAX_ELEMENTS,
    "sphere_channels": 8,
    "hidden_channels": 8,
    "edge_channels": 8,
    "lmax": 1,
    "mmax": 1,
    "num_layers": 1,
    "otf_graph": True,
    "max_neighbors": 300,
    "cutoff": 3.5,
    "num_distance_basis": 8,
    "regress_forces": True,
    "regress_stress": False,
    "direct_forces": False,
    "chg_spin_emb_type": "rand_emb",
    "cs_emb_grad": True,
    "dataset_mapping": {task: task for task in TASKS},
    "dataset_emb_grad": True,
}
HEAD = {
    "module": f"{CORE}.models.uma.escn_moe.DatasetSpecificMoEWrapper",
    "head_cls": f"{CORE}.models.uma.escn_md.MLP_EFS_Head",
    "head_kwargs": {"wrap_property": False},
    "dataset_mapping": {task: task for task in TASKS},
}
MODEL = {
    "_target_": f"{CORE}.models.base.HydraModel",
    "model_id": "tiny",  # fairchem itself refuses a UMA without one
    "pass_through_head_outputs": True,
    "backbone": BACKBONE,
    "heads": {"energyandforcehead": HEAD},
}


def quantity(task: str, name: str, references: list[float]) -> dict:
    """Energy or forces of a task: their size, scale and loss."""
    loss = "PerAtomMAELoss" if name == "energy" else "L2NormLoss"
    normalization = f"{CORE}.modules.normalization"
    found = {
        "_target_": f"{UNIT}.Task",
        "name": f"{task}_{name}",
        "level": "system" if name == "energy" else "atom",
        "property": name,
        "out_spec": {"dim": [1 if name == "energy" else 3], "dtype": "float32"},
        "datasets": [task],
        "metrics": ["mae"],
        "loss_fn": {
            "_target_": f"{CORE}.modules.loss.DDPMTLoss",
            "loss_fn": {"_target_": f"{CORE}.modules.loss.{loss}"},
            "coefficient": 1,
        },
        "normalizer": {
            "_target_": f"{normalization}.normalizer.Normalizer",
            "mean": 0.0,
            "rmsd": 1.5,
        },
    }
    if name == "energy":
        values = {"_target_": "torch.DoubleTensor", "_args_": [references]}
        found["element_references"] = {
            "_target_": f"{normalization}.element_references.ElementReferences",
            "element_references": values,
        }
    return found


def loader(part: str) -> dict:
    """The structures of all tasks; training and validation use the same."""
    one = {
        task: {
            "splits": {part: {"src": str(Path("data", task).resolve())}},
            "format": "ase_db",
            "a2g_args": {
                "r_energy": True,
                "r_forces": True,
                "r_stress": False,
                "r_edges": False,
                "r_data_keys": ["charge", "spin"],
            },
            "key_mapping": {"energy": f"{task}_energy", "forces": f"{task}_forces"},
            "transforms": {"common_transform": {"dataset_name": task}},
        }
        for task in TASKS
    }
    return {
        "_target_": f"{CORE}.components.common.dataloader_builder.get_dataloader",
        "num_workers": 0,
        "dataset": {
            "_target_": f"{CORE}.datasets.mt_concat_dataset.create_concat_dataset",
            "dataset_configs": one,
            "combined_dataset_config": {"sampling": {"type": "temperature", "temperature": 1.0}},
        },
        "batch_sampler_fn": {
            "_target_": f"{CORE}.datasets.samplers.max_atom_distributed_sampler."
            "MaxAtomDistributedBatchSampler",
            "_partial_": True,
            "max_atoms": 24,
            "shuffle": False,
            "seed": 0,
        },
        "collate_fn": {
            "_target_": f"{UNIT}.mt_collater_adapter",
            "tasks": "${tasks}",
            "exclude_keys": [],
        },
    }


def config(steps: int) -> dict:
    train = f"{CORE}.components.train.train_runner"
    references = references_of(structures())
    return {
        "tasks": [quantity(t, name, references) for t in TASKS for name in ("energy", "forces")],
        "job": {
            "device_type": "CPU",
            "debug": True,
            "run_dir": str(Path("run").resolve()),
            "scheduler": {"mode": "LOCAL", "ranks_per_node": 1, "num_nodes": 1},
            "logger": None,
        },
        "runner": {
            "_target_": f"{train}.TrainEvalRunner",
            "max_epochs": None,
            "max_steps": steps,
            "train_dataloader": loader("train"),
            "eval_dataloader": loader("val"),
            "callbacks": [
                {
                    "_target_": f"{train}.TrainCheckpointCallback",
                    "checkpoint_every_n_steps": 1000,
                }
            ],
            "train_eval_unit": {
                "_target_": f"{UNIT}.MLIPTrainEvalUnit",
                "job_config": "${job}",
                "tasks": "${tasks}",
                "model": MODEL,
                "optimizer_fn": {"_target_": "torch.optim.AdamW", "_partial_": True, "lr": 0.01},
                "cosine_lr_scheduler_fn": {
                    "_target_": f"{UNIT}._get_consine_lr_scheduler",
                    "_partial_": True,
                    "warmup_factor": 0.2,
                    "warmup_epochs": 0.01,
                    "lr_min_factor": 0.01,
                    "epochs": None,
                    "steps": steps,
                },
            },
        },
    }


def references_of(frames) -> list[float]:
    """Least-squares energy of each element in eV; 0 for those without data."""
    counts = np.array([np.bincount(atoms.numbers, minlength=MAX_ELEMENTS) for atoms in frames])
    energies = [atoms.info["ref_energy"] for atoms in frames]
    return np.linalg.lstsq(counts.astype(float), energies, rcond=None)[0].tolist()


def write_data() -> None:
    import ase.db
    from ase.calculators.singlepoint import SinglePointCalculator

    for task, kinds in TASKS.items():
        chosen = [atoms for atoms in structures() if atoms.info["kind"] in kinds]
        folder = Path("data", task)
        folder.mkdir(parents=True)
        with ase.db.connect(folder / "data.aselmdb", type="aselmdb") as database:
            for atoms in chosen:
                labels = {"energy": atoms.info["ref_energy"], "forces": atoms.arrays["ref_forces"]}
                atoms.calc = SinglePointCalculator(atoms, **labels)
                database.write(atoms, data={"charge": 0, "spin": int(task == "omol")})
        np.savez(folder / "metadata.npz", natoms=[len(atoms) for atoms in chosen])


def main() -> None:
    from fairchem.core import FAIRChemCalculator
    from fairchem.core._cli import main as fairchem

    write_data()
    Path("tiny.yaml").write_text(json.dumps(config(steps=4)))  # JSON is YAML
    run(fairchem, "-c", "tiny.yaml")
    (checkpoint,) = Path("run").glob("*/checkpoints/final/inference_ckpt.pt")
    tell(
        checkpoint,
        FAIRChemCalculator.from_model_checkpoint(
            checkpoint, "omat", inference_settings="batch", device="cpu"
        ),
    )


if __name__ == "__main__":
    main()
