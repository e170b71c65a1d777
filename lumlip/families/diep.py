# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "diep==2.0.0",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "torch-geometric==2.8.1", "matscipy==1.3.1",
#   "pymatgen==2026.10.24", "pymatgen-core==2026.10.16",
# ]
# ///
"""DIEP: a graph network on electron-ion integrals of bonds and triplets, after M3GNet.

Backbone: the 64 atom features that enter the gated readout. Last layer: [h | g], the two hidden
activations (64 each) that enter its two final linear maps. The readout is gated, so the energy is
linear in h for a given g: E_i = std (w . h_i + b) sigmoid(v . g_i + c) + reference[Z_i].
Layers: the atom features (64, invariant) as embedded and after every graph layer, each of which
reads the triplets too; the last of them is the backbone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase.data import atomic_numbers
from diep import config
from diep.graph.compute import DIEPData
from diep.layers._diep import DIEPIntegrator
from diep.layers._diep_core import _canonicalize_triplets_batch
from diep.pretrained import DEFAULT_MODEL_DIR, load_potential
from torch import Tensor

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, Structures

PACKAGE = "diep"
FEATURES_VERSION = 1
TRIPLETS_AT_ONCE = 4096  # 6 MB of grid points in float32: stays in the cache


class Extractor(_network.Gated):
    """An exported DIEP potential: "matpes-r2scan", or a folder with model.json and state.pt."""

    def _path(self, checkpoint: str) -> Path:
        path = Path(DEFAULT_MODEL_DIR if checkpoint == "matpes-r2scan" else checkpoint)
        self.folder = path.parent if path.name == "state.pt" else path
        return self.folder / "state.pt" if self.folder.is_dir() else path

    def _load(self) -> Any:
        with _precision(torch.float32):
            potential = load_potential(self.folder)
        self.readout = potential.model.final_layer.gated
        return potential

    def _set_up(self, model: Any, task: str | None) -> None:
        base.choose_task(task, (), self.name)
        potential = self._placed(model)
        self.model = potential.model
        self.model.diep_integrator.__class__ = _Integrator
        self.cutoff = float(self.model.cutoff)
        numbers = [atomic_numbers[symbol] for symbol in self.model.element_types]
        self.elements = frozenset(numbers)
        self.type_of = _network.by_number(numbers, np.arange(len(numbers)))
        self.scale, self.mean = np.full(119, float(potential.data_std)), float(potential.data_mean)
        reference = _network.double(potential.element_refs.property_offset)
        self.shift = _network.by_number(numbers, reference)
        self._watch(self.readout, self.readout.layers[-1], self.readout.gates[-2])
        self.inside["site"] = _network.Step(self.readout)
        layers = (_network.Step(x, itemgetter(1)) for x in self.model.graph_layers)  # [0]: edges
        self.layers = _network.steps((self.model.embedding, *layers))

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        with _precision(self.dtype):
            self.model(self._graph(structures))
        return self._energy(seen.pop("site"), structures, seen)

    def package_calculator(self) -> Any:
        """DIEPCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        from diep.pretrained import make_calculator

        with _precision(torch.float32):
            return make_calculator(self.folder, device=self.device.type)

    def _graph(self, structures: Structures) -> DIEPData:
        """Build the batched graph; edges equal DIEP's own, its triplets follow in the model."""
        graph, positions = base.neighbors(structures, self.cutoff), base.centered(structures)
        shift = graph.vector - (positions[graph.second] - positions[graph.first])
        arrays = {
            "node_type": self.type_of[graph.numbers],
            "batch": graph.structure,
            "edge_index": graph.pairs,
            "pos": positions,
            "pbc_offshift": shift,
        }
        data = {name: self._tensor(values) for name, values in arrays.items()}
        return DIEPData(num_nodes=len(graph.numbers), **data)


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


@contextmanager
def _precision(dtype: torch.dtype) -> Iterator[None]:
    """DIEP keeps its floating-point type in a global: set it, and put it back."""
    before = config.float_th, config.float_np
    config.float_th, config.float_np = dtype, np.float64 if dtype == torch.float64 else np.float32
    try:
        with _network.default_dtype(dtype):
            yield
    finally:
        config.float_th, config.float_np = before
