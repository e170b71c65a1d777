"""The network of ``dpa-mini``: DeePMD-kit's DPA-3, evaluated on flat lists of pairs and angles.

The modules and their weights are DeePMD-kit's. Its own forward pass finds the pairs anew and works
on arrays padded to the largest number of neighbors, which would make a step several times slower.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from torch import Tensor, nn

from lumlip.families import base
from lumlip.families.dpa import types_of

BRANCHES = ("inorganic", "molecules", "r2scan")
SWITCH_WIDTHS = (0.6, 0.4)  # over which pairs and angles are switched off, in Å


@dataclass(frozen=True)
class Graph:
    """Atoms, directed pairs and angles of one structure, or of a batch.

    Attributes
    ----------
    types, structure : Tensors of shape (n_atoms,)
    molecule : Tensor of shape (n_structures,)
        True for molecules.
    first, second : Tensors of shape (n_pairs,)
    vector : Tensor of shape (n_pairs, 3)
        In Å.
    left, right : Tensors of shape (n_angles,)
        Pairs with the same first atom, closer than the cutoff for angles; a pair with itself too.
    """

    types: Tensor
    structure: Tensor
    molecule: Tensor
    first: Tensor
    second: Tensor
    vector: Tensor
    left: Tensor
    right: Tensor


def graphs_of(
    structures: Sequence[Atoms], type_map: Sequence[str], cutoff: float, angle_cutoff: float
) -> list[Graph]:
    """Make the graph of each structure."""
    graphs = []
    for atoms in structures:
        pairs = base.neighbors([atoms], cutoff)
        close = np.flatnonzero(np.linalg.norm(pairs.vector, axis=1) < angle_cutoff)
        same = pairs.first[close][:, None] == pairs.first[close]
        left, right = (close[index] for index in np.nonzero(same))
        graphs.append(
            Graph(
                types=torch.from_numpy(types_of([atoms], type_map)),
                structure=torch.zeros(len(atoms), dtype=torch.int64),
                molecule=torch.tensor([atoms.info.get("kind") == "molecule"]),
                first=torch.from_numpy(pairs.first),
                second=torch.from_numpy(pairs.second),
                vector=torch.from_numpy(pairs.vector).float(),
                left=torch.from_numpy(left),
                right=torch.from_numpy(right),
            )
        )
    return graphs


def collate(graphs: Sequence[Graph]) -> Graph:
    """Join graphs into one."""
    n_atoms = np.cumsum([0, *(len(g.types) for g in graphs)])[:-1].tolist()
    n_pairs = np.cumsum([0, *(len(g.first) for g in graphs)])[:-1].tolist()
    shifts = {"first": n_atoms, "second": n_atoms, "left": n_pairs, "right": n_pairs}
    shifts["structure"] = list(range(len(graphs)))
    joined = {}
    for name in Graph.__dataclass_fields__:
        parts = [getattr(graph, name) for graph in graphs]
        if name in shifts:
            parts = [part + shift for part, shift in zip(parts, shifts[name], strict=True)]
        joined[name] = torch.cat(parts)
    return Graph(**joined)


class Mini(nn.Module):
    """DeePMD-kit's models of all branches, with one descriptor between them."""

    def __init__(self, recipe: Any, type_map: Sequence[str]) -> None:
        super().__init__()
        with base.quiet():
            from deepmd.pt.model.model import get_model
            from deepmd.pt.train.wrapper import ModelWrapper
            from deepmd.pt.utils.multi_task import preprocess_shared_params

            self.settings, links = preprocess_shared_params(_settings(recipe, type_map))
            branches = copy.deepcopy(self.settings["model_dict"])
            models = {name: get_model(branches[name]) for name in BRANCHES}
            self.wrapper = ModelWrapper(models, model_params=self.settings)
            self.wrapper.share_params(links, dict.fromkeys(BRANCHES, 1.0), resume=True)
        self.models = self.wrapper.model
        self.type_map = list(type_map)

    def set_reference(self, structures: Mapping[str, Sequence[Atoms]]) -> None:
        """Set the energy of each element and branch: least squares on the branch's structures.

        Elements that a branch never sees keep the value from all structures of that level.
        """
        everything = [*structures["inorganic"], *structures["molecules"]]
        for name in BRANCHES:
            same_level = everything if name != "r2scan" else structures[name]
            start = self._reference(same_level, np.zeros(len(self.type_map)))
            value = self._reference(structures[name], start)
            self.models[name].atomic_model.out_bias.copy_(torch.tensor(value).reshape(1, -1, 1))

    def _reference(self, structures: Sequence[Atoms], start: base.FloatArray) -> base.FloatArray:
        """Energies (n_types,) in eV, close to ``start`` where the structures do not say."""
        if not structures:
            return start
        share = np.zeros((len(structures), len(self.type_map)))
        for row, atoms in zip(share, structures, strict=True):
            np.add.at(row, types_of([atoms], self.type_map), 1 / len(atoms))
        energy = np.array([atoms.info["ref_energy"] / len(atoms) for atoms in structures])
        normal = share.T @ share + 1e-3 * np.eye(len(start))
        found: base.FloatArray = start + np.linalg.solve(normal, share.T @ (energy - share @ start))
        return found

    def predict(self, graph: Graph, level: Tensor, *, training: bool) -> tuple[Tensor, Tensor]:
        """Energies (n_structures, 2) in eV, PBE and r2SCAN; forces (n_atoms, 3) in eV/Å.

        Forces are at the level (0 or 1) that ``level`` (n_structures,) says. PBE energies come
        from the branch of the structure's kind.
        """
        vector = graph.vector.detach().requires_grad_()
        node = self.descriptor(graph, vector)
        inorganic, molecules, r2scan = (self._site(name, node, graph) for name in BRANCHES)
        pbe = torch.where(graph.molecule[graph.structure], molecules, inorganic)
        site = torch.stack([pbe, r2scan], dim=1)
        energy = site.new_zeros(len(level), 2).index_add(0, graph.structure, site)
        chosen = energy.gather(1, level[:, None]).sum()
        (gradient,) = torch.autograd.grad(chosen, vector, create_graph=training)
        forces = torch.zeros(len(graph.types), 3).index_add(0, graph.first, gradient)
        forces = forces.index_add(0, graph.second, -gradient)
        return (energy, forces) if training else (energy.detach(), forces)

    def _site(self, branch: str, node: Tensor, graph: Graph) -> Tensor:
        atomic = self.models[branch].atomic_model
        site = atomic.fitting_net.filter_layers.networks[0](node)[:, 0]
        total: Tensor = site.double() + atomic.out_bias[0, graph.types, 0]
        return total

    def descriptor(self, graph: Graph, vector: Tensor) -> Tensor:
        """DPA-3's descriptor (n_atoms, n_dim), as `DescrptBlockRepflows.forward` computes it."""
        descriptor = self.models[BRANCHES[0]].atomic_model.descriptor
        flows, n_atoms = descriptor.repflows, len(graph.types)
        length = torch.linalg.vector_norm(vector, dim=1)
        switch = _switch(length, flows.e_rcut, flows.e_rcut_smth)
        angle_switch = _switch(length, flows.a_rcut, flows.a_rcut_smth)
        direction = vector * (switch / length**2 / flows.fix_stat_std)[:, None]
        unit = vector / (length + 1e-6)[:, None]
        cosine = (unit[graph.left] * unit[graph.right]).sum(1) * (1 - 1e-6)
        edge = flows.edge_embd(length[:, None])
        angle = flows.angle_embd(cosine[:, None] / torch.pi**0.5)
        node: Tensor = flows.act(descriptor.type_embedding(graph.types[None]))
        pairs = torch.stack([graph.first, graph.second])
        angles = torch.stack([graph.first[graph.left], graph.left, graph.right])
        both = angle_switch[graph.left] * angle_switch[graph.right]
        nlist = graph.first.new_zeros(1, n_atoms, 1)  # only its shape is looked at
        for layer in flows.layers:
            node, edge, angle = layer(
                node,
                edge,
                direction,
                angle,
                nlist,
                nlist,
                switch,
                nlist,
                nlist,
                both,
                pairs,
                angles,
            )
        return node[0]


def save(mini: Mini, path: Path, *, step: int) -> None:
    """Write DeePMD-kit's multi-task file."""
    mini.wrapper.train_infos["step"] = step
    torch.save({"model": mini.wrapper.state_dict()}, path)


def _switch(length: Tensor, cutoff: float, start: float) -> Tensor:
    """DPA-3's exponential switch: 1 below ``start``, close to 0 at the cutoff."""
    return torch.exp(-torch.exp(20 / start * (length.clamp(max=cutoff) - start)))


def _settings(recipe: Any, type_map: Sequence[str]) -> dict[str, Any]:
    """DeePMD-kit's settings of the multi-task model."""
    wide, narrow = SWITCH_WIDTHS
    flow = {
        "n_dim": recipe.n_dim,
        "e_dim": recipe.e_dim,
        "a_dim": recipe.a_dim,
        "nlayers": recipe.layers,
        "e_rcut": recipe.cutoff,
        "e_rcut_smth": recipe.cutoff - wide,
        "e_sel": recipe.e_sel,
        "a_rcut": recipe.angle_cutoff,
        "a_rcut_smth": recipe.angle_cutoff - narrow,
        "a_sel": recipe.a_sel,
        "axis_neuron": 4,
        "fix_stat_std": 0.3,
        "a_compress_rate": 1,
        "a_compress_e_rate": 2,
        "a_compress_use_split": True,
        "update_angle": True,
        "smooth_edge_update": True,
        "edge_init_use_dist": True,
        "use_exp_switch": True,
        "use_dynamic_sel": True,
        "sel_reduce_factor": 10.0,
        "update_style": "res_residual",
        "update_residual": recipe.residual,
        "update_residual_init": "const",
        "sequential_update": recipe.sequential,
    }
    common = {"activation_function": "silu", "precision": "float32"}
    fitting = {"type": "ener", "neuron": list(recipe.neurons), "resnet_dt": True, **common}
    return {
        "shared_dict": {
            "elements": list(type_map),
            "dpa3": {"type": "dpa3", "seed": recipe.seed, "repflow": flow, **common},
        },
        "model_dict": {
            name: {
                "type_map": "elements",
                "descriptor": "dpa3",
                "fitting_net": {**fitting, "seed": recipe.seed + i},
            }
            for i, name in enumerate(BRANCHES)
        },
    }
