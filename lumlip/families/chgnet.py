# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "chgnet==0.4.2",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "matscipy==1.3.1", "pymatgen==2026.10.24",
#   "pymatgen-core==2026.10.16",
# ]
# ///
"""CHGNet: a charge-informed graph network with bond angles (Deng et al. 2023).

Backbone: the 64 atom features that enter the readout MLP (after the last atom convolution and its
LayerNorm). Last layer: the 64 hidden activations that enter the MLP's final linear map.
E = sum_i (w . last_layer_i + b) + sum_i reference[Z_i], the composition model's reference.
Layers: the atom features (64, invariant) as embedded and after every atom convolution; the last of
them is the backbone before its LayerNorm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chgnet
import numpy as np
import torch
from ase import Atoms
from chgnet.model import CHGNet
from chgnet.model.functions import GatedMLP
from chgnet.model.layers import AtomConv, BondConv
from torch import Tensor, nn

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, IntArray, Structures

PACKAGE = "chgnet"
FEATURES_VERSION = 1
FILES = {
    "0.2.0": "0.2.0/chgnet_0.2.0_e30f77s348m32.pth.tar",
    "0.3.0": "0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
    "r2scan": "r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
}


@dataclass(frozen=True)
class CrystalGraph:
    """CHGNet's two graphs of a batch: of atoms joined by bonds, and of bonds joined by angles.

    A bond is stored once; its two directions are rows k and k + n_bonds of ``first`` and ``second``
    (2 * n_bonds,), its atoms, and of ``vector``, from neighbor to center in Å. An angle has a
    center and two directed bonds, shorter than the bond graph's cutoff: ``angles`` (n_angles, 3).
    """

    numbers: Tensor
    structure: Tensor
    first: Tensor
    second: Tensor
    bond: Tensor
    vector: Tensor
    angles: Tensor


def _one_direction(graph: base.Neighbors) -> Any:
    """Mark one of the two directions of every pair (n_pairs,): by atom index, else by image."""
    x, y, z = graph.image.T
    up = (x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0))))
    return (graph.first < graph.second) | ((graph.first == graph.second) & up)


def _pairs_at_center(center: IntArray, edge: IntArray) -> IntArray:
    """All ordered pairs of different edges that share their center: (n_pairs, 3)."""
    order = np.argsort(center, kind="stable")
    center, edge = center[order], edge[order]
    _, starts, inverse, counts = np.unique(
        center, return_index=True, return_inverse=True, return_counts=True
    )
    repeats = counts[inverse]  # each edge meets all edges of its center
    left = np.repeat(np.arange(len(edge)), repeats)
    within = np.arange(len(left)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    right = np.repeat(starts[inverse], repeats) + within
    pairs: IntArray = np.stack([center[left], edge[left], edge[right]], axis=1)
    return pairs[left != right]  # type: ignore[no-any-return]


class Extractor(_network.Extractor):
    """A CHGNet checkpoint: 0.2.0, 0.3.0, r2scan, or a file written by CHGNet's trainer."""

    def _path(self, checkpoint: str) -> Path:
        if checkpoint in FILES:
            return Path(chgnet.__file__).parent / "pretrained" / FILES[checkpoint]
        return Path(checkpoint)

    def _load(self) -> CHGNet:
        """Read the checkpoint without running code from it."""
        saved = torch.load(self.checkpoint_file, map_location="cpu", weights_only=True)["model"]
        arguments, weights = dict(saved["model_args"]), saved["state_dict"]
        if not arguments.get("mlp_first", True):
            advice = "it pools atoms before its MLP, so no atom has a last layer"
            raise base.UnsupportedError("mlp_first=False", advice)
        # 0.2.0 was trained with these biases, and its file does not say so.
        arguments["mlp_out_bias"] = any(key.endswith("mlp_out.layers.1.bias") for key in weights)
        model = CHGNet(**arguments)
        model.load_state_dict(weights)
        references = model.composition_model
        if references is not None and references.is_intensive != model.is_intensive:
            kind = f"is_intensive={model.is_intensive}"
            raise base.UnsupportedError(kind, "its composition model is of the other kind")
        return model

    def _set_up(self, model: Any, task: str | None) -> None:
        base.choose_task(task, (), self.name)
        self.model = self._placed(model)
        self.cutoff = float(model.graph_converter.atom_graph_cutoff)
        self.bond_cutoff = float(model.graph_converter.bond_graph_cutoff)
        self.elements = frozenset(range(1, model.atom_embedding.embedding.num_embeddings + 1))
        layers = model.mlp.layers if hasattr(model.mlp, "layers") else model.mlp
        self.hidden, self.final = layers[:-1], layers[-1]
        self.weight, self.bias = _network.final_map(self.final)
        if model.composition_model is not None:
            reference = _network.double(model.composition_model.fc.weight[0])
            self.shift = _network.by_number(sorted(self.elements), reference)
        self.layers = _network.steps([model.atom_embedding])

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        steps, backbone = self._convolve(self._graph(structures))
        if seen:  # beside the embedding
            seen.update({f"interaction_{i}": x for i, x in enumerate(steps[1:], start=1)})
        seen["backbone"], seen["last_layer"] = backbone, self.hidden(backbone)
        site = _network.double(self.final(seen["last_layer"]).squeeze(1))
        return self._total(site, structures)

    def package_calculator(self) -> Any:
        """CHGNetCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        from chgnet.model.dynamics import CHGNetCalculator

        options = {"use_device": self.device.type, "on_isolated_atoms": "ignore"}
        return CHGNetCalculator(self._load().eval(), **options)

    def package_features(self, atoms: Atoms) -> base.Pairs:
        """CHGNet's two descriptors: name -> (ours, the package's).

        ``crystal_fea`` is the sum over atoms of our backbone. ``atom_fea`` is *not* the backbone:
        CHGNet takes it before the last atom convolution, where it also reads magnetic moments.
        """
        from pymatgen.io.ase import AseAtomsAdaptor

        structure = AseAtomsAdaptor.get_structure(base.in_box(atoms, self.cutoff))
        wanted = {"task": "e", "return_atom_feas": True, "return_crystal_feas": True}
        theirs = self._calculator.model.predict_structure(structure, **wanted)
        with torch.inference_mode():
            (*_, early, _), backbone = self._convolve(self._graph([atoms]))
        return {
            "atom_fea": (early.cpu().numpy(), theirs["atom_fea"]),
            "crystal_fea": (backbone.sum(0).cpu().numpy(), theirs["crystal_fea"]),
        }

    def _graph(self, structures: Structures) -> CrystalGraph:
        """Build both graphs of a batch; edges equal CHGNet's own converter, in another order."""
        graph = base.neighbors(structures, self.cutoff)
        half = _one_direction(graph)
        first = np.concatenate([graph.first[half], graph.second[half]])
        second = np.concatenate([graph.second[half], graph.first[half]])
        vector = np.concatenate([-graph.vector[half], graph.vector[half]])
        short = np.flatnonzero(np.einsum("ij,ij->i", vector, vector) < self.bond_cutoff**2)
        arrays = {
            "numbers": graph.numbers,
            "structure": graph.structure,
            "first": first,
            "second": second,
            "bond": np.tile(np.arange(len(first) // 2), 2),
            "vector": vector,
            "angles": _pairs_at_center(first[short], short),
        }
        return CrystalGraph(**{name: self._tensor(values) for name, values in arrays.items()})

    def _convolve(self, graph: CrystalGraph) -> tuple[list[Tensor], Tensor]:
        """CHGNet's message passing: atom features after every step, and the last ones' norm.

        The weights are the package's, the loop is ours, for two reasons. It is faster (`_gated`).
        And CHGNet skips bond and angle updates when a batch has no angle at all; 0.2.0 has a bias
        there, so its result for a structure without angles would depend on the rest of the batch.
        """
        model = self.model
        atom = model.atom_embedding(graph.numbers - 1)
        after = [atom]
        bond, weight, bond_weight, angle = self._embed(graph)
        has_angles = self._bonds_of_structures_with_angles(graph)
        center, left, right = graph.angles[:, 0], *graph.bond[graph.angles[:, 1:]].T
        bond_convs, angle_layers = [*model.bond_conv_layers, None], [*model.angle_layers, None]
        blocks = zip(model.atom_conv_layers, bond_convs, angle_layers, strict=True)
        for atom_conv, bond_conv, angle_update in blocks:
            edges = [(atom, graph.first), (bond, graph.bond), (atom, graph.second)]
            message = _gated(atom_conv.twoBody_atom, edges)
            message *= weight[graph.bond]
            atom = _collect(atom_conv, message, graph.first, atom, atom_conv.atom_norm)
            after.append(atom)
            if not len(angle) or bond_conv is None:
                continue
            parts = [(bond, left), (bond, right), (angle, None), (atom, center)]
            message = _gated(bond_conv.twoBody_bond, parts)
            message *= bond_weight[left] * bond_weight[right]
            new = _collect(bond_conv, message, left, bond, bond_conv.bond_norm)
            bond = torch.where(has_angles[:, None], new, bond)
            if angle_update is not None:
                parts = [(bond, left), (bond, right), (angle, None), (atom, center)]
                new = _gated(angle_update.twoBody_bond, parts)
                new = new + angle if angle_update.resnet else new
                norm = angle_update.angle_norm
                angle = new if norm is None else norm(new)
        norm = model.readout_norm
        return after, atom if norm is None else norm(atom)

    def _embed(self, graph: CrystalGraph) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Embed bonds (n_bonds, 64), their weights in both graphs, and angles (n_angles, 64)."""
        model, radial = self.model, self.model.bond_basis_expansion
        length = torch.linalg.vector_norm(graph.vector, dim=1)
        left, right = (graph.vector / length[:, None])[graph.angles[:, 1:].T]
        length = length[: len(length) // 2]
        atom_basis, bond_basis = radial.rbf_expansion_ag(length), radial.rbf_expansion_bg(length)
        weights = model.bond_weights_ag(atom_basis), model.bond_weights_bg(bond_basis)
        angle = model.angle_embedding(model.angle_basis_expansion(left, right))
        return model.bond_embedding(atom_basis), *weights, angle

    def _bonds_of_structures_with_angles(self, graph: CrystalGraph) -> Tensor:
        """Mark bonds (n_bonds,) of structures that have at least one angle."""
        owner = graph.structure
        marked = torch.zeros(int(owner[-1]) + 1, dtype=torch.bool, device=owner.device)
        marked[owner[graph.angles[:, 0]]] = True
        return marked[owner[graph.first[: len(graph.first) // 2]]]


def _gated(gated: GatedMLP, parts: Sequence[tuple[Tensor, Tensor | None]]) -> Tensor:
    """CHGNet's GatedMLP of [x_i | y_k | ...], its first linear maps applied before the gathering.

    W [x_i | y_k] = (W_x x)_i + (W_y y)_k: a product per atom and bond instead of one per edge,
    of which there are fifty times more.
    """
    start = 0 if isinstance(gated.mlp_core.layers[0], nn.Linear) else 1  # behind a dropout
    mlps = [mlp.layers[start:] for mlp in (gated.mlp_core, gated.mlp_gate)]
    weights = torch.cat([mlp[0].weight for mlp in mlps])
    bias = torch.cat([mlp[0].bias for mlp in mlps])
    columns = torch.split(weights, [values.shape[1] for values, _ in parts], dim=1)
    mapped = [values @ column.T for (values, _), column in zip(parts, columns, strict=True)]
    mapped[0] += bias
    total, *others = (
        x if index is None else x.index_select(0, index)
        for x, (_, index) in zip(mapped, parts, strict=True)
    )
    for other in others:
        total += other
    halves = torch.split(total, [len(mlp[0].weight) for mlp in mlps], dim=1)
    core, gate = (mlp[1:](half) for mlp, half in zip(mlps, halves, strict=True))
    if gated.norm is not None:
        core, gate = gated.bn1(core), gated.bn2(gate)
    return gated.activation(core) * gate.sigmoid()  # type: ignore[no-any-return]


def _collect(
    layer: AtomConv | BondConv, message: Tensor, owner: Tensor, old: Tensor, norm: nn.Module | None
) -> Tensor:
    """Sum messages at their owners, map the sums, add them to the old features."""
    new = torch.zeros_like(old).index_add_(0, owner, message)
    if layer.use_mlp_out:
        new = layer.mlp_out(new)
    if layer.resnet:
        new = new + old
    return new if norm is None else norm(new)
