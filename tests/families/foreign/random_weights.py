"""Small models with random weights, of packages that ship none.

``python random_weights.py FAMILY FOLDER`` writes the files that the tests name.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import ase.io
import torch


def orb(folder: Path) -> None:
    from orb_models.forcefield import pretrained

    small = {"latent_dim": 16, "base_mlp_hidden_dim": 32, "head_mlp_hidden_dim": 24}
    small |= {"num_message_passing_steps": 2, "device": "cpu"}
    charged = {"has_charge_spin_cond": True, "has_stress": False}
    conservative, direct = (
        pretrained.orb_v3_conservative_architecture,
        pretrained.orb_v3_direct_architecture,
    )
    made = {
        "orb-v3-conservative-inf-small.ckpt": conservative(**small),
        "orb-v3-direct-20-small.ckpt": direct(**small),
        "finetuned.ckpt": direct(**small, base_mlp_depth=1, head_mlp_depth=2),
        "charged.ckpt": conservative(**small, **charged),
        "orb-v2.ckpt": pretrained.orb_v2_architecture(1, device="cpu"),  # of one size only
    }
    for name, model in made.items():
        torch.save(model.state_dict(), folder / name)
    old = made["orb-v2.ckpt"].state_dict()
    names = {
        "heads.energy.": "graph_head.",
        "heads.forces.": "node_head.",
        "model.": "model.model.",
    }
    for new, before in names.items():  # which its package still reads
        old = {key.replace(new, before): value for key, value in old.items()}
    torch.save(old, folder / "orb-v2.ckpt")


def mattersim(folder: Path) -> None:
    from mattersim.forcefield.m3gnet.m3gnet import M3Gnet
    from mattersim.forcefield.m3gnet.scaling import AtomScaling
    from mattersim.forcefield.potential import Potential

    model = M3Gnet(num_blocks=2, units=16, device="cpu")
    scales = {"init_scale": torch.rand(95) + 0.5, "init_shift": torch.randn(95)}
    model.set_normalizer(AtomScaling(**scales, device="cpu"))
    Potential(model, device="cpu").save(str(folder / "small.pth"))


def nequip(folder: Path) -> None:
    """Barely trained ones: a checkpoint is written by the trainer alone."""
    import numpy as np
    from ase.build import bulk, molecule
    from ase.calculators.singlepoint import SinglePointCalculator

    frames = [bulk("NaCl", "rocksalt", a=5.64), bulk("Si"), bulk("Fe"), bulk("Pt")]
    frames += [molecule("CH3OH", vacuum=5.0, pbc=True)]
    for atoms in frames:
        labels = {"energy": -2.0 * len(atoms), "forces": np.zeros((len(atoms), 3))}
        atoms.calc = SinglePointCalculator(atoms, **labels)
    ase.io.write(folder / "frames.xyz", frames)
    (folder / "config.yaml").write_text(json.dumps(NEQUIP))  # which is YAML, too
    steps = [
        ["nequip.scripts.train", "-cn", "config", "hydra.run.dir=run"],
        ["nequip.scripts.package", "build", "run/last.ckpt", "small.nequip.zip"],
    ]
    for module, *arguments in steps:
        code = f"from {module} import main; main()"
        subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, check=True)
    (folder / "run" / "last.ckpt").rename(folder / "small.ckpt")


def grace(folder: Path) -> None:
    from tensorpotential.instructions.base import save_instructions_dict  # before TensorFlow
    from tensorpotential.potentials import presets
    from tensorpotential.tensorpot import TensorPotential

    import tensorflow as tf  # isort: skip

    index = {symbol: i for i, symbol in enumerate(TYPES)}
    sizes = {"rcut": 4.0, "n_rad_base": 4, "embedding_size": 8, "max_order": 3, "n_mlp_dens": 4}
    energies = {"constant_out_scale": 1.7, "atomic_shift_map": {i: -1.0 * i for i in range(8)}}
    one = {"lmax": 2, "n_rad_max": 6}
    two = {"lmax": (2, 2), "n_rad_max": (4, 6)}
    # Of each pair of elements, as SMAX models have; H and O have longer ones than all others.
    pairs = {"*": 3.5, "H*": 4.5, "NaCl": 3.0, "OO": 5.5}
    smax = two | {"cutoff_dict": pairs, "zbl_cutoff": {"*": 1.2, "CH": 1.5}}
    for name, preset, layers, dtype in (
        ("1l", presets.GRACE_1LAYER_v1_24, one, tf.float64),
        ("2l", presets.GRACE_2LAYER_v1_24, two, tf.float32),
        ("pairs", presets.GRACE_2LAYER_v1_24, smax, tf.float32),
    ):
        tf.random.set_seed(1)
        steps = preset(element_map=index, avg_n_neigh=20.0, **sizes, **energies, **layers)
        network = steps.get_instructions()
        made = TensorPotential(network, param_dtype=dtype, eager_mode=True)
        with tempfile.TemporaryDirectory() as place:
            save_instructions_dict(f"{place}/model.yaml", network)
            made.save_checkpoint(checkpoint_name=f"{place}/checkpoint")
            with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
                archive.add(place, name)


TYPES = ["Na", "Cl", "Si", "Fe", "Pt", "C", "H", "O"]
LOADER = {"_target_": "torch.utils.data.DataLoader", "batch_size": 2}
COEFFICIENTS = {"total_energy_mae": 1.0, "forces_mae": 1.0}
NEQUIP = {
    "run": ["train"],
    "data": {
        "_target_": "nequip.data.datamodule.ASEDataModule",
        "seed": 1,
        "train_file_path": "frames.xyz",
        "val_file_path": "frames.xyz",
        "transforms": [
            {
                "_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper",
                "model_type_names": TYPES,
                "chemical_species_to_atom_type_map": {name: name for name in TYPES},
            },
            {"_target_": "nequip.data.transforms.NeighborListTransform", "r_max": 4.0},
        ],
        "train_dataloader": LOADER,
        "val_dataloader": LOADER,
    },
    "trainer": {
        "_target_": "lightning.Trainer",
        "accelerator": "cpu",
        "max_epochs": 1,
        "logger": False,
        "enable_progress_bar": False,
        "callbacks": [
            {
                "_target_": "lightning.pytorch.callbacks.ModelCheckpoint",
                "dirpath": "run",
                "save_last": True,
            }
        ],
    },
    "training_module": {
        "_target_": "nequip.train.EMALightningModule",
        "loss": {
            "_target_": "nequip.train.EnergyForceLoss",
            "coeffs": {"total_energy": 1.0, "forces": 1.0},
        },
        "val_metrics": {"_target_": "nequip.train.EnergyForceMetrics", "coeffs": COEFFICIENTS},
        "optimizer": {"_target_": "torch.optim.Adam", "lr": 0.001},
        "model": {
            "_target_": "nequip.model.NequIPGNNModel",
            "seed": 1,
            "model_dtype": "float32",
            "type_names": TYPES,
            "r_max": 4.0,
            "l_max": 1,
            "num_layers": 2,
            "num_features": 8,
            "radial_mlp_width": 8,
            "readout_mlp_hidden_layers_depth": 1,
            "readout_mlp_hidden_layers_width": 6,
            "avg_num_neighbors": 20.0,
            "per_type_energy_scales": {name: 0.5 + i for i, name in enumerate(TYPES)},
            "per_type_energy_shifts": {name: -1.0 * i for i, name in enumerate(TYPES)},
            "pair_potential": {
                "_target_": "nequip.nn.pair_potential.ZBL",
                "units": "metal",
                "chemical_species": TYPES,
            },
        },
    },
}


if __name__ == "__main__":
    torch.manual_seed(0)
    globals()[sys.argv[1]](Path(sys.argv[2]))
