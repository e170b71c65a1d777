# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "sevenn==0.13.0",
#   "torch==2.13.0",
#   "numpy==2.4.6",
#   "ase==3.29.0",
#   "e3nn==0.6.0",
#   "torch-geometric==2.8.1",
#   "matscipy==1.3.1",
# ]
# ///
"""SevenNet: an equivariant network after NequIP (Park et al. 2024).

Backbone: the 128 scalars after the last gate, which enter ``reduce_input_to_hidden``. Last layer:
its 64 outputs, which enter ``reduce_hidden_to_energy``. Both maps are linear, with no activation
between, so the last layer is rebuilt from the backbone exactly, by construction.
E = sum_i (w . last_layer_i) * scale[Z_i] + shift[Z_i]; the shift may depend on the task.
Layers: the node features as embedded and after every gate, one gate per interaction. Scalars stay
as they are; channels with l > 0 enter as their norms. The last gate leaves scalars only: the
backbone.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sevenn._keys as key
import torch
from ase import Atoms
from sevenn.checkpoint import SevenNetCheckpoint
from sevenn.nn.sequential import AtomGraphSequential
from sevenn.util import pretrained_name_to_path
from torch import Tensor

from lumlip.families import base

PACKAGE = "sevenn"
FEATURES_VERSION = 1
NAMES = ("7net-0", "7net-0_22May2024", "7net-l3i5", "7net-mf-0")
TO_HIDDEN, TO_ENERGY = "reduce_input_to_hidden", "reduce_hidden_to_energy"
EMBEDDING, GATE = "onehot_to_feature_x", "_equivariant_gate"


class Extractor(base.Extractor):
    """A SevenNet checkpoint: a name of the package's, or a file written by its trainer."""

    linear_head = True

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        base.reuse_memory()
        self.checkpoint_file = _path(checkpoint)
        self.name = f"sevennet:{checkpoint}"
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        with base.reading(self.checkpoint_file, "sevennet"):
            model = _load(self.checkpoint_file)
        self.tasks = tuple(model.modal_map or ())
        self.task = base.choose_task(task, self.tasks, self.name)
        self.model = model.to(self.device, self.dtype).eval().requires_grad_(False)
        self.cutoff = float(model.cutoff)
        self.type_map = dict(model.type_map)
        self.elements = frozenset(self.type_map)
        self.weight, self.bias = self._final_map()
        self.scale, self.shift = self._scale_and_shift()

    @torch.inference_mode()
    def extract(self, structures: Sequence[Atoms], *, layers: bool = False) -> base.Features:
        """One forward pass over a batch: no forces, no gradients."""
        base.check_elements(structures, self.elements, self.name)
        data, after = self._graph(structures), {}
        for name, module in self.model.named_children():
            if name == "reduce_total_enegy":  # (sic); forces would follow
                break
            if name == TO_HIDDEN:
                backbone = data[key.NODE_FEATURE]
            if name == TO_ENERGY:
                last_layer = data[key.NODE_FEATURE]
            data = module(data)
            if name.startswith("one"):  # one-hot modules write float32 whatever the model has
                data = {k: self._cast(value) for k, value in data.items()}
            if layers and name == EMBEDDING:
                after["embedding"] = data[key.NODE_FEATURE].cpu().numpy().copy()
            if layers and name.endswith(GATE):
                values, irreps = data[key.NODE_FEATURE].cpu().numpy(), module.gate.irreps_out
                after[f"interaction_{len(after)}"] = base.invariants(values, irreps)
        site = data[key.ATOMIC_ENERGY].squeeze(1).cpu().numpy()
        return base.Features(
            backbone.cpu().numpy(),
            last_layer.cpu().numpy(),
            base.sum_by_structure(site, structures),
            layers=after,
        )

    def energy_from_last_layer(
        self, last_layer: base.FloatArray, structures: Sequence[Atoms]
    ) -> base.FloatArray:
        """Total energies (n_structures,) in eV: sum_i (w . h_i + b) scale[Z_i] + shift[Z_i]."""
        numbers = np.concatenate([atoms.numbers for atoms in structures])
        site = last_layer.astype(np.float64) @ self.weight + self.bias
        return base.sum_by_structure(site * self.scale[numbers] + self.shift[numbers], structures)

    def package_calculator(self) -> Any:
        """SevenNetCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        from sevenn.calculator import SevenNetCalculator

        with warnings.catch_warnings(action="ignore"):
            return SevenNetCalculator(
                str(self.checkpoint_file), modal=self.task, device=self.device
            )

    def _graph(self, structures: Sequence[Atoms]) -> dict[str, Tensor]:
        """Build the input of the first module; edges equal SevenNet's own."""
        graph = base.neighbors(structures, self.cutoff)
        types = np.array([self.type_map[z] for z in graph.numbers.tolist()])
        arrays: dict[str, Any] = {
            key.NODE_FEATURE: types,
            key.BATCH: graph.structure,
            key.EDGE_IDX: np.stack([graph.first, graph.second]),
            key.EDGE_VEC: graph.vector,
        }
        if self.task is not None:
            arrays[key.MODAL_TYPE] = np.full(len(structures), self.model.modal_map[self.task])
        return {k: self._cast(torch.from_numpy(value)) for k, value in arrays.items()}

    def _cast(self, value: Tensor) -> Tensor:
        return value.to(self.device, self.dtype if value.is_floating_point() else None)

    def _final_map(self) -> tuple[base.FloatArray, float]:
        """Weights (n_channels,) and bias of hidden -> energy, read off by feeding unit vectors."""
        linear = self.model.get_submodule(f"{TO_ENERGY}.linear")
        unit = torch.eye(linear.irreps_in.dim, device=self.device, dtype=self.dtype)
        with torch.inference_mode():
            bias = linear(torch.zeros_like(unit[:1]))
            weight = (linear(unit) - bias)[:, 0]
        return weight.double().cpu().numpy(), float(bias)

    def _scale_and_shift(self) -> tuple[base.FloatArray, base.FloatArray]:
        """Scale and shift (eV) by atomic number, for this task."""
        module = self.model.get_submodule("rescale_atomic_energy")
        modal = None if self.task is None else self.model.modal_map[self.task]
        numbers = sorted(self.type_map)
        columns = [self.type_map[z] for z in numbers]
        tables = []
        for name in ("scale", "shift"):
            values = getattr(module, name).detach().double().cpu().numpy()
            if values.ndim == 2:  # (task, element)
                values = values[modal]
            table = np.zeros(max(numbers) + 1)
            table[numbers] = values[columns] if values.size > 1 else values
            tables.append(table)
        return tables[0], tables[1]


def _path(checkpoint: str) -> Path:
    """Find the file of a checkpoint: a name known to the package, or a path."""
    if checkpoint in NAMES:
        return Path(pretrained_name_to_path(checkpoint))
    return Path(checkpoint)


def _load(path: Path) -> AtomGraphSequential:
    """Build the model of a checkpoint file, for batches of structures."""
    with warnings.catch_warnings(action="ignore"):
        model = SevenNetCheckpoint(path).build_model()
    children = dict(model.named_children())
    if TO_HIDDEN not in children:
        raise ValueError("this SevenNet has a fully connected readout, which is not supported")
    model.set_is_batch_data(True)
    return model
