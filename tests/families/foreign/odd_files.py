"""Files of a family that are not supported, and some that are: small ones of its own classes.

``python odd_files.py FAMILY FOLDER`` writes them and prints, as JSON, what the family's extractor
says of each; of those that load, the energy of water in eV, by it and by the package.
"""

import contextlib
import json
import sys
import types
from importlib import import_module
from pathlib import Path

import torch
from ase.build import molecule

DPA3 = {
    "type": "dpa3",
    "repflow": {
        "n_dim": 8,
        "e_dim": 4,
        "a_dim": 4,
        "nlayers": 2,
        "axis_neuron": 2,
        "e_rcut": 3.5,
        "e_rcut_smth": 3.0,
        "e_sel": 60,
        "a_rcut": 3.0,
        "a_rcut_smth": 2.5,
        "a_sel": 40,
        "fix_stat_std": 0.3,
        "use_dynamic_sel": True,
        "sel_reduce_factor": 10.0,
        "smooth_edge_update": True,
        "update_style": "res_residual",
        "update_residual_init": "const",
    },
}
DPA = {"type_map": ["H", "C", "O"], "descriptor": DPA3, "fitting_net": {"neuron": [8, 8]}}


def mace(folder: Path) -> None:
    from e3nn import o3
    from mace import modules

    block = modules.interaction_classes["RealAgnosticResidualInteractionBlock"]
    sizes = {
        "r_max": 4.0,
        "num_bessel": 4,
        "num_polynomial_cutoff": 5,
        "max_ell": 1,
        "interaction_cls": block,
        "interaction_cls_first": block,
        "num_interactions": 2,
        "num_elements": 3,
        "atomic_numbers": [1, 6, 8],
        "avg_num_neighbors": 5.0,
        "correlation": 2,
        "gate": torch.nn.functional.silu,
        "radial_MLP": [8],
        "hidden_irreps": o3.Irreps("4x0e+4x1o"),
        "MLP_irreps": o3.Irreps("4x0e"),
    }
    energies = {"atomic_energies": torch.zeros(3).numpy()}
    scaled = {**sizes, **energies, "atomic_inter_scale": 1.0, "atomic_inter_shift": 0.0}
    model = modules.ScaleShiftMACE(**scaled)
    odd = {**scaled, "hidden_irreps": o3.Irreps("4x0e+4x0o+4x1o"), "max_ell": 2}
    torch.save(modules.ScaleShiftMACE(**odd), folder / "pseudoscalars.model")
    torch.save(torch.nn.Linear(2, 2), folder / "linear.model")
    of_another_package(folder / "absent.model")
    training = {"model": model.state_dict(), "optimizer": {}, "lr_scheduler": {}}
    torch.save(training, folder / "tiny_run-1_epoch-8.pt")
    torch.save({"model": {}, "optimizer": {}, "scheduler": {}}, folder / "chgnet.pth.tar")
    dipole = {**sizes, "atomic_energies": None, "MLP_irreps": o3.Irreps("4x0e+4x1o")}
    torch.save(modules.AtomicDipolesMACE(**dipole), folder / "dipole.model")
    warm = {"type": "continuous", "per": "graph", "in_dim": 1, "emb_dim": 4}
    specs = {"embedding_specs": {"electronic_temperature": warm}}
    torch.save(modules.ScaleShiftMACE(**scaled, **specs), folder / "temperature.model")
    les(model, folder / "les.model")
    old = modules.blocks.RadialEmbeddingBlock  # an interaction that later versions lack
    lost = type("AgnosticNonlinearInteractionBlock", (old,), {"__module__": old.__module__})
    setattr(modules.blocks, lost.__name__, lost)
    model.radial_embedding.__class__ = lost
    torch.save(model, folder / "old.model")
    delattr(modules.blocks, lost.__name__)


def of_another_package(path: Path) -> None:
    """Write an object of a package that is not here, as another family's checkpoint would be."""
    sys.modules["absent"] = types.ModuleType("absent")
    sys.modules["absent"].Net = type("Net", (torch.nn.Module,), {"__module__": "absent"})
    torch.save(sys.modules["absent"].Net(), path)
    del sys.modules["absent"]


def les(model, path: Path) -> None:
    """Write a MACE-LES without the package ``les``, which is needed to make and to open one."""
    from mace.modules.extensions import MACELES

    parts = types.ModuleType("les")
    parts.Les = type("Les", (torch.nn.Module,), {"__module__": "les"})
    sys.modules["les"] = parts
    kind, model.__class__ = model.__class__, MACELES
    model.les = parts.Les()
    torch.save(model, path)
    model.__class__ = kind
    del model.les, sys.modules["les"]


def pet(folder: Path) -> None:
    from metatrain.experimental.classifier.model import Classifier
    from metatrain.llpr import LLPRUncertaintyModel
    from metatrain.utils.architectures import get_default_hypers
    from metatrain.utils.data import DatasetInfo
    from metatrain.utils.data.target_info import get_generic_target_info

    from recipes.minis import pet_model
    from recipes.stand_ins.pet import build as stand_in

    pet_model.SIZES |= {"d_pet": 8, "d_head": 8, "d_node": 8, "d_feedforward": 8, "num_heads": 2}
    model = pet_model.build([1, 6, 8])
    pet_model.save(model, folder / "plain.ckpt")
    wrapper = LLPRUncertaintyModel(get_default_hypers("llpr")["model"], model.dataset_info)
    wrapper.set_wrapped_model(model)
    torch.save(wrapper.get_checkpoint(), folder / "uncertain.ckpt")
    scalar = {"quantity": "", "unit": "", "type": "scalar", "num_subtargets": 2}
    classes = get_generic_target_info("mtt::class", {**scalar, "sample_kind": "system"})
    info = DatasetInfo(
        length_unit="angstrom", atomic_types=[1, 6, 8], targets={"mtt::class": classes}
    )
    classifier = Classifier({"hidden_sizes": [4], "feature_layer_index": -1}, info)
    classifier.set_wrapped_model(model)
    classifier.build_mlp(16, 2)
    torch.save(classifier.get_checkpoint(), folder / "classifier.ckpt")
    of_another_package(folder / "absent.ckpt")
    far = model.get_checkpoint()
    far["model_data"]["model_hypers"]["long_range"]["enable"] = True
    torch.save(far, folder / "far.ckpt")
    far["model_data"]["model_hypers"]["long_range"]["enable"] = False
    newer = {**model.get_checkpoint(), "model_ckpt_version": 99}
    torch.save(newer, folder / "newer.ckpt")
    model = pet_model.build([1, 6, 8], pet_model.SIZES | {"system_conditioning": True})
    gate = model.backend.system_conditioning.project[-1]  # starts at zero: nothing is read yet
    torch.nn.init.normal_(gate.weight)
    pet_model.save(model, folder / "conditioned.ckpt")
    stand_in(folder / "pet-mad-dos.ckpt", [], small=True)


def dpa(folder: Path) -> None:
    def write(name: str, **settings) -> None:
        state = {"_extra_state": {"model_params": {**DPA, **settings}}}
        torch.save({"model": state}, folder / f"{name}.pt")

    write("four", type="dpa4", descriptor={"type": "dpa4"})
    write("sezm", descriptor={"type": "SeZM"})
    write("older", descriptor={"type": "se_e2_a"})
    write("spin", spin={"use_spin": [True, False, False], "virtual_scale": [0.3, 0, 0]})
    write("mixture", type="linear_ener", models=[DPA, DPA])
    write("property", fitting_net={"type": "property", "neuron": [8]})
    write("dipole", fitting_net={"type": "dipole", "neuron": [8]})
    write("frame", fitting_net={"neuron": [8, 8], "numb_fparam": 1})
    torch.save(torch.nn.Linear(2, 2), folder / "linear.pt")
    charged_dpa(folder / "charged.pt")


def charged_dpa(path: Path) -> None:
    """Write a DPA-3 that knows charge and spin multiplicity, its defaults 0 and 2."""
    from deepmd.pt.model.model import get_model
    from deepmd.pt.train.wrapper import ModelWrapper

    known = {"add_chg_spin_ebd": True, "default_chg_spin": [0, 2], "seed": 1}
    settings = {**DPA, "descriptor": {**DPA3, **known}, "fitting_net": {"neuron": [8], "seed": 1}}
    wrapper = ModelWrapper(get_model(settings), model_params=settings)
    torch.save({"model": wrapper.state_dict()}, path)


def sevennet(folder: Path) -> None:
    from sevenn.checkpoint import SevenNetCheckpoint
    from sevenn.model_build import build_E3_equivariant_model
    from sevenn.util import pretrained_name_to_path

    known = SevenNetCheckpoint(pretrained_name_to_path("7net-0")).config
    neurons = {"readout_fcn_hidden_neurons": [4], "readout_fcn_activation": "relu"}
    config = {**known, "channel": 4, "lmax": 1, "readout_as_fcn": True, **neurons}
    saved = torch.load(pretrained_name_to_path("7net-0"), weights_only=False, map_location="cpu")
    weights = build_E3_equivariant_model(config).state_dict()
    torch.save({**saved, "model_state_dict": weights, "config": config}, folder / "fcn.pth")


def said(family: str, path: Path) -> str | list[float]:
    extractor = import_module(f"lumlip.families.{family}").Extractor
    try:
        model = extractor(str(path), task=None, device="cpu", dtype="float32")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if model.no_energy:
        return model.no_energy
    water = molecule("H2O")
    return [float(model.extract([water]).energy[0]), model.package_energy(water)]


def main() -> None:
    family, folder = sys.argv[1], Path(sys.argv[2])
    with contextlib.redirect_stdout(sys.stderr):
        import_module(f"lumlip.families.{family}")  # first: what must be imported before others
        torch.manual_seed(0)
        globals()[family](folder)
        result = {path.name: said(family, path) for path in sorted(folder.iterdir())}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
