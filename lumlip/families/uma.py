# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "fairchem-core==2.24.0",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "e3nn==0.6.0", "matscipy==1.3.1",
# ]
# ///
"""UMA: an equivariant network whose weights are mixed from experts (Wood et al. 2025).

Backbone: the l = 0 part of the final node embedding. Last layer: what enters the last linear map
of the energy block; each task may have its own weights in that block.
E = rmsd * sum_i (w_task . last_layer_i + b) + mean + sum_i reference_task[Z_i], summed in float64.
Layers: the element embedding; ``edges``, when the task's embedding and the messages of the bonds
have been added; and the node embedding after every block (the last one before the final norm).
Their l = 0 part as it is, the channels of every l > 0 as norms.

The weights of a structure are sum_k c_k W_k over the experts. The coefficients c come from its
composition, charge, spin and task, never from its geometry: they are the variable ``routing``.
Task ``expert:2`` (``omol:expert:2``) gives all of their sum to expert 2. Weights mix linearly,
features do not.

Charge and spin (multiplicity) are read from ``atoms.info``; without them 0, and spin 1 for omol.
fairchem's ``merge_mole`` replaces modules for one composition: never used here. Its edges get a
random roll, which cancels up to rounding; drawn from a fixed seed here. The features do not change
under rotation, but do under inversion: eSCN's convolutions are equivariant to rotations only.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from fairchem.core import FAIRChemCalculator, pretrained_mlip
from fairchem.core.datasets.atomic_data import AtomicData
from fairchem.core.graph.radius_graph_pbc import get_max_neighbors_mask
from fairchem.core.models.uma.escn_moe import DatasetSpecificMoEWrapper
from fairchem.core.units.mlip_unit import InferenceSettings, load_predict_unit
from fairchem.core.units.mlip_unit.predict import MLIPPredictUnit
from torch import Tensor

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, IntArray, Structures

PACKAGE = "fairchem"
FEATURES_VERSION = 1
DEFAULT_TASK = "omat"  # of a single expert without a task
EMBEDDING_START = 1e-3  # fairchem starts the edges' element embeddings within +-1e-3
EXPERT = re.compile(r"(?:(?P<dataset>[^:]+):)?expert:(?P<expert>\d+)")


class Extractor(_network.Extractor):
    """A UMA or eSEN checkpoint: a file in fairchem's MLIPInferenceCheckpoint format."""

    without_gradients = torch.no_grad

    def _path(self, checkpoint: str) -> Path:
        if self.device.type not in ("cpu", "cuda"):
            raise ValueError(f"got device {self.device.type!r}; fairchem runs on: cpu, cuda")
        return Path(checkpoint)

    def _load(self) -> MLIPPredictUnit:
        unit = _load(self.checkpoint_file, self.device.type, self.dtype)
        self.backbone = unit.model.module.backbone
        self.head, self.block = _energy_head(unit.model.module)
        return unit

    def _set_up(self, model: Any, task: str | None) -> None:
        energies = {
            dataset: task
            for dataset, tasks in model.dataset_to_tasks.items()
            for task in tasks
            if task.property == "energy"
        }
        self.tasks = tuple(energies)
        self.n_experts = int(getattr(self.backbone, "num_experts", 0))
        self.task, self.dataset, self.expert = self._choose(task)
        _keep_to_expert(self.backbone, self.expert)
        self.energy_task = energies[self.dataset]
        self.cutoff = float(self.backbone.cutoff)
        self.weight, self.bias = self._final_map()
        normalizer, references = self.energy_task.normalizer, self.energy_task.element_references
        self.scale, self.mean = np.full(119, float(normalizer.rmsd)), float(normalizer.mean)
        if references is not None:
            known = _network.double(references.element_references)[: len(self.shift)]
            self.shift[: len(known)] = known
        self.elements = self._known_elements()
        self.inside = _network.entering(last_layer=self.block[-1])
        first, *others = self.backbone.blocks
        blocks = (_network.Step(x, entering=True) for x in (*others, self.backbone.norm))
        self.layers = _network.steps((self.backbone.sphere_embedding, *blocks))
        self.layers |= _network.entering(edges=first)

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        data = batch(structures, [self.dataset] * len(structures), self.backbone).to(self.device)
        gpus = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=gpus):  # the same random numbers in every pass
            torch.manual_seed(0)
            embedding = self.backbone(data)
        total: Any = self.head(data, embedding)
        while not isinstance(total, Tensor):  # by task, by property, or by both, as a head likes
            total = total.get(self.energy_task.name, total.get("energy"))
        energy = self.energy_task.normalizer.denorm(total)
        if self.energy_task.element_references is not None:
            energy = self.energy_task.element_references.undo_refs(data, energy)
        for name in seen.keys() - self.inside.keys():
            seen[name] = _invariants(seen[name])
        seen["backbone"] = embedding["node_embedding"][:, 0]
        return _network.double(energy)

    def _extra(self) -> _network.Arrays:
        """Weights of the experts (n_structures, n_experts) in the last pass."""
        if not self.n_experts:
            return {}
        tensors = self.backbone.global_mole_tensors
        return {"routing": _network.array(tensors.expert_mixing_coefficients)}

    def package_calculator(self) -> Any:
        """FAIRChemCalculator on this checkpoint in this precision; it also computes forces."""
        unit = _load(self.checkpoint_file, self.device.type, self.dtype, forces=True)
        _keep_to_expert(unit.model.module.backbone, self.expert)
        return FAIRChemCalculator(unit, task_name=self.dataset)

    def package_energy(self, atoms: Atoms) -> float:
        """Total energy in eV by the package's own calculator, of the structure in its box."""
        charge, spin = _charge_and_spin(atoms, self.dataset)
        stated = atoms.copy()
        stated.info.update(charge=charge, spin=spin)
        return super().package_energy(stated)

    def _choose(self, task: str | None) -> tuple[str, str, int | None]:
        """Task, its data set, and the expert (None: as learned)."""
        task = self.tasks[0] if task is None and len(self.tasks) == 1 else task
        single = EXPERT.fullmatch(task or "")
        default = DEFAULT_TASK if DEFAULT_TASK in self.tasks else self.tasks[0]
        dataset = (single["dataset"] or default) if single else task
        expert, last, known = int(single["expert"]) if single else None, self.n_experts - 1, []
        if self.n_experts:
            known = [f"expert:0 to expert:{last} (of task {default})"]
            known += [f"TASK:expert:0 to TASK:expert:{last}"]
        if task is None or dataset not in self.tasks:
            problem = "needs a task" if task is None else f"has no task {task!r}"
            raise ValueError(f"{self.name} {problem}; known: {', '.join([*self.tasks, *known])}")
        if expert is not None and expert > last:
            experts = f"{self.n_experts} experts, counted from 0"
            raise ValueError(f"{self.name} has {experts}, got task {task!r}")
        return task, str(dataset), expert

    def _final_map(self) -> tuple[FloatArray, float]:
        """Weights (n_channels,) and bias of the energy block's last linear map, for this task."""
        last: Any = self.block[-1]
        if isinstance(self.head, DatasetSpecificMoEWrapper):
            expert = self.head.dataset_name_to_exp[self.dataset]
            return _network.double(last.weights[expert, 0]), float(last.bias[0])
        return _network.final_map(last)

    def _known_elements(self) -> frozenset[int]:
        """Elements that this task has a reference for and whose embedding has been trained.

        References of elements without data can be rounding noise, or an isolated atom's energy;
        embeddings of elements that no data set contains stay where training started.
        """
        known = np.abs(self.shift[: self.backbone.max_num_elements]) > 1e-6
        if self.energy_task.element_references is None:
            known[:] = True
        embedding = _network.array(self.backbone.source_embedding.weight.abs().amax(1))
        if embedding.max() > 10 * EMBEDDING_START:  # else hardly trained: references must do
            known &= embedding > EMBEDDING_START
        return frozenset((np.flatnonzero(known[1:]) + 1).tolist())


def download(name: str) -> Path:
    """Fetch a published checkpoint, say "uma-s-1p1", into fairchem's cache; return its file.

    The repositories are gated: accept the licence of https://huggingface.co/facebook/UMA once,
    then run ``hf auth login`` or set the variable HF_TOKEN. FAIRCHEM_CACHE_DIR moves the cache.
    """
    return Path(pretrained_mlip.pretrained_checkpoint_path_from_name(name))


def batch(structures: Structures, datasets: Sequence[str], backbone: Any) -> AtomicData:
    """Build fairchem's batch with its graph, in the backbone's precision, on the CPU.

    Edges equal fairchem's own; its way to make them is a slow one on the CPU. ``datasets`` are the
    tasks of the structures.
    """
    cutoff, dtype = float(backbone.cutoff), backbone.source_embedding.weight.dtype
    graph = base.neighbors(structures, cutoff)
    sizes = torch.tensor([len(atoms) for atoms in structures])
    keep = _near_enough(graph, sizes, backbone)
    owner = graph.structure[graph.first[keep]]
    charge, spin = zip(*map(_charge_and_spin, structures, datasets), strict=True)
    cells = np.stack([base.in_box(atoms, cutoff).cell.array for atoms in structures])
    positions = base.centered(structures)
    return AtomicData(
        pos=torch.from_numpy(positions).to(dtype),
        atomic_numbers=torch.from_numpy(graph.numbers),
        cell=torch.from_numpy(cells).to(dtype),
        pbc=torch.ones(len(structures), 3, dtype=torch.bool),
        natoms=sizes,
        edge_index=torch.from_numpy(np.stack([graph.second[keep], graph.first[keep]])),
        cell_offsets=torch.from_numpy(graph.image[keep]).to(dtype),
        nedges=torch.from_numpy(np.bincount(owner, minlength=len(structures))),
        charge=torch.tensor(charge),
        spin=torch.tensor(spin),
        fixed=torch.zeros(len(positions), dtype=torch.long),
        tags=torch.zeros(len(positions), dtype=torch.long),
        batch=torch.from_numpy(graph.structure),
        sid=[""] * len(structures),
        dataset=list(datasets),
    )


def _near_enough(graph: base.Neighbors, sizes: Tensor, backbone: Any) -> IntArray:
    """Indices of the pairs that fairchem keeps where an atom has very many neighbors."""
    if not len(graph.first):
        return graph.first
    keep, _ = get_max_neighbors_mask(
        natoms=sizes,
        index=torch.from_numpy(graph.first),
        atom_distance=torch.from_numpy((graph.vector**2).sum(1)),
        max_num_neighbors_threshold=backbone.max_neighbors,
        enforce_max_strictly=backbone.enforce_max_neighbors_strictly,
    )
    return np.flatnonzero(keep.numpy())


def _load(path: Path, device: str, dtype: torch.dtype, *, forces: bool = False) -> MLIPPredictUnit:
    """Load a checkpoint unmerged and uncompiled; without forces, edges come from outside."""
    settings = InferenceSettings(
        activation_checkpointing=False,
        merge_mole=False,
        compile=False,
        external_graph_gen=not forces,
        auto_add_default_untrained_tasks=False,
        execution_mode="general",
        base_precision_dtype=dtype,
    )
    unit = load_predict_unit(path, inference_settings=settings, device=device)
    if forces:
        return unit
    unit.model.to(dtype).eval().requires_grad_(False)
    unit.move_to_device()
    # no_grad alone would not do: the model turns gradients on again where it regresses forces
    regress = unit.model.module.backbone.regress_config
    regress.forces = regress.stress = regress.hessian = False
    return unit


def _energy_head(model: Any) -> tuple[torch.nn.Module, torch.nn.Sequential]:
    """Find the head that gives the energy, and its block of linear maps and activations."""
    for head in model.output_heads.values():
        inner = getattr(head, "head", head)
        block = getattr(inner, "energy_block", None)
        if isinstance(block, torch.nn.Sequential) and inner.reduce == "sum":
            return head, block
    heads = ", ".join(type(head).__name__ for head in model.output_heads.values())
    raise base.UnsupportedError(heads, "no head has an energy block that sums over atoms")


def _invariants(embedding: Tensor) -> Tensor:
    """Scalars and norms of (n_atoms, n_orders, n_channels), orders l = 0 (1), l = 1 (3), ..."""
    if embedding.ndim == 2:
        return embedding
    ends = np.arange(1, int(np.sqrt(embedding.shape[1])) + 1) ** 2  # 1, 4, 9, ...
    blocks = np.split(_network.array(embedding), ends[:-1], axis=1)
    norms = [np.linalg.norm(block, axis=1) for block in blocks[1:]]
    return torch.from_numpy(np.concatenate([blocks[0][:, 0], *norms], axis=1))


def _keep_to_expert(backbone: Any, expert: int | None) -> None:
    """Give the sum of the learned coefficients to one expert (None: leave them as they are)."""
    if expert is None:
        return
    learned = backbone.set_MOLE_coefficients

    def one_hot(*args: Any, **kwargs: Any) -> None:
        learned(*args, **kwargs)
        tensors = backbone.global_mole_tensors
        coefficients = torch.zeros_like(tensors.expert_mixing_coefficients)
        coefficients[:, expert] = tensors.expert_mixing_coefficients.sum(1)
        tensors.expert_mixing_coefficients = coefficients

    backbone.set_MOLE_coefficients = one_hot


def _charge_and_spin(atoms: Atoms, dataset: str) -> tuple[int, int]:
    """Charge and spin multiplicity of a structure, with fairchem's defaults and bounds."""

    def read(key: str, default: int, low: int) -> int:
        given = base.whole_number(atoms.info.get(key, default), key)
        if not low <= given <= 100:
            raise ValueError(f"{key} is {given}, expected a whole number from {low} to 100")
        return given

    return read("charge", 0, -100), read("spin", int(dataset == "omol"), 0)
