# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "upet==0.3.1",
#   "metatrain==2026.4.1", "metatomic-torch==0.1.19", "torch==2.13.0", "numpy==2.4.6",
#   "ase==3.29.0", "matscipy==1.3.1",
# ]
# ///
"""PET: a transformer over the atoms around each atom, edges as tokens (Pozdnyakov, Ceriotti 2023).

A readout layer has node features n_i and edge features e_ij. There is one (after the last layer)
with the featurizer "feedforward", one per layer with "residual". Backbone: [n_i | sum_j f_ij e_ij]
with the cutoff factor f_ij of an edge; of several readouts first all nodes, then all edges. Last
layer: of each readout [h_i | sum_j f_ij h_ij], where h are the outputs of the node and edge heads.
Both are the package's own outputs ``feature`` and ``mtt::aux::energy_last_layer_features``.
E = sum_i scale * (w . last_layer_i + b_node + b_edge * sum_j f_ij) + composition[Z_i] + ZBL_i.
Layers: the node features as embedded by element, and [n_i | sum_j f_ij e_ij] after every layer;
with "feedforward" the last of them is the backbone.

A model that predicts something else, such as PET-MAD-DOS the density of states, has the same
features of its own heads, and no energy to prove them by.

Traps. The biases of the edge heads need sum_j f_ij, which is no feature: it is computed from the
geometry again, as is the repulsion of close nuclei (ZBL) where a checkpoint has one. PET learns
rotations and inversions from examples: features and energies change when a structure is rotated.
PET matches each edge with its reverse by sorting: a list that holds one without the other, as may
happen at the cutoff, would silently mix up all edges of the batch. A checkpoint is a pickle:
loading one runs code from it. Models that know charge and spin multiplicity read ``info["charge"]``
and ``info["spin_multiplicity"]`` (or ``info["spin"]``) of a structure, else take 0 and 1.
"""

from pathlib import Path
from typing import Any

import metatrain
import numpy as np
import torch
from ase import Atoms
from metatomic.torch import ModelOutput
from metatomic_ase import MetatomicCalculator
from metatrain.llpr import LLPRUncertaintyModel
from metatrain.pet import PET
from metatrain.utils.additive import ZBL
from metatrain.utils.io import load_model
from torch import Tensor
from upet import _models as upet_models
from upet.ase import UPETCalculator
from upet.ase.dos._models import BASE_URL_PET_MAD_DOS
from upet.utils import hf_hub_download_url

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, Structures

PACKAGE = "upet"
FEATURES_VERSION = 1
# PET drops pairs beyond its cutoff itself, both directions or none; ours must not do it before.
MARGIN = 1e-3  # Å


class Extractor(_network.Extractor):
    """A PET checkpoint: a file written by metatrain's trainer, as published for ``upet``."""

    invariant = False
    compiled_from = "the .ckpt file that it was exported from"

    def _load(self) -> PET:
        """Read a checkpoint; what its pickle says is run."""
        try:
            model = load_model(self.checkpoint_file)
        except (RuntimeError, ImportError) as error:
            if "torch-pme" in str(error):  # which no other kind needs
                raise base.UnsupportedError("long_range") from error
            if "too old to read" in str(error):
                advice = f"a later metatrain than the {metatrain.__version__} here has written it"
                raise base.UnsupportedError("newer format", advice) from error
            raise
        if isinstance(model, LLPRUncertaintyModel):  # adds uncertainties, and leaves the energy
            model = model.model
        if not isinstance(model, PET):
            wraps = isinstance(getattr(model, "model", None), PET)
            kind = type(model).__name__
            advice = "give the checkpoint of the PET that it was trained on"
            raise base.UnsupportedError(kind, advice) if wraps else TypeError(kind)
        if model.long_range:
            raise base.UnsupportedError("long_range")
        # energies alone, or if there are none all else; "energy/pbe" is task "pbe"
        names = [x for x in model.target_names if _is_energy(model, x)] or model.target_names
        self.targets = {name.removeprefix("energy/"): name for name in names}
        return model

    def _set_up(self, model: Any, task: str | None) -> None:
        self.tasks = tuple(self.targets) if len(self.targets) > 1 else ()
        self.task = base.choose_task(task, self.tasks, self.name)
        self.target = self.targets[self.task or next(iter(self.targets))]
        if _is_energy(model, self.target):
            scale, reference = scale_and_reference(model, self.target)
            self.scale, self.shift = np.full(len(reference), scale), reference
        else:
            self.no_energy = self.target
        self.model = self._placed(model)
        self.backend = backend = self.model.backend
        self.cutoff = float(model.cutoff)
        self.elements = frozenset(map(int, model.atomic_types))
        self.heads = self._heads()
        maps = [layer for heads in self.heads for layer in heads[2:]]
        self.weight = np.concatenate([_network.double(layer.weight[0]) for layer in maps])
        self.bias, self.edge_bias = (float(sum(x.bias[0] for x in maps[i::2])) for i in (0, 1))
        self.layers = _network.steps([backend.node_embedders[0]])
        if backend.featurizer_type == "feedforward":  # else the pass itself returns all layers
            for i, node in enumerate(backend.gnn_layers_post_mp_node):
                edge = backend.gnn_layers_post_mp_edge[i]
                self.layers |= {f"node_{i}": _network.Step(node), f"edge_{i}": _network.Step(edge)}

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        batch = self._batch(structures)
        factors = batch["cutoff_factors"]
        nodes, edges = self.backend.calculate_features(batch)
        last_layer, site = [], torch.zeros(len(factors), device=self.device, dtype=self.dtype)
        for node, edge, heads in zip(nodes, edges, self.heads, strict=True):
            node_head, edge_head, node_map, edge_map = heads
            node, edge = node_head(node), edge_head(edge)
            last_layer += [node, _collect(edge, factors)]
            site += node_map(node)[:, 0] + _collect(edge_map(edge), factors)[:, 0]
        if seen:
            _to_layers(seen, nodes, edges, factors)
        energy = self._total(_network.double(site), structures) + self._besides(structures)
        if self.no_energy:
            energy[:] = np.nan
        collected = [_collect(edge, factors) for edge in edges]
        seen["backbone"] = torch.cat([*nodes, *collected], dim=1)
        seen["last_layer"] = torch.cat(last_layer, dim=1)
        return energy

    def _site(self, last_layer: FloatArray, structures: Structures) -> FloatArray:
        factors = _network.double(self._batch(structures)["cutoff_factors"].double().sum(1))
        return super()._site(last_layer, structures) + self.edge_bias * factors

    def _besides(self, structures: Structures) -> FloatArray | float:
        """Repulsion of close nuclei after Ziegler, Biersack and Littmark, in eV."""
        total = np.zeros(len(structures))
        for additive in (x for x in self.model.additive_models if isinstance(x, ZBL)):
            graph = base.neighbors(structures, additive.cutoff_radius)
            numbers, device = torch.from_numpy(graph.numbers), additive.covalent_radii.device
            length = torch.from_numpy(np.linalg.norm(graph.vector, axis=1))
            arguments = (numbers[graph.first], numbers[graph.second], length)
            pair = _network.double(additive.get_pairwise_zbl(*(x.to(device) for x in arguments)))
            of_atoms = np.bincount(graph.first, pair, minlength=len(numbers)).astype(np.float64)
            total += base.sum_by_structure(of_atoms, structures)
        return total

    def package_calculator(self) -> Any:
        """UPETCalculator on this checkpoint, in our dtype; without an energy, metatomic's own."""
        if self.no_energy:
            return MetatomicCalculator(self._load().to(self.dtype).export(), device=self.device)
        variant = self.target.partition("/")[2] or None
        return UPETCalculator(
            checkpoint_path=self.checkpoint_file,
            dtype=self.dtype,
            device=self.device.type,
            variants={"energy": variant} if variant else None,
        )

    def package_features(self, atoms: Atoms) -> base.Pairs:
        """PET's two outputs of features: name -> (ours, the package's)."""
        last_layer = f"mtt::aux::{self.target.removeprefix('mtt::')}_last_layer_features"
        ours = self.extract([atoms])
        boxed = base.in_box(atoms, self.cutoff)
        wanted = {name: ModelOutput(sample_kind="atom") for name in ("feature", last_layer)}
        calculator = getattr(self._calculator, "_base_calculator", self._calculator)
        theirs = calculator.run_model(boxed, wanted)
        arrays = {name: _network.array(theirs[name].block().values) for name in wanted}
        return {
            "feature": (ours.backbone, arrays["feature"]),
            "last_layer_features": (ours.last_layer, arrays[last_layer]),
        }

    def _batch(self, structures: Structures) -> dict[str, Tensor]:
        """Build the input of the network; geometry in float64, edges equal the package's."""
        geometry = {k: x.to(self.device) for k, x in inputs(structures, self.cutoff).items()}
        batch = self.backend.preprocess(
            **geometry, cutoff_width_adaptive=self.model.cutoff_width_adaptive
        )
        batch = {k: x.to(self.dtype) if x.is_floating_point() else x for k, x in batch.items()}
        conditioning = self.backend.system_conditioning
        if conditioning is not None:
            states = [base.charge_and_spin(atoms) for atoms in structures]
            charge, spin = torch.tensor(states, device=self.device).T
            conditioning.validate(charge, spin)
            batch |= {"charge": charge, "spin_multiplicity": spin}
            batch["system_indices"] = geometry["system_indices"]
        return batch

    def _heads(self) -> list[tuple[Any, ...]]:
        """Of each readout: node head, edge head, and the final linear maps of both."""
        maps = (self.backend.node_last_layers, self.backend.edge_last_layers)
        final = [[next(iter(x.values())) for x in layers[self.target]] for layers in maps]
        heads = (self.backend.node_heads[self.target], self.backend.edge_heads[self.target])
        return list(zip(*heads, *final, strict=True))


def inputs(structures: Structures, cutoff: float) -> dict[str, Tensor]:
    """Make the geometry that ``PETBackend.preprocess`` takes, in float64, as tensors by name."""
    boxes = [base.in_box(atoms, cutoff) for atoms in structures]
    graph = base.neighbors(boxes, cutoff + MARGIN)
    arrays = {
        "positions": np.concatenate([atoms.positions for atoms in boxes]),
        "centers": graph.first,
        "neighbors": graph.second,
        "species": graph.numbers,
        "cells": np.stack([atoms.cell.array for atoms in boxes]),
        "cell_shifts": graph.image,
        "system_indices": graph.structure,
    }
    return {key: torch.from_numpy(value) for key, value in arrays.items()}


def _is_energy(model: PET, target: str) -> bool:
    told = model.dataset_info.targets[target]
    return told.quantity == "energy" and bool(told.is_scalar)


def scale_and_reference(model: PET, target: str) -> tuple[float, FloatArray]:
    """Scale of a target, and its composition energies (eV) by atomic number."""
    scale = model.scaler.model.scales[target].block().values
    block = model.additive_models[0].model.weights[target].block()
    numbers = block.samples.column("center_type").cpu().numpy()
    reference = _network.by_number(numbers, _network.double(block.values[:, 0]))
    return float(scale.ravel()[0]), reference


def download(name: str) -> Path:
    """Fetch a published checkpoint, such as ``"pet-mad-s-v1.5.0"``, into Hugging Face's cache."""
    if name.startswith("pet-mad-dos-"):
        version = name.rpartition("-")[2]
        return Path(hf_hub_download_url(BASE_URL_PET_MAD_DOS.format(tag="main", version=version)))
    model, size, version = upet_models.parse_checkpoint_filename(f"{name}.ckpt")
    if model is None:
        raise ValueError(f"got {name!r}, expected MODEL-SIZE-vVERSION such as pet-mad-s-v1.5.0")
    with base.quiet():  # that a model is deprecated
        *_, path = upet_models._resolve_and_download_checkpoint(model, size, version)
    return Path(path)


def _collect(edge: Tensor, factors: Tensor) -> Tensor:
    """Sum over neighbors, weighted by the cutoff: (n_atoms, n_neighbors, n) to (n_atoms, n)."""
    return torch.einsum("ijk,ij->ik", edge, factors)


def _to_layers(
    seen: dict[str, Tensor], nodes: list[Tensor], edges: list[Tensor], factors: Tensor
) -> None:
    """Leave layers in what has been seen: [node | sum_j f_ij edge], as the backbone is."""
    if "node_0" in seen:  # "feedforward": the lists hold the last layer only
        n_layers = len(seen) // 2
        nodes, edges = ([seen.pop(f"{x}_{i}") for i in range(n_layers)] for x in ("node", "edge"))
    for i, (node, edge) in enumerate(zip(nodes, edges, strict=True), start=1):
        seen[f"interaction_{i}"] = torch.cat([node, _collect(edge, factors)], dim=1)
