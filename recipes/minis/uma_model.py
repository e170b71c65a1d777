"""The model of uma-mini: UMA's architecture at a thousandth of its size, and its settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from fairchem.core.models.uma.nn.mole import MOLE
from fairchem.core.units.mlip_unit.api.inference import MLIPInferenceCheckpoint
from numpy.typing import NDArray
from torch import Tensor

from recipes.minis.data import Level

#: Kind of a structure -> the task that it trains.
TASKS = {"inorganic": "omat", "molecule": "omol", "surface": "oc20"}
MAX_ELEMENTS = 100


@dataclass(frozen=True)
class Recipe:
    """Settings of one mini."""

    family: str = "uma"
    seed: int = 0
    level: Level = "pbe"
    channels: int = 22
    layers: int = 2
    experts: int = 4
    lmax: int = 2
    mmax: int = 2
    edge_channels: int = 22
    basis: int = 16
    cutoff: float = 4.5
    steps: int = 4800
    batch_size: int = 12
    learning_rate: float = 3e-3
    energy_weight: float = 4.0
    weight_decay: float = 1e-3
    clip: float = 10.0
    ema: float = 0.995


class _Mixture(MOLE):  # type: ignore[misc]
    """fairchem's mixture of linear experts, equal numbers, with a cheaper gradient.

    The package slices the input by structure, and each slice's gradient has the input's full size.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map the rows of each structure (n_rows, ..., n_in) with its own weights."""
        tensors = self.global_mole_tensors
        weights = torch.einsum("eoi,be->boi", self.weights, tensors.expert_mixing_coefficients)
        rows = x.split(tensors.mole_sizes.tolist())  # type: ignore[no-untyped-call]
        mapped = [torch.nn.functional.linear(r, w) for r, w in zip(rows, weights, strict=True)]
        found = torch.cat(mapped)
        return found if self.bias is None else found + self.bias


def use_cheaper_gradients(model: torch.nn.Module) -> None:
    """Replace fairchem's mixtures of experts in a model by `_Mixture`, weights and all."""
    for module in model.modules():
        if type(module) is MOLE:
            module.__class__ = _Mixture


def fit_references(train: Sequence[Atoms]) -> NDArray[np.floating]:
    """Least-squares energy of each element in eV (MAX_ELEMENTS,); 0 where there are no data."""
    sizes = np.array([len(atoms) for atoms in train])
    counts = np.array([np.bincount(atoms.numbers, minlength=MAX_ELEMENTS) for atoms in train])
    energies = np.array([atoms.info["ref_energy"] for atoms in train])
    present = np.flatnonzero(counts.any(0))
    references = np.zeros(MAX_ELEMENTS)
    shares = counts[:, present] / sizes[:, None]
    references[present] = np.linalg.lstsq(shares, energies / sizes, rcond=None)[0]
    return references


def model_config(recipe: Recipe, tasks: Iterable[str] = TASKS.values()) -> dict[str, Any]:
    """Configuration of the model: UMA-S's but for the sizes, without dropout."""
    uma = "fairchem.core.models.uma"
    mapping = {task: task for task in tasks}
    backbone = {
        "model": f"{uma}.escn_moe.eSCNMDMoeBackbone",
        "num_experts": recipe.experts,
        "moe_layer_type": "pytorch",
        "use_composition_embedding": True,
        "max_num_elements": MAX_ELEMENTS,
        "sphere_channels": recipe.channels,
        "hidden_channels": recipe.channels,
        "edge_channels": recipe.edge_channels,
        "lmax": recipe.lmax,
        "mmax": recipe.mmax,
        "num_layers": recipe.layers,
        "otf_graph": True,
        "max_neighbors": 300,
        "cutoff": recipe.cutoff,
        "distance_function": "gaussian",
        "num_distance_basis": recipe.basis,
        "regress_forces": True,
        "regress_stress": False,
        "direct_forces": False,
        "norm_type": "rms_norm_sh",
        "act_type": "gate",
        "ff_type": "spectral",
        "chg_spin_emb_type": "rand_emb",
        "cs_emb_grad": True,
        "dataset_mapping": mapping,
        "dataset_emb_grad": True,
        "charge_balanced_channels": [0, 1, 2],
        "always_use_pbc": False,
    }
    head = {
        "module": f"{uma}.escn_moe.DatasetSpecificMoEWrapper",
        "head_cls": f"{uma}.escn_md.MLP_EFS_Head",
        "head_kwargs": {"wrap_property": False},
        "dataset_mapping": mapping,
    }
    return {
        "_target_": "fairchem.core.models.base.HydraModel",
        "model_id": "UMA-MINI",
        "pass_through_head_outputs": True,
        "supports_single_atoms": True,
        "backbone": backbone,
        "heads": {"energyandforcehead": head},
    }


def tasks_config(
    references: NDArray[np.floating], rmsd: float, tasks: Iterable[str] = TASKS.values()
) -> list[dict[str, Any]]:
    """Energy and forces of each task: scale and element references (eV), the same for all."""
    core = "fairchem.core"
    found = []
    for task in tasks:
        for name, level, size in (("energy", "system", 1), ("forces", "atom", 3)):
            one: dict[str, Any] = {
                "_target_": f"{core}.units.mlip_unit.mlip_unit.Task",
                "name": f"{task}_{name}",
                "level": level,
                "property": name,
                "out_spec": {"dim": [size], "dtype": "float32"},
                "datasets": [task],
                "metrics": ["mae"],
                "normalizer": {
                    "_target_": f"{core}.modules.normalization.normalizer.Normalizer",
                    "mean": 0.0,
                    "rmsd": rmsd,
                },
            }
            if name == "energy":
                module = f"{core}.modules.normalization.element_references.ElementReferences"
                values = {"_target_": "torch.DoubleTensor", "_args_": [references.tolist()]}
                one["element_references"] = {"_target_": module, "element_references": values}
            found.append(one)
    return found


def save(
    model: torch.nn.Module, path: Path, *, config: Any, tasks: list[dict[str, Any]], steps: int
) -> None:
    """Write weights in fairchem's format, once for both of its entries."""
    weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
    averaged = {f"module.{k}": v for k, v in weights.items()}
    averaged["n_averaged"] = torch.tensor(steps)
    torch.save(MLIPInferenceCheckpoint(config, weights, averaged, tasks), path)
