# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "diep==2.0.0",
#   "torch==2.13.0",
#   "numpy==2.4.6",
#   "ase==3.29.0",
#   "torch-geometric==2.8.1",
#   "matscipy==1.3.1",
#   "pymatgen==2026.10.24",
#   "pymatgen-core==2026.10.16",
# ]
# ///
"""DIEP: a graph network on electron-ion integrals of bonds and triplets, after M3GNet.

Backbone: the 64 atom features that enter the gated readout. Last layer: [h | g], the two hidden
activations (64 each) that enter its two final linear maps. The readout is gated, so the energy is
linear in h for a given g: E_i = std (w . h_i + b) sigmoid(v . g_i + c) + reference[Z_i].
Layers: the atom features (64, invariant) as embedded and after every graph layer, each of which
reads the triplets too; the last of them is the backbone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.data import atomic_numbers
from diep import config
from diep.graph.compute import DIEPData
from diep.layers._diep import DIEPIntegrator
from diep.layers._diep_core import _canonicalize_triplets_batch
from diep.pretrained import DEFAULT_MODEL_DIR, load_potential
from torch import Tensor

from lumlip.families import base

PACKAGE = "diep"
FEATURES_VERSION = 1
TRIPLETS_AT_ONCE = 4096  # 6 MB of grid points in float32: stays in the cache


class Extractor(base.Extractor):
    """An exported DIEP potential: "matpes-r2scan", or a folder with model.json and state.pt."""

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        base.reuse_memory()
        base.choose_task(task, (), f"diep {checkpoint}")
        self.name = f"diep:{checkpoint}"
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        path = Path(DEFAULT_MODEL_DIR if checkpoint == "matpes-r2scan" else checkpoint)
        self.folder = path.parent if path.name == "state.pt" else path
        self.checkpoint_file = self.folder / "state.pt" if self.folder.is_dir() else path
        with base.reading(self.checkpoint_file, "diep"), _precision(torch.float32):
            potential = load_potential(self.folder)
            readout = potential.model.final_layer.gated
        potential = potential.to(self.device, self.dtype).requires_grad_(False)
        self.model = potential.model
        self.model.diep_integrator.__class__ = _Integrator
        self.layers, self.gates = readout.layers, readout.gates
        self.cutoff = float(self.model.cutoff)
        numbers = [atomic_numbers[symbol] for symbol in self.model.element_types]
        self.elements = frozenset(numbers)
        self.type_of = np.full(max(numbers) + 1, -1)
        self.type_of[numbers] = np.arange(len(numbers))
        self.mean, self.std = float(potential.data_mean), float(potential.data_std)
        self.reference = np.zeros(max(numbers) + 1)
        self.reference[numbers] = potential.element_refs.property_offset.cpu().double().numpy()

    @torch.inference_mode()
    def extract(self, structures: Sequence[Atoms], *, layers: bool = False) -> base.Features:
        """One forward pass over a batch: no forces, no gradients."""
        base.check_elements(structures, self.elements, self.name)
        with _precision(self.dtype):
            graph = self._graph(structures)
            with self._after_layers(layers) as after:
                self.model(graph)  # leaves the features on the graph
            backbone = graph.node_feat
            # split each branch before its last linear map (a sigmoid follows that of the gate)
            hidden, gate = self.layers[:-1](backbone), self.gates[:-2](backbone)
            site = self.layers[-1](hidden) * self.gates[-2:](gate)
        last_layer = torch.cat([hidden, gate], dim=1).cpu().numpy()
        energy = self._total(site[:, 0].cpu().double().numpy(), structures)
        kept = {name: x.cpu().numpy() for name, x in after.items()}
        return base.Features(backbone.cpu().numpy(), last_layer, energy, layers=kept)

    def energy_from_last_layer(
        self, last_layer: base.FloatArray, structures: Sequence[Atoms]
    ) -> base.FloatArray:
        """Total energies (n_structures,) in eV, by the gated formula of this module."""
        hidden, gate = np.hsplit(last_layer.astype(np.float64), 2)
        value = hidden @ _weight(self.layers[-1]) + float(self.layers[-1].bias)
        opening = gate @ _weight(self.gates[-2]) + float(self.gates[-2].bias)
        return self._total(value / (1 + np.exp(-opening)), structures)

    def package_calculator(self) -> Any:
        """DIEPCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        from diep.pretrained import make_calculator

        with _precision(torch.float32):
            return make_calculator(self.folder, device=self.device.type)

    @contextmanager
    def _after_layers(self, wanted: bool) -> Iterator[dict[str, Tensor]]:
        """Keep the atom features of every layer during a forward pass, filled in at its end."""
        blocks = {f"interaction_{i}": x for i, x in enumerate(self.model.graph_layers, start=1)}
        after: dict[str, Tensor] = {}
        with (
            base.outputs({"embedding": self.model.embedding} if wanted else {}, itemgetter(0)) as x,
            base.outputs(blocks if wanted else {}, itemgetter(1)) as xs,  # (edges, atoms, state)
        ):
            yield after
        after.update(x | xs)

    def _total(self, site: base.FloatArray, structures: Sequence[Atoms]) -> base.FloatArray:
        numbers = np.concatenate([atoms.numbers for atoms in structures])
        return (
            base.sum_by_structure(self.std * site + self.reference[numbers], structures) + self.mean
        )

    def _graph(self, structures: Sequence[Atoms]) -> DIEPData:
        """Build the batched graph; edges equal DIEP's own, its triplets follow in the model."""
        graph = base.neighbors(structures, self.cutoff)
        # about their center, where float32 resolves positions best
        positions = np.concatenate([a.positions - a.positions.mean(0) for a in structures])
        shift = graph.vector - (positions[graph.second] - positions[graph.first])
        data = DIEPData(
            num_nodes=len(graph.numbers),
            node_type=torch.from_numpy(self.type_of[graph.numbers]),
            batch=torch.from_numpy(graph.structure),
            edge_index=torch.from_numpy(np.stack([graph.first, graph.second])),
            pos=torch.from_numpy(positions).to(self.dtype),
            pbc_offshift=torch.from_numpy(shift).to(self.dtype),
        )
        return data.to(self.device)


class _Integrator(DIEPIntegrator):  # type: ignore[misc]
    """DIEP's integrator with less memory traffic: the same numbers, a block of triplets at a time.

    The package lays out (n_triplets, 3, 121) several times over, with each triangle twice. Here
    each block stays in the cache, a triangle is integrated once, and Gaussians on a square grid are
    products of two one-dimensional ones.
    """

    def forward(
        self, data: DIEPData, atomic_numbers: Tensor, compute_triplets: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Return bond and triplet features, (n_bonds, n_grid) and (n_triplets, n_grid)."""
        plain = (
            self.mode == "grid" and self.triplet_frame == "canonical" and self.use_effective_charge
        )
        if not (plain and compute_triplets and data.triple_index.numel()):
            return super().forward(data, atomic_numbers, compute_triplets)  # type: ignore[no-any-return]
        bonds, _ = super().forward(data, atomic_numbers, False)
        n, (low, high) = data.edge_index.shape[1], data.triple_index.sort(dim=0).values
        once, which = torch.unique(low * n + high, return_inverse=True)
        first, second = once // n, once % n
        triplets = bonds.new_empty(len(first), self.edge_dim)
        for start in range(0, len(first), TRIPLETS_AT_ONCE):
            part = slice(start, start + TRIPLETS_AT_ONCE)
            points, numbers = self._triangles(data, atomic_numbers, first[part], second[part])
            triplets[part] = self._on_grid(points, numbers.clamp_min(0).sqrt())
        return bonds, triplets[which]

    def _triangles(
        self, data: DIEPData, numbers: Tensor, first: Tensor, second: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Corners (n, 3, 2) and atomic numbers (n, 3) of triplets in DIEP's canonical frame."""
        source, target = data.edge_index
        center = data.pos[source[first]]
        corners = [center + data.bond_vec[first], center, center + data.bond_vec[second]]
        atoms = torch.stack([target[first], source[first], target[second]], dim=1)
        return _canonicalize_triplets_batch(torch.stack(corners, dim=1), numbers[atoms])  # type: ignore[no-any-return]

    def _on_grid(self, points: Tensor, charge: Tensor) -> Tensor:
        """Density times potential of three charges (n, 3) at points (n, 3, 2): (n, n_grid)."""
        axis = self._grid.axis.to(points.dtype)
        x2 = (points[..., 0, None] - axis) ** 2
        y2 = (points[..., 1, None] - axis) ** 2
        density = torch.einsum("nky,nkx->nyx", (-y2 / self.sigma).exp(), (-x2 / self.sigma).exp())
        distance2 = y2[..., :, None] + (x2 + self.softening_epsilon**2)[..., None, :]
        potential = torch.einsum("nk,nkyx->nyx", charge, distance2.rsqrt_())
        scale = self._grid.delta_area.to(points.dtype) / (torch.pi * self.sigma)
        return (density * potential).flatten(1) * scale  # type: ignore[no-any-return]


def _weight(linear: torch.nn.Linear) -> base.FloatArray:
    """Weights (n_channels,) of a linear map to one number, in float64."""
    return linear.weight[0].cpu().double().numpy()  # type: ignore[no-any-return]


@contextmanager
def _precision(dtype: torch.dtype) -> Iterator[None]:
    """DIEP keeps its floating-point type in a global: set it, and put it back."""
    before = config.float_th, config.float_np, torch.get_default_dtype()
    config.float_th, config.float_np = dtype, np.float64 if dtype == torch.float64 else np.float32
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        config.float_th, config.float_np = before[:2]
        torch.set_default_dtype(before[2])
