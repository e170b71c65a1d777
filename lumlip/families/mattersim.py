# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "mattersim==1.2.3",
#   "torch==2.13.0",
#   "numpy==2.4.6",
#   "ase==3.29.0",
#   "e3nn==0.6.0",
#   "torch-geometric==2.8.1",
#   "matscipy==1.3.1",
#   "pymatgen-core==2026.10.16",
#   "scikit-learn==1.9.1",
#   "torch-ema==0.3",
#   "torch-runstats==0.2.0",
#   "torchmetrics==1.9.0",
#   "deprecated==1.3.1",
#   "loguru==0.7.3",
#   "requests==2.34.2",
# ]
# [tool.lumlip]
# no-deps = ["mattersim"]  # asks for phonons, workflows, clouds and torchvision, too
# ///
"""MatterSim v1: an M3GNet of Microsoft's own (Yang et al. 2024).

Backbone: the atom features (128 or 256) that enter the gated readout. Last layer: [h | g], the two
hidden activations that enter its two final linear maps. The readout is gated, so the energy is
linear in h for a given g: E_i = scale[Z_i] (w . h_i + b) sigmoid(v . g_i + c) + shift[Z_i].
Layers: the atom features (invariant) as embedded and after every block, each of which reads the
triplets too; the last of them is the backbone.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from mattersim.datasets.utils.convertor import compute_threebody_indices
from mattersim.forcefield.m3gnet.m3gnet import M3Gnet
from mattersim.forcefield.potential import MatterSimCalculator, Potential
from mattersim.utils.download_utils import download_checkpoint
from torch import Tensor

from lumlip.families import base

PACKAGE = "mattersim"
FEATURES_VERSION = 1


class Extractor(base.Extractor):
    """A MatterSim checkpoint, as published or as its trainer saves them."""

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        base.reuse_memory()
        self.checkpoint_file = Path(checkpoint)
        self.name = f"mattersim:{checkpoint}"
        base.choose_task(task, (), self.name)
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        with base.reading(self.checkpoint_file, "mattersim"):
            model = _load(self.checkpoint_file)
        self.model = model.to(self.device, self.dtype).eval().requires_grad_(False)
        self.cutoff = float(model.model_args["cutoff"])
        self.triplet_cutoff = float(model.model_args["threebody_cutoff"])
        self.elements = frozenset(range(1, model.max_z + 1))

    @torch.inference_mode()
    def extract(self, structures: Sequence[Atoms], *, layers: bool = False) -> base.Features:
        """One forward pass over a batch: no forces, no gradients."""
        base.check_elements(structures, self.elements, self.name)
        blocks = {f"interaction_{i}": x for i, x in enumerate(self.model.graph_conv, start=1)}
        with (
            base.outputs({"embedding": self.model.atom_embedding} if layers else {}) as first,
            base.outputs(blocks if layers else {}, itemgetter(0)) as after,  # (atoms, edges)
        ):
            backbone = self._atom_features(base.neighbors(structures, self.cutoff))
        final = self.model.final
        hidden, gate = final.g[:-1](backbone), final.sigma[:-1](backbone)
        site = final.g[-1](hidden) * final.sigma[-1](gate)
        return base.Features(
            backbone.cpu().numpy(),
            torch.cat([hidden, gate], dim=1).cpu().numpy(),
            self._total(site[:, 0].cpu().double().numpy(), structures),
            layers={name: x.cpu().numpy() for name, x in (first | after).items()},
        )

    def energy_from_last_layer(
        self, last_layer: base.FloatArray, structures: Sequence[Atoms]
    ) -> base.FloatArray:
        """Total energies (n_structures,) in eV, by the gated formula of this module."""
        value, opening = (
            half @ final.linear.weight[0].cpu().double().numpy() + float(final.linear.bias)
            for half, final in zip(
                np.hsplit(last_layer.astype(np.float64), 2),
                (self.model.final.g[-1], self.model.final.sigma[-1]),
                strict=True,
            )
        )
        return self._total(value / (1 + np.exp(-opening)), structures)

    def package_calculator(self) -> Any:
        """MatterSimCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        potential = Potential.from_checkpoint(
            str(self.checkpoint_file), device=self.device.type, load_training_state=False
        )
        return MatterSimCalculator(potential, device=self.device.type)

    def _atom_features(self, graph: base.Neighbors) -> Tensor:
        """Run the network but its readout: (n_atoms, n_channels).

        As ``M3Gnet.forward``, which makes float32 of its input whatever the weights are.
        """
        model, n_pairs = self.model, len(graph.first)
        distance = np.linalg.norm(graph.vector, axis=1)
        pairs = np.stack([graph.first, graph.second])
        triplets, per_pair, *_ = compute_threebody_indices(
            pairs.T, distance, len(graph.numbers), graph.numbers, self.triplet_cutoff
        )
        owner = self._tensor(np.repeat(np.arange(n_pairs), per_pair))
        index, triplets = self._tensor(pairs), self._tensor(triplets.astype(np.int64))
        vector, length = self._tensor(graph.vector), self._tensor(distance)
        one, other = vector[triplets[:, 0]], vector[triplets[:, 1]]
        products = length[triplets[:, 0]] * length[triplets[:, 1]]
        cosine = ((one * other).sum(1) / products).clamp(-1 + 1e-7, 1 - 1e-7)
        three = model.sbf(length[triplets[:, 1]], torch.acos(cosine))
        species = model.one_hot_atoms(self._tensor(graph.numbers)).to(self.dtype)
        atoms: Tensor = model.atom_embedding(species)
        zero = model.rbf(length)
        edges, lengths = model.edge_encoder(zero), length[:, None]
        for block in model.graph_conv:
            atoms, edges = block(
                *(atoms, edges, zero, index, three, triplets, lengths, None),
                num_triple_ij=owner,  # what follows is in its place
                num_atoms=None,
                total_num_atoms=len(graph.numbers),
                total_num_bonds=n_pairs,
                three_body_edge_map=owner,
            )
        return atoms

    def _tensor(self, array: base.FloatArray | base.IntArray) -> Tensor:
        tensor = torch.from_numpy(array)
        return tensor.to(self.device, self.dtype if tensor.is_floating_point() else None)

    def _total(self, site: base.FloatArray, structures: Sequence[Atoms]) -> base.FloatArray:
        """Total energies in eV of the readout's values (n_atoms,)."""
        numbers = np.concatenate([atoms.numbers for atoms in structures])
        normalizer = self.model.normalizer
        scale, shift = (x.cpu().double().numpy() for x in (normalizer.scale, normalizer.shift))
        return base.sum_by_structure(site * scale[numbers] + shift[numbers], structures)


def download(name: str) -> Path:
    """Fetch a published checkpoint, such as "mattersim-v1.0.0-1M", into the package's folder."""
    folder = Path("~/.local/mattersim/pretrained_models").expanduser()
    path = folder / f"{name}.pth"
    if not path.exists():
        download_checkpoint(path.name, save_folder=str(folder))
    return path


def _load(path: Path) -> M3Gnet:
    """Read a checkpoint into the network, as the package does, in float32."""
    saved = torch.load(path, map_location="cpu", weights_only=True)
    if saved["model_name"] != "m3gnet":
        raise base.UnsupportedError(saved["model_name"])
    model = M3Gnet(device="cpu", **saved["model_args"])
    keys = model.load_state_dict(saved["model"], strict=False)  # constants may be left out
    learned = dict(model.named_parameters()).keys()
    if lost := [key for key in keys.missing_keys if key in learned]:
        raise KeyError(lost[0])
    return model
