"""What SevenNet and HIENet, which grew out of it, share: modules in a row, the last two linear.

Backbone: the scalars after the last gate, which enter ``reduce_input_to_hidden``. Last layer: its
outputs, which enter ``reduce_hidden_to_energy``. No activation stands between these two maps: the
last layer is rebuilt from the backbone exactly, by construction, and the energy is linear in both.
E = sum_i (w . last_layer_i + b) * scale[Z_i] + shift[Z_i]; the shift may depend on the task.
Layers: the node features as embedded, after every invariant convolution (HIENet alone has one),
and after every gate. Scalars stay as they are; channels with l > 0 enter as their norms. The last
gate leaves scalars only: the backbone.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from ase import Atoms
from torch import Tensor

from lumlip.families import base

TO_HIDDEN, TO_ENERGY = "reduce_input_to_hidden", "reduce_hidden_to_energy"
VECTORS, EMBEDDING, TOTAL = "edge_preprocess", "onehot_to_feature_x", "reduce_total_enegy"  # (sic)
STEPS = ("_invariant_convolution", "_equivariant_gate")
NODES, BATCH, EDGES, EDGE_VECTORS = "x", "batch", "edge_index", "edge_vec"  # in the graph
ENERGY, MODAL = "atomic_energy", "modal_type"


class Extractor(base.Extractor):
    """A checkpoint of either family, read off module by module."""

    family: ClassVar[str]

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        base.reuse_memory()
        self.checkpoint_file = self._path(checkpoint)
        self.name = f"{self.family}:{checkpoint}"
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        deployed_from = "the checkpoint file (.pth) that it was deployed from"
        with base.reading(self.checkpoint_file, self.family, compiled_from=deployed_from):
            model = self._load()
        modals = getattr(model, "modal_map", None) or {}
        self.tasks = tuple(modals)
        self.task = base.choose_task(task, self.tasks, self.name)
        self.modal = None if self.task is None else modals[self.task]
        self.model = model.to(self.device, self.dtype).eval().requires_grad_(False)
        self.cutoff = float(model.cutoff)
        self.type_map = dict(model.type_map)
        self.elements = frozenset(self.type_map)
        self.scale, self.shift = self._table("scale"), self._table("shift")

    @abstractmethod
    def _path(self, checkpoint: str) -> Path:
        """Find the file of a checkpoint: a name known to the package, or a path."""

    @abstractmethod
    def _load(self) -> Any:
        """Build the model of the checkpoint file, for batches of structures."""

    @torch.inference_mode()
    def extract(self, structures: Sequence[Atoms], *, layers: bool = False) -> base.Features:
        """One forward pass over a batch: no forces, no gradients."""
        base.check_elements(structures, self.elements, self.name)
        data, after = self._graph(structures), {}
        for name, module in self.model.named_children():
            if name == TOTAL:  # forces would follow
                break
            if name == VECTORS:  # the graph has them
                continue
            if name == TO_HIDDEN:
                backbone = data[NODES]
            if name == TO_ENERGY:
                last_layer = data[NODES]
            data = module(data)
            if name.startswith("one"):  # one-hot modules write float32 whatever the model has
                data = {k: self._cast(value) for k, value in data.items()}
            if layers and name == EMBEDDING:
                after["embedding"] = data[NODES].cpu().numpy().copy()
            if layers and name.endswith(STEPS):
                after[f"interaction_{len(after)}"] = _invariants(data[NODES], module)
        site = data[ENERGY].squeeze(1).cpu().numpy()
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
        weight, bias = self._linear(TO_ENERGY)
        site = last_layer.astype(np.float64) @ weight[:, 0] + float(bias[0])
        return base.sum_by_structure(site * self.scale[numbers] + self.shift[numbers], structures)

    def energy_from_readout(
        self, readout: base.FloatArray, structures: Sequence[Atoms]
    ) -> base.FloatArray:
        """The same from the backbone, by both maps; the first may see the task beside it."""
        weight, bias = self._linear(TO_HIDDEN)
        backbone, tasks = np.split(weight, [readout.shape[1]])
        of_task = tasks[self.modal] if len(tasks) else 0.0
        hidden = readout.astype(np.float64) @ backbone + of_task + bias
        return self.energy_from_last_layer(hidden, structures)

    def _graph(self, structures: Sequence[Atoms]) -> dict[str, Tensor]:
        """Build the input of the network; edges equal the package's own."""
        graph = base.neighbors(structures, self.cutoff)
        types = np.array([self.type_map[z] for z in graph.numbers.tolist()])
        arrays: dict[str, Any] = {
            NODES: types,
            BATCH: graph.structure,
            EDGES: np.stack([graph.first, graph.second]),
            EDGE_VECTORS: graph.vector,
        }
        if self.modal is not None:
            arrays[MODAL] = np.full(len(structures), self.modal)
        return {k: self._cast(torch.from_numpy(value)) for k, value in arrays.items()}

    def _cast(self, value: Tensor) -> Tensor:
        return value.to(self.device, self.dtype if value.is_floating_point() else None)

    @torch.inference_mode()
    def _linear(self, name: str) -> tuple[base.FloatArray, base.FloatArray]:
        """Weights (n_in, n_out) and biases (n_out,) of a map, read off by feeding unit vectors."""
        linear = self.model.get_submodule(f"{name}.linear")
        n_in = next(m.irreps_in.dim for m in linear.modules() if hasattr(m, "irreps_in"))
        unit = torch.eye(n_in, device=self.device, dtype=self.dtype)
        bias = linear(torch.zeros_like(unit[:1]))
        weight = linear(unit) - bias
        return weight.cpu().double().numpy(), bias[0].cpu().double().numpy()

    def _table(self, name: str) -> base.FloatArray:
        """Scale or shift (eV) by atomic number, for this task; some have one for all elements."""
        module = self.model.get_submodule("rescale_atomic_energy")
        values = getattr(module, name).detach().cpu().double().numpy()
        if values.ndim == 2:  # (task, element)
            values = values[self.modal]
        numbers = sorted(self.type_map)
        table = np.zeros(max(numbers) + 1)
        table[numbers] = values[[self.type_map[z] for z in numbers]] if values.size > 1 else values
        return table


def _invariants(values: Tensor, module: Any) -> base.FloatArray:
    """Invariants (n_atoms, n_channels) of what a gate, or an invariant convolution, has left."""
    rows, gate = values.cpu().numpy().copy(), getattr(module, "gate", None)
    return base.invariants(rows, gate.irreps_out) if gate else rows
