# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "nequip==0.19.1",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "e3nn==0.6.0", "matscipy==1.3.1",
#   "lightning==2.6.6", "hydra-core==1.3.8", "torchmetrics==1.9.0", "lmdb==3.0.0",
# ]
# ///
"""NequIP: an equivariant network (Batzner et al. 2022), as the framework's own programs save it.

Backbone: the scalars after the last convolution, which enter the readout. Last layer: what the
readout's final linear map sees. The published models' readout is that map alone, and then the two
are the same: E_i = scale[Z_i] (w . h_i + b) + shift[Z_i], plus a pair potential if there is one.
Layers: the embedding of the element, and the node features after every convolution. Scalars stay as
they are; channels with l > 0 enter as their norms.

A packaged model (``.nequip.zip``) brings the code that it was trained with, and is run by that. A
compiled one (``nequip-compile``) has no layers to be read.
"""

from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase.data import atomic_numbers
from nequip.integrations.ase import NequIPCalculator
from nequip.model.saved_models import load_saved_model
from nequip.model.saved_models.load_utils import _get_model_file_path
from nequip.utils.global_state import set_global_state
from torch import Tensor

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, Structures

PACKAGE = "nequip"
FEATURES_VERSION = 1
FEATURES, ENERGY, TYPES = "node_features", "atomic_energy", "atom_types"  # in the graph
EMBEDDING, LENGTHS = "type_embed", "edge_norm"  # modules, in this order
READOUT, SCALE_SHIFT = "per_atom_energy_readout", "per_type_energy_scale_shift"
PAIRS, TOTAL = "pair_potential", "total_energy_sum"
CONVOLUTION = "_convnet"


class Extractor(_network.Extractor):
    """A NequIP model: a package, or a checkpoint of its trainer."""

    compiled_from = "the package (.nequip.zip) or checkpoint (.ckpt) that it was compiled from"

    def _load(self) -> Any:
        """Read a model; a file of either kind runs code that is in it."""
        set_global_state()
        model = load_saved_model(str(self.checkpoint_file))
        self.network = dict(model.model.func.named_children())
        self.types = [atomic_numbers[name] for name in model.metadata["type_names"].split()]
        self.final = _final(self.network)
        return model

    def _set_up(self, model: Any, task: str | None) -> None:
        base.choose_task(task, (), self.name)
        _cast(model, self.dtype)
        model.to(self.device).eval().requires_grad_(False)
        self.cutoff = float(model.metadata["r_max"])
        self.elements = frozenset(self.types)
        self.type_of = _network.by_number(self.types, np.arange(len(self.types)))
        nodes = itemgetter(FEATURES)
        self.inside = _network.entering(nodes, backbone=self.network[READOUT])
        self.inside |= _network.entering(last_layer=self.final)
        blocks = (x for name, x in self.network.items() if name.endswith((EMBEDDING, CONVOLUTION)))
        self.layers = _network.steps(blocks, nodes, lambda block: block.irreps_out[FEATURES])

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        data = self._graph(structures)
        for name, module in self.network.items():
            if name == TOTAL:
                break
            data = module(data)
        return base.sum_by_structure(_network.double(data[ENERGY][:, 0]), structures)

    @torch.inference_mode()
    def energy_from_last_layer(self, last_layer: FloatArray, structures: Structures) -> FloatArray:
        """Total energies (n_structures,) in eV: the sum at the top of this file."""
        weight = (self.final.weight * self.final.alpha)[:, 0].cpu().double().numpy()
        bias = 0.0 if self.final.bias is None else float(self.final.bias)
        graph = self._graph(structures)
        energy = torch.from_numpy(last_layer.astype(np.float64) @ weight + bias)
        graph[ENERGY] = energy[:, None].to(self.device)
        for name in (SCALE_SHIFT, LENGTHS, PAIRS):
            if name in self.network:
                graph = self.network[name](graph)
        return base.sum_by_structure(graph[ENERGY][:, 0].cpu().numpy(), structures)

    def package_calculator(self) -> Any:
        """NequIPCalculator on this checkpoint; it computes in the model's own precision."""
        return NequIPCalculator._from_saved_model(
            self.checkpoint_file, device=self.device, chemical_species_to_atom_type_map=True
        )

    def _graph(self, structures: Structures) -> dict[str, Tensor]:
        """Build the input of the network, whose geometry is always in float64."""
        graph = base.neighbors(structures, self.cutoff)
        arrays: dict[str, Any] = {
            "pos": np.concatenate([atoms.positions for atoms in structures]),
            TYPES: self.type_of[graph.numbers],
            "edge_index": graph.pairs,
            "edge_vectors": graph.vector,
            "batch": graph.structure,
            "num_atoms": np.array([len(atoms) for atoms in structures]),
        }
        return {name: torch.from_numpy(x).to(self.device) for name, x in arrays.items()}


def download(name: str) -> Path:
    """Fetch a published package, such as "NequIP-OAM-L:0.1", into the package's cache."""
    with _get_model_file_path(f"nequip.net:mir-group/{name}") as path:
        return Path(path)


def _final(network: dict[str, Any]) -> Any:
    """Return the readout's final linear map, in a network of the known steps."""
    known = {EMBEDDING, "spharm", LENGTHS, "bessel_encode", "factor", READOUT, SCALE_SHIFT}
    steps = {name for name in network if not name.endswith(CONVOLUTION)}
    if not known <= steps <= known | {PAIRS, TOTAL}:
        raise base.UnsupportedError(", ".join(network), "only NequIP itself is, not Allegro")
    if network[EMBEDDING].do_categorical_graph_field_embed:
        raise base.UnsupportedError("conditioned", "it reads more of a structure than its atoms")
    perceptron = network[READOUT].mlp_module.mlp
    if not isinstance(perceptron, torch.nn.Sequential):
        raise base.UnsupportedError("deep linear readout")
    return perceptron[-1]


def _cast(model: Any, dtype: torch.dtype) -> None:
    """Compute in another precision: modules keep the type of what they make in attributes."""
    if model.model_dtype == dtype:  # what is in float64 anyway stays so
        return
    model.to(dtype)
    for module in model.modules():
        for name in ("model_dtype", "_output_dtype"):
            if hasattr(module, name):
                setattr(module, name, dtype)
