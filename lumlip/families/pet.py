# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "upet==0.3.1",
#   "metatrain==2026.4.1",
#   "metatomic-torch==0.1.19",
#   "torch==2.13.0",
#   "numpy==2.4.6",
#   "ase==3.29.0",
#   "matscipy==1.3.1",
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

Traps. The biases of the edge heads need sum_j f_ij, which is no feature: it is computed from the
geometry again, as is the repulsion of close nuclei (ZBL) where a checkpoint has one. PET learns
rotations and inversions from examples: features and energies change when a structure is rotated.
PET matches each edge with its reverse by sorting: a list that holds one without the other, as may
happen at the cutoff, would silently mix up all edges of the batch. A checkpoint is a pickle:
loading one runs code from it. Models that know charge and spin multiplicity read ``info["charge"]``
and ``info["spin_multiplicity"]`` (or ``info["spin"]``) of a structure, else take 0 and 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import metatrain
import numpy as np
import torch
import warp
from ase import Atoms
from numpy.typing import NDArray
from torch import Tensor, nn

from lumlip.families import base

# metatrain brings warp, which would greet on stdout, where the worker reports its progress.
warp.config.log_level = warp.LOG_ERROR

from metatomic.torch import ModelOutput  # noqa: E402
from metatrain.llpr import LLPRUncertaintyModel  # noqa: E402
from metatrain.pet import PET as PET  # noqa: E402
from metatrain.pet.modules.backend import PETBackend  # noqa: E402
from metatrain.utils.additive import ZBL  # noqa: E402
from metatrain.utils.io import load_model as load_model  # noqa: E402
from upet import _models as upet_models  # noqa: E402
from upet.ase import UPETCalculator  # noqa: E402

PACKAGE = "upet"
FEATURES_VERSION = 1
# PET drops pairs beyond its cutoff itself, both directions or none; ours must not do it before.
MARGIN = 1e-3  # Å


class Extractor(base.Extractor):
    """A PET checkpoint: a file written by metatrain's trainer, as published for ``upet``."""

    invariant: ClassVar[bool] = False

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        base.reuse_memory()
        self.checkpoint_file = Path(checkpoint)
        self.name = f"pet:{checkpoint}"
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        exported_from = "the .ckpt file that it was exported from"
        with base.reading(self.checkpoint_file, "pet", compiled_from=exported_from):
            model = _load(self.checkpoint_file)
            targets = energy_targets(model)
        self.tasks = tuple(targets) if len(targets) > 1 else ()
        single = next(iter(targets)) if task is None and len(targets) == 1 else None
        self.task = None if single else base.choose_task(task, self.tasks, self.name)
        self.target = targets[single or str(self.task)]
        self.scale, self.reference = scale_and_reference(model, self.target)
        self.model = model.to(self.device, self.dtype).eval().requires_grad_(False)
        self.backend = self.model.backend
        self.cutoff = float(model.cutoff)
        self.elements = frozenset(map(int, model.atomic_types))
        self.heads = _heads(self.backend, self.target)

    @torch.inference_mode()
    def extract(self, structures: Sequence[Atoms], *, layers: bool = False) -> base.Features:
        """One forward pass over a batch: no forces, no gradients."""
        base.check_elements(structures, self.elements, self.name)
        batch = self._batch(structures)
        with self._after_layers(layers) as after:
            nodes, edges = self.backend.calculate_features(batch)
        factors = batch["cutoff_factors"]
        backbone = torch.cat([*nodes, *(_collect(edge, factors) for edge in edges)], dim=1)
        last_layer, site = [], torch.zeros(len(factors), device=self.device, dtype=self.dtype)
        for node, edge, heads in zip(nodes, edges, self.heads, strict=True):
            node_head, edge_head, node_map, edge_map = heads
            node, edge = node_head(node), edge_head(edge)
            last_layer += [node, _collect(edge, factors)]
            site += node_map(node)[:, 0] + _collect(edge_map(edge), factors)[:, 0]
        return base.Features(
            backbone.cpu().numpy(),
            torch.cat(last_layer, dim=1).cpu().numpy(),
            self._total(site.cpu().double().numpy(), structures),
            layers=_layers(after, nodes, edges, factors) if layers else {},
        )

    @torch.inference_mode()
    def energy_from_last_layer(
        self, last_layer: base.FloatArray, structures: Sequence[Atoms]
    ) -> base.FloatArray:
        """Total energies (n_structures,) in eV: the sum at the top of this file."""
        maps: list[Any] = [layer for heads in self.heads for layer in heads[2:]]
        weight = torch.cat([layer.weight[0] for layer in maps]).cpu().double().numpy()
        on_nodes, on_edges = (float(sum(layer.bias for layer in maps[i::2])) for i in (0, 1))
        factors = self._batch(structures)["cutoff_factors"].double().sum(1).cpu().numpy()
        site = last_layer.astype(np.float64) @ weight + on_nodes + on_edges * factors
        return self._total(site, structures)

    def package_calculator(self) -> Any:
        """UPETCalculator on this checkpoint, in our dtype."""
        variant = self.target.partition("/")[2] or None
        with warnings.catch_warnings(action="ignore"):
            return UPETCalculator(
                checkpoint_path=self.checkpoint_file,
                dtype=self.dtype,
                device=self.device.type,
                variants={"energy": variant} if variant else None,
            )

    def package_features(self, atoms: Atoms) -> dict[str, tuple[base.FloatArray, base.FloatArray]]:
        """PET's two outputs of features: name -> (ours, the package's)."""
        last_layer = f"mtt::aux::{self.target.removeprefix('mtt::')}_last_layer_features"
        ours = self.extract([atoms])
        boxed = base.in_box(atoms, self.cutoff)
        wanted = {name: ModelOutput(sample_kind="atom") for name in ("feature", last_layer)}
        theirs = self._calculator._base_calculator.run_model(boxed, wanted)
        arrays = {name: theirs[name].block().values.detach().cpu().numpy() for name in wanted}
        return {
            "feature": (ours.backbone, arrays["feature"]),
            "last_layer_features": (ours.last_layer, arrays[last_layer]),
        }

    @contextmanager
    def _after_layers(self, wanted: bool) -> Iterator[dict[str, Tensor]]:
        """Keep the first embedding of nodes, and of "feedforward" nodes and edges of all layers."""
        backend = self.backend
        modules = {"embedding": backend.node_embedders[0]}
        if backend.featurizer_type == "feedforward":
            for i, node in enumerate(backend.gnn_layers_post_mp_node):
                modules |= {f"node_{i}": node, f"edge_{i}": backend.gnn_layers_post_mp_edge[i]}
        with base.outputs(modules if wanted else {}) as kept:
            yield kept

    def _batch(self, structures: Sequence[Atoms]) -> dict[str, Tensor]:
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

    def _total(self, site: base.FloatArray, structures: Sequence[Atoms]) -> base.FloatArray:
        """Total energies in eV of the network's values (n_atoms,)."""
        numbers = np.concatenate([atoms.numbers for atoms in structures])
        site = site * self.scale + self.reference[numbers]
        for additive in self.model.additive_models:
            if isinstance(additive, ZBL):
                site = site + _repulsion(additive, structures)
        return base.sum_by_structure(site, structures)


def inputs(structures: Sequence[Atoms], cutoff: float) -> dict[str, Tensor]:
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


def energy_targets(model: PET) -> dict[str, str]:
    """Return the energies that a model predicts, by task: ``"energy/pbe"`` is task ``"pbe"``."""
    targets = model.dataset_info.targets
    names = [k for k in model.target_names if targets[k].quantity == "energy"]
    names = [k for k in names if targets[k].is_scalar]
    if not names:
        raise base.UnsupportedError(", ".join(model.target_names), "it predicts no energy")
    return {name.removeprefix("energy/"): name for name in names}


def scale_and_reference(model: PET, target: str) -> tuple[float, base.FloatArray]:
    """Scale of a target, and its composition energies (eV) by atomic number."""
    scale = model.scaler.model.scales[target].block().values
    block = model.additive_models[0].model.weights[target].block()
    numbers = block.samples.column("center_type").cpu().numpy()
    reference = np.zeros(numbers.max() + 1)
    reference[numbers] = block.values[:, 0].cpu().double().numpy()
    return float(scale.ravel()[0]), reference


def download(name: str) -> Path:
    """Fetch a published checkpoint, such as ``"pet-mad-s-v1.5.0"``, into Hugging Face's cache."""
    model, size, version = upet_models.parse_checkpoint_filename(f"{name}.ckpt")
    if model is None:
        raise ValueError(f"got {name!r}, expected MODEL-SIZE-vVERSION such as pet-mad-s-v1.5.0")
    with warnings.catch_warnings(action="ignore"):  # that a model is deprecated
        *_, path = upet_models._resolve_and_download_checkpoint(model, size, version)
    return Path(path)


def _load(path: Path) -> PET:
    """Read a checkpoint; what its pickle says is run."""
    try:
        with warnings.catch_warnings(action="ignore"):
            model = load_model(path)
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
    return model


def _heads(backend: PETBackend, target: str) -> list[tuple[nn.Module, ...]]:
    """Of each readout: node head, edge head, and the final linear maps of both."""
    maps = (backend.node_last_layers, backend.edge_last_layers)
    final = [[next(iter(blocks.values())) for blocks in layers[target]] for layers in maps]
    heads = (backend.node_heads[target], backend.edge_heads[target])
    return list(zip(*heads, *final, strict=True))


def _collect(edge: Tensor, factors: Tensor) -> Tensor:
    """Sum over neighbors, weighted by the cutoff: (n_atoms, n_neighbors, n) to (n_atoms, n)."""
    return torch.einsum("ijk,ij->ik", edge, factors)


def _layers(
    kept: dict[str, Tensor], nodes: list[Tensor], edges: list[Tensor], factors: Tensor
) -> dict[str, base.FloatArray]:
    """Features (n_atoms, n) after every layer: [node | sum_j f_ij edge], as the backbone is."""
    if "node_0" in kept:  # "feedforward": the lists hold the last layer only
        n_layers = len(kept) // 2
        nodes, edges = ([kept[f"{x}_{i}"] for i in range(n_layers)] for x in ("node", "edge"))
    steps = [
        torch.cat([node, _collect(edge, factors)], dim=1)
        for node, edge in zip(nodes, edges, strict=True)
    ]
    named = {f"interaction_{i}": step for i, step in enumerate(steps, start=1)}
    return {k: x.cpu().numpy() for k, x in {"embedding": kept["embedding"], **named}.items()}


def _repulsion(additive: ZBL, structures: Sequence[Atoms]) -> base.FloatArray:
    """Repulsion of close nuclei after Ziegler, Biersack and Littmark (n_atoms,), in eV."""
    graph = base.neighbors(structures, additive.cutoff_radius)
    numbers = torch.from_numpy(graph.numbers)
    length = torch.from_numpy(np.linalg.norm(graph.vector, axis=1))
    device = additive.covalent_radii.device
    pair = additive.get_pairwise_zbl(
        *(x.to(device) for x in (numbers[graph.first], numbers[graph.second], length))
    )
    repulsion: NDArray[Any] = np.bincount(
        graph.first, pair.cpu().double().numpy(), minlength=len(numbers)
    )
    return repulsion
