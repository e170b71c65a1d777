# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "mattersim==1.2.3",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "e3nn==0.6.0", "torch-geometric==2.8.1",
#   "matscipy==1.3.1", "pymatgen-core==2026.10.16", "scikit-learn==1.9.1", "torch-ema==0.3",
#   "torch-runstats==0.2.0", "torchmetrics==1.9.0", "deprecated==1.3.1", "loguru==0.7.3",
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

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mattersim.datasets.utils.convertor import compute_threebody_indices
from mattersim.forcefield.m3gnet.m3gnet import M3Gnet
from mattersim.forcefield.potential import MatterSimCalculator, Potential
from mattersim.utils.download_utils import download_checkpoint

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, Structures

PACKAGE = "mattersim"
FEATURES_VERSION = 1


class Extractor(_network.Gated):
    """A MatterSim checkpoint, as published or as its trainer saves them."""

    def _load(self) -> M3Gnet:
        """Read the checkpoint into the network, as the package does, in float32."""
        saved = torch.load(self.checkpoint_file, map_location="cpu", weights_only=True)
        if saved["model_name"] != "m3gnet":
            raise base.UnsupportedError(saved["model_name"])
        model = M3Gnet(device="cpu", **saved["model_args"])
        keys = model.load_state_dict(saved["model"], strict=False)  # constants may be left out
        learned = dict(model.named_parameters()).keys()
        if lost := [key for key in keys.missing_keys if key in learned]:
            raise KeyError(lost[0])
        return model

    def _set_up(self, model: Any, task: str | None) -> None:
        base.choose_task(task, (), self.name)
        self.model = self._placed(model)
        self.cutoff = float(model.model_args["cutoff"])
        self.triplet_cutoff = float(model.model_args["threebody_cutoff"])
        self.elements = frozenset(range(1, model.max_z + 1))
        scaling = model.normalizer
        self.scale, self.shift = map(_network.double, (scaling.scale, scaling.shift))
        self._watch(model.final, model.final.g[-1].linear, model.final.sigma[-1].linear)
        self.layers = _network.steps((model.atom_embedding, *model.graph_conv))

    def package_calculator(self) -> Any:
        """MatterSimCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        potential = Potential.from_checkpoint(
            str(self.checkpoint_file), device=self.device.type, load_training_state=False
        )
        return MatterSimCalculator(potential, device=self.device.type)

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        # As ``M3Gnet.forward``, which makes float32 of its input whatever the weights are.
        model, graph = self.model, base.neighbors(structures, self.cutoff)
        distance, n_pairs = np.linalg.norm(graph.vector, axis=1), len(graph.first)
        triplets, per_pair, *_ = compute_threebody_indices(
            graph.pairs.T, distance, len(graph.numbers), graph.numbers, self.triplet_cutoff
        )
        owner = self._tensor(np.repeat(np.arange(n_pairs), per_pair))
        index, triplets = self._tensor(graph.pairs), self._tensor(triplets.astype(np.int64))
        vector, length = self._tensor(graph.vector), self._tensor(distance)
        one, other = vector[triplets[:, 0]], vector[triplets[:, 1]]
        products = length[triplets[:, 0]] * length[triplets[:, 1]]
        cosine = ((one * other).sum(1) / products).clamp(-1 + 1e-7, 1 - 1e-7)
        three = model.sbf(length[triplets[:, 1]], torch.acos(cosine))
        species = model.one_hot_atoms(self._tensor(graph.numbers)).to(self.dtype)
        atoms = model.atom_embedding(species)
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
        return self._energy(model.final(atoms), structures, seen)


def download(name: str) -> Path:
    """Fetch a published checkpoint, such as "mattersim-v1.0.0-1M", into the package's folder."""
    folder = Path("~/.local/mattersim/pretrained_models").expanduser()
    path = folder / f"{name}.pth"
    if not path.exists():
        download_checkpoint(path.name, save_folder=str(folder))
    return path
