"""What SevenNet and HIENet, which grew out of it, share: modules in a row, the last two linear.

Backbone: the scalars after the last gate, which enter ``reduce_input_to_hidden``. Last layer: its
outputs, which enter ``reduce_hidden_to_energy``. No activation stands between these two maps: the
last layer is rebuilt from the backbone exactly, by construction, and the energy is linear in both.
E = sum_i (w . last_layer_i + b) * scale[Z_i] + shift[Z_i]; the shift may depend on the task.
Layers: the node features as embedded, after every invariant convolution (HIENet alone has one),
and after every gate. Scalars stay as they are; channels with l > 0 enter as their norms. The last
gate leaves scalars only: the backbone.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from ase import Atoms
from torch import Tensor

from lumlip.families import _network, base
from lumlip.families._convolution import speed_up

TO_HIDDEN, TO_ENERGY = "reduce_input_to_hidden", "reduce_hidden_to_energy"
VECTORS, EMBEDDING, TOTAL = "edge_preprocess", "onehot_to_feature_x", "reduce_total_enegy"  # (sic)
STEPS = ("_invariant_convolution", "_equivariant_gate")
NODES, BATCH, EDGES, EDGE_VECTORS = "x", "batch", "edge_index", "edge_vec"  # in the graph
ENERGY, MODAL = "atomic_energy", "modal_type"


class Extractor(_network.Extractor):
    """A checkpoint of either family, read off module by module."""

    compiled_from = "the checkpoint file (.pth) that it was deployed from"

    def _set_up(self, model: Any, task: str | None) -> None:
        modals = getattr(model, "modal_map", None) or {}
        self.tasks = tuple(modals)
        self.task = base.choose_task(task, self.tasks, self.name)
        self.modal = None if self.task is None else modals[self.task]
        speed_up(model)
        self.model = self._placed(model)
        self.cutoff = float(model.cutoff)
        self.type_map = dict(model.type_map)
        self.elements = frozenset(self.type_map)
        self.scale, self.shift = self._table("scale"), self._table("shift")
        weight, bias = self._linear(TO_ENERGY)
        self.weight, self.bias = weight[:, 0], float(bias[0])
        nodes, children = itemgetter(NODES), dict(model.named_children())
        self.layers = _network.steps(
            _network.Step(children[EMBEDDING], nodes),
            *(
                _network.Step(
                    module, nodes, getattr(getattr(module, "gate", None), "irreps_out", None)
                )
                for name, module in children.items()
                if name.endswith(STEPS)
            ),
        )

    def _run(
        self, structures: Sequence[Atoms], seen: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor, base.FloatArray]:
        data = self._graph(structures)
        for name, module in self.model.named_children():
            if name == TOTAL:  # forces would follow
                break
            if name == VECTORS:  # the graph has them
                continue
            if name == TO_HIDDEN:
                backbone = data[NODES]
            if name == TO_ENERGY:
                last_layer = data[NODES]
            data = module(data)
            if name.startswith("one"):  # one-hot modules write float32 whatever the model has
                data = {key: self._tensor(value) for key, value in data.items()}
        site = _network.array(data[ENERGY].squeeze(1))
        return backbone, last_layer, base.sum_by_structure(site, structures)

    def energy_from_readout(
        self, readout: base.FloatArray, structures: Sequence[Atoms]
    ) -> base.FloatArray:
        """The same from the backbone, by both maps; the first may see the task beside it."""
        weight, bias = self._linear(TO_HIDDEN)
        backbone, tasks = np.split(weight, [readout.shape[1]])
        of_task = tasks[self.modal] if len(tasks) else 0.0
        hidden = readout.astype(np.float64) @ backbone + of_task + bias
        return self.energy_from_last_layer(hidden, structures)

    def _graph(self, structures: Sequence[Atoms]) -> dict[str, Tensor]:
        """Build the input of the network; edges equal the package's own."""
        graph = base.neighbors(structures, self.cutoff)
        arrays: dict[str, Any] = {
            NODES: np.array([self.type_map[z] for z in graph.numbers.tolist()]),
            BATCH: graph.structure,
            EDGES: graph.pairs,
            EDGE_VECTORS: graph.vector,
        }
        if self.modal is not None:
            arrays[MODAL] = np.full(len(structures), self.modal)
        return {key: self._tensor(value) for key, value in arrays.items()}

    def _linear(self, name: str) -> tuple[base.FloatArray, base.FloatArray]:
        """Weights (n_in, n_out) and biases (n_out,) of one of the two maps."""
        linear = self.model.get_submodule(f"{name}.linear")
        n_in = next(m.irreps_in.dim for m in linear.modules() if hasattr(m, "irreps_in"))
        return self._read_off(linear, n_in)

    def _table(self, name: str) -> base.FloatArray:
        """Scale or shift (eV) by atomic number, for this task; some have one for all elements."""
        module = self.model.get_submodule("rescale_atomic_energy")
        values = _network.double(getattr(module, name))
        if values.ndim == 2:  # (task, element)
            values = values[self.modal]
        numbers, types = map(list, zip(*self.type_map.items(), strict=True))
        table: base.FloatArray = _network.by_number(
            numbers, values[types] if values.size > 1 else values
        )
        return table
