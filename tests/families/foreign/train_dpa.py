"""A checkpoint by DeePMD-kit's ``dp --pt train``, of one task."""

import json
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import numpy as np
from common import run, structures, tell

DESCRIPTOR = {
    "type": "dpa3",
    "seed": 1,
    "repflow": {
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
    },
}
LOSS = {"start_pref_e": 1, "limit_pref_e": 1, "start_pref_f": 10, "limit_pref_f": 10}
STEPS = 6


def settings() -> dict:
    frames = structures()
    type_map = sorted({symbol for atoms in frames for symbol in atoms.get_chemical_symbols()})
    return {
        "model": {
            "type_map": type_map,
            "descriptor": DESCRIPTOR,
            "fitting_net": {"neuron": [8, 8], "seed": 1},
        },
        "learning_rate": {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-4, "decay_steps": 2},
        "loss": {"type": "ener", "start_pref_v": 0, "limit_pref_v": 0, **LOSS},
        "training": {
            "training_data": {"systems": systems(frames, type_map), "batch_size": 2},
            "numb_steps": STEPS,
            "save_freq": STEPS,
            "save_ckpt": "tiny",
            "seed": 1,
        },
    }


def systems(frames, type_map) -> list[str]:
    """Write structures in DeePMD-kit's mixed format: one folder per number of atoms."""
    by_size = defaultdict(list)
    for atoms in frames:
        by_size[len(atoms)].append(atoms)
    for size, group in by_size.items():
        folder = Path(f"data/{size}/set.000")
        folder.mkdir(parents=True)
        (folder.parent / "type.raw").write_text("0\n" * size)
        (folder.parent / "type_map.raw").write_text("\n".join(type_map))
        arrays = {
            "coord": [atoms.positions.ravel() for atoms in group],
            "box": [atoms.cell.array.ravel() for atoms in group],
            "energy": [atoms.info["ref_energy"] for atoms in group],
            "force": [atoms.arrays["ref_forces"].ravel() for atoms in group],
            "real_atom_types": [
                [type_map.index(symbol) for symbol in atoms.get_chemical_symbols()]
                for atoms in group
            ],
        }
        for name, values in arrays.items():
            np.save(folder / f"{name}.npy", values)
    return [f"data/{size}" for size in by_size]


def main() -> None:
    import_module("lumlip.families.dpa")  # lets deepmd.pt be imported beside this torch
    from deepmd.calculator import DP
    from deepmd.main import main as dp

    Path("input.json").write_text(json.dumps(settings()))
    run(dp, "--pt", "train", "input.json", "--skip-neighbor-stat")
    checkpoint = f"tiny-{STEPS}.pt"
    tell(checkpoint, DP(checkpoint))


if __name__ == "__main__":
    main()
