# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "orb-models==0.5.5",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "scipy==1.17.1", "cached-path==1.8.10",
#   "dm-tree==0.1.10", "tqdm==4.70.1",
# ]
# [tool.lumlip]
# no-deps = ["orb-models"]  # asks for dm-tree 0.1.8, which Python 3.13 has no wheel of
# ///
"""Orb v2 and v3: an attention network on edge vectors as they are (Neumann 2024, Rhodes 2025).

Backbone: the atom features (256) that the heads read. The energy head averages them over the
structure first: what its final linear map sees belongs to the structure. This hidden activation
(256) is the last layer, the same for every atom of a structure, and the energy is linear in it:
E = sum_i (std (w . h + b) + mean + reference[Z_i]) + repulsion of the nuclei (v3).
Layers: the embedding of the element, and the atom features after every message passing.

Nothing in the network keeps rotations, which the published ones have learned approximately. Forces
differ between "direct" and "conservative" models; features are taken in the same way.
A file holds weights alone. Sizes are read off them, but not how many neighbors an atom may have:
the names of published files tell it ("-20-", "-inf-"; v2 has 20, OrbMol 120), for others it is the
task, ``PATH@20`` or ``PATH@120``. With 20, rounding decides between neighbors at equal distances.
Models with charge and spin (OrbMol) read ``info["charge"]`` and ``info["spin_multiplicity"]`` (or
``info["spin"]``), else 0 and 1.
"""

import inspect
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from cached_path import cached_path
from orb_models.forcefield import pretrained
from orb_models.forcefield.atomic_system import SystemConfig, ase_atoms_to_atom_graphs
from orb_models.forcefield.base import AtomGraphs, batch_graphs
from orb_models.forcefield.load import load_forcefield_state_dict
from orb_models.forcefield.segment_ops import aggregate_nodes
from torch import Tensor

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, Structures

PACKAGE = "orb_models"
FEATURES_VERSION = 1
RADIUS = 6.0  # Å, of all published models
ENCODER, ENERGY = "model._encoder._node_fn", "heads.energy"
V2 = f"{ENCODER}.layer_norm.bias"  # which a file of v3 lacks


class Extractor(_network.Extractor):
    """The weights of an Orb model, as published or as its fine-tuning script saves them."""

    invariant = False
    tasks = ("20", "120")  # the most neighbors of an atom

    def _load(self) -> Any:
        """Read the network, in float32, and the most neighbors of an atom if the file tells."""
        saved = torch.load(self.checkpoint_file, map_location="cpu", weights_only=True)
        weights = _named_anew(saved)
        model = _architecture(weights)
        keys = load_forcefield_state_dict(model, saved)
        if lost := [key for key in keys.missing_keys if key.startswith(ENERGY)]:
            raise KeyError(lost[0])
        named = re.match(r"orb-v3-[a-z]+-(20|inf)-", self.checkpoint_file.name)
        self.most = "120" if model.model.conditioner is not None else None
        if named or V2 in weights:
            self.most = "120" if named and named[1] == "inf" else "20"
        return model

    def _set_up(self, model: Any, task: str | None) -> None:
        self.task = base.choose_task(task or self.most, self.tasks, self.name)
        self.system = SystemConfig(RADIUS, int(self.task or 0))
        self.model, self.head = self._placed(model), model.heads["energy"]
        self.cutoff = RADIUS
        self.elements = frozenset(range(1, 118))  # those that it has an embedding of
        self.final = self.head.mlp[-2]  # no activation follows
        self.weight, self.bias = _network.final_map(self.final)
        moments = self.head.normalizer.bn
        reference = _network.double(self.head.reference.linear.weight).ravel()
        self.scale = np.full(len(reference), float(moments.running_var) ** 0.5)
        self.shift = float(moments.running_mean) + reference
        self.layers = _network.steps((model.model.atom_emb, *model.model.gnn_stacks))

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        batch, head = self._batch(structures), self.head
        with _network.default_dtype(self.dtype):
            backbone = self.model.model(batch)["node_features"]
            pooled = aggregate_nodes(backbone, batch.n_node, reduction=head.node_aggregation)
            hidden = head.mlp[:-2](pooled)
        site = self.final(hidden).repeat_interleave(batch.n_node, dim=0)
        seen["backbone"] = backbone
        seen["last_layer"] = hidden.repeat_interleave(batch.n_node, dim=0)
        return self._total(_network.double(site[:, 0]), structures) + self._repulsion(batch)

    def _besides(self, structures: Structures) -> FloatArray | float:
        return self._repulsion(self._batch(structures))

    def _repulsion(self, batch: AtomGraphs) -> FloatArray | float:
        """Repulsion of the nuclei (n_structures,) in eV."""
        if not self.model.pair_repulsion:
            return 0.0
        return _network.double(self.model.pair_repulsion_fn(batch)["energy"])

    def package_calculator(self) -> Any:
        """ORBCalculator on this checkpoint, in our dtype."""
        from orb_models.forcefield.calculator import ORBCalculator

        model = self._load().to(self.dtype).eval()
        return ORBCalculator(model, system_config=self.system, device=self.device)

    def package_energy(self, atoms: Atoms) -> float:
        """Total energy in eV by the package, which asks for charge and spin or for neither."""
        stated = atoms.copy()
        stated.info = self._state(atoms)
        with _network.default_dtype(self.dtype):
            return super().package_energy(stated)

    def _batch(self, structures: Structures) -> AtomGraphs:
        """Build the batch of graphs by the package's own code: it decides between neighbors."""
        graphs = []
        with _network.default_dtype(self.dtype):
            for atoms in structures:
                boxed = base.bare(base.in_box(atoms, self.cutoff))
                boxed.info = self._state(atoms)
                cpu = torch.device("cpu")  # the same neighbors, whatever the device
                graphs.append(ase_atoms_to_atom_graphs(boxed, self.system, device=cpu))
        return batch_graphs(graphs).to(self.device)

    def _state(self, atoms: Atoms) -> dict[str, int]:
        """Return charge and spin of a structure for a model that knows them, nothing for others."""
        if self.model.model.conditioner is None:
            return {}
        return dict(zip(("charge", "spin"), base.charge_and_spin(atoms), strict=True))


def download(name: str) -> Path:
    """Fetch a published checkpoint, such as "orb-v3-conservative-inf-omat", into its cache."""
    loader = inspect.signature(pretrained.ORB_PRETRAINED_MODELS[name])
    url = loader.parameters["weights_path"].default
    path = Path(cached_path(url))  # named by a hash, but the number of neighbors is in the name
    named = path.with_name(url.rpartition("/")[2])
    named.unlink(missing_ok=True)
    os.link(path, named)
    return named


def _named_anew(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name what is in older files as it is today; the package does so as it loads."""
    now = {"graph_head.": f"{ENERGY}.", "model.model.": "model."}
    old = re.compile("^(graph_head|model.model)[.]")
    return {old.sub(lambda match: now[match[0]], key): x for key, x in weights.items()}


def _architecture(weights: Mapping[str, Tensor]) -> Any:
    """Build the package's network of the sizes that the weights have."""
    steps = len({key.split(".")[2] for key in weights if key.startswith("model.gnn_stacks.")})
    if V2 in weights:
        return pretrained.orb_v2_architecture(num_message_passing_steps=steps, device="cpu")
    charged = any(key.startswith("model.conditioner.") for key in weights)
    conservative = any(key.startswith("grad_forces_normalizer.") for key in weights)
    build = pretrained.orb_v3_direct_architecture
    stress = "heads.stress.mlp.NN-0.weight" in weights
    if conservative:
        build, stress = pretrained.orb_v3_conservative_architecture, not charged
    depth, hidden = _perceptron(weights, f"{ENCODER}.mlp")
    head_depth, head_hidden = _perceptron(weights, f"{ENERGY}.mlp")
    return build(
        latent_dim=len(weights[f"{ENCODER}.layer_norm.weight"]),
        base_mlp_hidden_dim=hidden,
        base_mlp_depth=depth,
        head_mlp_hidden_dim=head_hidden,
        head_mlp_depth=head_depth,
        num_message_passing_steps=steps,
        has_charge_spin_cond=charged,
        has_stress=stress,
        device="cpu",
    )


def _perceptron(weights: Mapping[str, Tensor], name: str) -> tuple[int, int]:
    """Return the number of hidden layers, and their width."""
    depth = len([key for key in weights if re.fullmatch(rf"{name}\.NN-\d+\.weight", key)]) - 1
    return depth, len(weights[f"{name}.NN-0.weight"])
