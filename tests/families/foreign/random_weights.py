"""Small models with random weights, by a package that ships none and has no trainer we run.

``python random_weights.py FAMILY FOLDER`` writes the files that the tests name.
"""

import sys
from pathlib import Path

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
    old = made["orb-v2.ckpt"].state_dict()  # as the published ones name their heads
    names = {"heads.energy.": "graph_head.", "heads.forces.": "node_head."}
    for new, before in names.items():
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


if __name__ == "__main__":
    torch.manual_seed(0)
    globals()[sys.argv[1]](Path(sys.argv[2]))
