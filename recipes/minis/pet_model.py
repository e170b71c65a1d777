"""Minis of PET: how they are built, read, written, and given a new head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import metatensor.torch as mts
import numpy as np
import torch
from ase import Atoms
from metatrain.pet import PET
from metatrain.utils.architectures import get_default_hypers
from metatrain.utils.data import DatasetInfo
from metatrain.utils.data.target_info import get_energy_target_info
from metatrain.utils.io import load_model
from numpy.typing import NDArray
from torch import nn

TARGET = "energy"
SIZES: dict[str, Any] = {
    "cutoff": 5.0,
    "num_neighbors_adaptive": 16,
    "d_pet": 48,
    "d_head": 32,
    "d_node": 64,
    "d_feedforward": 96,
    "num_heads": 4,
    "num_attention_layers": 1,
    "num_gnn_layers": 2,
}


def build(elements: Sequence[int], sizes: dict[str, Any] = SIZES) -> PET:
    """Make an untrained PET for these atomic numbers; its weights depend on torch's seed."""
    target = get_energy_target_info(
        TARGET, {"unit": "eV", "quantity": "energy"}, add_position_gradients=True
    )
    info = DatasetInfo(
        length_unit="angstrom", atomic_types=sorted(elements), targets={TARGET: target}
    )
    model = PET({**get_default_hypers("pet")["model"], **sizes}, info)
    for module in (model.additive_models[0].model, model.scaler.model):
        table = module.type_to_index  # uninitialised memory where there is no such element
        others = torch.ones(len(table), dtype=torch.bool)
        others[sorted(elements)] = False
        table[others] = -1
    return model


def load(path: Path) -> PET:
    """Read a mini."""
    model: PET = load_model(path)
    return model


def save(model: PET, path: Path) -> None:
    """Write a checkpoint that ``metatrain`` and ``upet`` open: weights once, no optimizer."""
    checkpoint = model.get_checkpoint()
    weights = {k: x.detach().clone() for k, x in model.state_dict().items()}
    checkpoint["best_model_state_dict"] = weights
    checkpoint["model_state_dict"] = {**weights, "finetune_config": {}}
    torch.save(checkpoint, path)


def head_parameters(model: PET) -> list[nn.Parameter]:
    """Parameters of the heads and of the final linear maps."""
    backend = model.backend
    parts = (
        backend.node_heads,
        backend.edge_heads,
        backend.node_last_layers,
        backend.edge_last_layers,
    )
    return [parameter for part in parts for parameter in part.parameters()]


def renew_head(model: PET) -> None:
    """Replace the heads by fresh ones, initialised as PET does."""
    shapes = model.output_shapes[TARGET]
    model.backend.remove_output(TARGET)
    model.backend.add_output(TARGET, shapes)


def fit_composition(model: PET, structures: Sequence[Atoms]) -> None:
    """Fit the energies of the elements, and the scale: the RMS of what they leave, per atom."""
    composition, scaler = model.additive_models[0], model.scaler
    elements = [int(z) for z in model.atomic_types]
    counts = np.array([[np.sum(a.numbers == z) for z in elements] for a in structures])
    energies = np.array([a.info["ref_energy"] for a in structures])
    reference = np.linalg.lstsq(counts, energies, rcond=None)[0]
    left = (energies - counts @ reference) / counts.sum(1)
    scale = float(np.sqrt(np.mean(left**2)))
    _fill(composition, f"{TARGET}_composition_buffer", reference[:, None])
    for name in ("scaler_buffer", "per_target_scaler_buffer"):
        _fill(scaler, f"{TARGET}_{name}", np.array([[scale]]))
    composition.sync_tensor_maps()
    scaler.sync_tensor_maps()


def _fill(module: nn.Module, name: str, values: NDArray[Any]) -> None:
    """Set the values of a tensor map that a module keeps as a buffer of bytes."""
    stored = mts.load_buffer(getattr(module, name))
    stored.block().values[:] = torch.from_numpy(values)
    module.register_buffer(name, mts.save_buffer(mts.make_contiguous(stored)))
