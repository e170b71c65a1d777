# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "deepmd-kit==3.2.0",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "e3nn==0.6.0", "vesin[torch]==0.6.2",
#   "matscipy==1.3.1",
# ]
# ///
"""DPA: a graph network over atoms, pairs and angles (Zhang et al. 2025), of DeePMD-kit.

Backbone: the descriptor, which enters the fitting network. Last layer: what enters the last linear
map of the fitting network. A multi-task file has branches; their descriptor is the same unless the
fitting network is told the branch ("case embedding" changes the last layer only), so two branches
of one file differ in the last layer and not in the backbone.
E = sum_i (w . last_layer_i + b) + bias_atom_e[Z_i] + out_bias[Z_i].
Layers: the type embedding, and the node features (invariant) after every layer of message passing;
the last of them is the backbone, or the part of it that stands before the type embedding.

Traps: types are indices into the model's own ``type_map``. The task ``BRANCH:alphabetical`` numbers
the elements of each structure by the alphabet instead, as the published extraction script does: a
control that shows how far this moves the features. A file states the precision of each network;
here all of them get the precision asked for. A DPA-3 that knows charge and spin multiplicity reads
``info["charge"]`` and ``info["spin_multiplicity"]`` (or ``info["spin"]``) of a structure, else
takes its own defaults, or 0 and 1. Frame parameters keep the model's defaults. DPA-4 (``sezm``) is
another architecture: refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import deepmd.env
import numpy as np
import torch
from ase import Atoms
from ase.data import atomic_numbers
from torch import Tensor

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, IntArray, Structures

PACKAGE = "deepmd"
FEATURES_VERSION = 2
DESCRIPTORS = ("dpa2", "dpa3")
PARAMETERS = ("fparam", "aparam")  # of a frame, of an atom

# The wheel's PyTorch operators are built for torch 2.11 and MPICH; with any other torch the import
# would stop at them. Only runs on several machines need them, so they are not looked for.
deepmd.env.SHARED_LIB_DIR = Path(__file__).parent
deepmd.env.GLOBAL_CONFIG["cibuildwheel"] = "0"


class Extractor(_network.Extractor):
    """A DPA checkpoint: a ``.pt`` file written by DeePMD-kit's trainer."""

    compiled_from = "the training checkpoint (model.ckpt-N.pt) that it was frozen from"
    without_gradients = torch.no_grad

    def _load(self) -> dict[str, Any]:
        """Read the weights and settings of the file without running code from it."""
        saved = torch.load(self.checkpoint_file, map_location="cpu", weights_only=True)
        weights: dict[str, Any] = saved.get("model", saved)
        branches = weights["_extra_state"]["model_params"].get("model_dict", {})
        self.tasks = tuple(branches)
        others = {name: branch.get("model_branch_alias", []) for name, branch in branches.items()}
        self.aliases = {alias: name for name, known in others.items() for alias in known}
        return weights

    def _set_up(self, model: Any, task: str | None) -> None:
        branch, _, control = (task or "").rpartition(":")
        self.alphabetical = control == "alphabetical"
        task = (branch or None) if self.alphabetical else task
        self.task = base.choose_task(self.aliases.get(task or "", task), self.tasks, self.name)
        with self._reading():
            built = _build(model, self.task, str(self.dtype).removeprefix("torch."))
        self.model = built.to(self.device).eval().requires_grad_(False)
        self.atomic_model = self.model.atomic_model
        self.type_map: list[str] = self.model.get_type_map()
        self.elements = frozenset(atomic_numbers[s] for s in self.type_map if s in atomic_numbers)
        self.cutoff = float(self.model.get_rcut())
        fitting, descriptor = self.atomic_model.fitting_net, self.atomic_model.descriptor
        final = fitting.filter_layers.networks[0].layers[-1]
        self.weight, self.bias = _network.double(final.matrix[:, 0]), float(final.bias[0])
        energies = fitting.bias_atom_e[:, 0].double() + self.atomic_model.out_bias[0, :, 0].double()
        self.energies = _network.double(energies)
        self.inside = _network.entering(backbone=fitting, last_layer=final)
        block = getattr(descriptor, "repflows", None) or descriptor.repformers
        self.layers = _network.steps((descriptor.type_embedding, *block.layers))

    def extract(self, structures: Structures, *, layers: bool = False) -> base.Features:
        """One forward pass over each run of structures of one charge and spin, as a frame has."""
        runs = [list(run) for _, run in groupby(structures, key=lambda x: str(self._state(x)))]
        if len(runs) == 1:
            return super().extract(structures, layers=layers)
        return _joined([self.extract(run, layers=layers) for run in runs])

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        state = self._state(structures[0])
        frame = make_frame(structures, self.model, self._types(structures), self.device)
        with fitted_to(self.model, frame):
            site = self.atomic_model.forward_common_atomic(
                frame.coord,
                frame.types,
                frame.nlist,
                mapping=frame.mapping,
                charge_spin=None if state is None else torch.from_numpy(state).to(self.device),
            )["energy"]
        n_atoms = frame.nlist.shape[1]
        for name, values in seen.items():  # images of atoms stand behind the atoms
            seen[name] = values.reshape(-1, values.shape[-1])[:n_atoms].to(self.dtype)
        return base.sum_by_structure(_network.double(site.reshape(-1)), structures)

    def _site(self, last_layer: FloatArray, structures: Structures) -> FloatArray:
        shift: FloatArray = self.energies[self._types(structures)]
        return super()._site(last_layer, structures) + shift

    def package_calculator(self) -> Any:
        """DeePMD-kit's DP on this checkpoint, in the file's own precision, not compiled."""
        from ase.calculators.calculator import Calculator
        from deepmd.calculator import DP
        from deepmd.infer import DeepPot

        calculator = DP.__new__(DP)
        # DP's own __init__ always compiles, which takes half a minute and changes nothing.
        Calculator.__init__(calculator)
        calculator.dp = DeepPot(str(self.checkpoint_file), head=self.task, no_jit=True)
        calculator.type_dict = {symbol: i for i, symbol in enumerate(self.type_map)}
        return calculator

    def package_energy(self, atoms: Atoms) -> float:
        """Total energy in eV by DP, which looks for charge and spin under a name of its own."""
        stated = atoms.copy()
        stated.info["charge_spin"] = self._state(atoms)
        return super().package_energy(stated)

    def package_features(self, atoms: Atoms) -> base.Pairs:
        """DeepPot's descriptor and activation before the last layer, for checks."""
        box, potential = base.in_box(atoms, self.cutoff), self._calculator.dp
        geometry = (x.reshape(1, -1) for x in (box.positions, box.cell.array))
        options = {"charge_spin": self._state(atoms), "dtype": "native"}
        types = types_of([box], self.type_map)
        theirs = potential.deep_eval.eval_embedding(*geometry, types, **options)
        ours = self.extract([atoms])
        return {
            "eval_embedding": (ours.backbone, theirs[0][0]),
            "eval_embedding_last_layer": (ours.last_layer, theirs[1][0]),
        }

    def _types(self, structures: Structures) -> IntArray:
        return (alphabetical_types if self.alphabetical else types_of)(structures, self.type_map)

    def _state(self, atoms: Atoms) -> FloatArray | None:
        """Charge and spin multiplicity of a structure, (1, 2); None if the model knows neither."""
        if not self.model.has_chg_spin_ebd():
            return None
        charge, spin = self.model.atomic_model.descriptor.default_chg_spin or (0, 1)
        known = base.charge_and_spin(atoms, default=(int(charge), int(spin)))
        return np.array([known], dtype=np.float64)


@dataclass(frozen=True)
class Frame:
    """A batch of structures as one frame of DeePMD-kit, without padding by structure.

    Every pair gets a neighbor of its own, at the vector of the pair from an atom that sits at the
    origin: the model sees differences of positions only, and these are then exact in float32.

    ``coord`` (1, n_atoms + n_pairs, 3) are zeros, then the vectors of the pairs, in Å; ``mapping``
    tells the atom that a neighbor is an image of; ``nlist`` (1, n_atoms, width) holds the neighbors
    of each atom by increasing distance, -1 where it has fewer. The widths are the largest number of
    neighbors of an atom, within the two cutoffs.
    """

    coord: Tensor
    types: Tensor
    nlist: Tensor
    mapping: Tensor
    width: int
    angle_width: int


def _joined(parts: Sequence[base.Features]) -> base.Features:
    """Put the features of batches one behind the other."""
    arrays = zip(*((x.backbone, x.last_layer, x.energy) for x in parts), strict=True)
    layers = {key: np.concatenate([x.layers[key] for x in parts]) for key in parts[0].layers}
    backbone, last_layer, energy = map(np.concatenate, arrays)
    return base.Features(backbone, last_layer, energy, layers=layers)


def make_frame(
    structures: Structures, model: Any, types: IntArray, device: torch.device | None = None
) -> Frame:
    """Make the one frame of a batch; its pairs equal DeePMD-kit's own."""
    graph = base.neighbors(structures, float(model.get_rcut()))
    n_atoms = len(graph.numbers)
    length = np.linalg.norm(graph.vector, axis=1)
    order = np.lexsort((length, graph.first))
    count = np.bincount(graph.first, minlength=n_atoms)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    first, second = graph.first[order], graph.second[order]
    flows = dynamic_flows(model)
    largest = int(count.max(initial=1))
    width = sum(model.get_sel()) if flows is None else max(1, min(largest, flows.nnei))
    close = first[length[order] < flows.a_rcut] if flows is not None else first[:0]
    nlist = np.full((n_atoms, width), -1)
    kept = rank < width
    nlist[first[kept], rank[kept]] = n_atoms + np.flatnonzero(kept)
    arrays = (
        np.concatenate([np.zeros((n_atoms, 3)), graph.vector[order]]),
        np.concatenate([types, types[second]]),
        nlist,
        np.concatenate([np.arange(n_atoms), second]),
    )
    coord, kinds, near, mapping = (torch.from_numpy(x)[None].to(device) for x in arrays)
    angle_width = max(1, int(np.bincount(close, minlength=1).max()))
    return Frame(coord, kinds, near, mapping, width, angle_width)


def types_of(structures: Structures, type_map: Sequence[str]) -> IntArray:
    """Indices (n_atoms,) into the model's list of elements."""
    symbols = [symbol for atoms in structures for symbol in atoms.get_chemical_symbols()]
    return np.array([type_map.index(symbol) for symbol in symbols], dtype=np.int64)


def alphabetical_types(structures: Structures, type_map: Sequence[str]) -> IntArray:
    """Indices (n_atoms,) into each structure's own elements in alphabetical order: wrong types."""
    own = [atoms.get_chemical_symbols() for atoms in structures]
    return np.concatenate([np.unique(symbols, return_inverse=True)[1] for symbols in own])


def dynamic_flows(model: Any) -> Any:
    """Return DPA-3's message passing if it takes as many neighbors as there are, else None."""
    flows = getattr(model.atomic_model.descriptor, "repflows", None)
    return flows if flows is not None and flows.use_dynamic_sel else None


@contextmanager
def fitted_to(model: Any, frame: Frame) -> Iterator[None]:
    """Let DPA-3 work on as many neighbors as the batch has, not on its largest number (1200)."""
    flows = dynamic_flows(model)
    if flows is None:
        yield
        return
    mean, stddev, a_sel = flows.mean, flows.stddev, flows.a_sel
    flows.mean, flows.stddev = mean[:, : frame.width], stddev[:, : frame.width]
    flows.a_sel = min(a_sel, frame.angle_width)
    try:
        yield
    finally:
        flows.mean, flows.stddev, flows.a_sel = mean, stddev, a_sel


def download(name: str) -> Path:
    """Fetch a published checkpoint by DeePMD-kit's own downloader, which checks its SHA-256."""
    from deepmd.pretrained.download import resolve_model_path

    return Path(resolve_model_path(name))


def _build(weights: dict[str, Any], branch: str | None, dtype: str) -> Any:
    """Build the model of one branch; refuse what the energy identity leaves out."""
    from deepmd.pt.model.model import get_model

    settings = weights["_extra_state"]["model_params"]
    settings = settings if branch is None else settings["model_dict"][branch]
    _check_kind(settings)
    model = get_model(_with_precision(settings, dtype))
    start = f"model.{branch or 'Default'}."
    own = {k.removeprefix(start): v for k, v in weights.items() if k.startswith(start)}
    result = model.load_state_dict(own, strict=False)
    if lacking := [key for key in result.missing_keys if "layers" in key or "embd" in key]:
        raise ValueError(f"weights lacking: {', '.join(lacking[:3])}")
    atomic = model.atomic_model
    if atomic.fitting_net.remove_vaccum_contribution is not None or atomic.atom_excl is not None:
        kind = "atom_ener or atom_exclude_types"
        raise base.UnsupportedError(kind, "more than the last layer enters its energies")
    return model


def _check_kind(settings: dict[str, Any]) -> None:
    """Refuse models without a DPA descriptor, and fitting networks that give no energy alone."""
    kind = settings.get("type", "standard")
    descriptor = settings.get("descriptor", {}).get("type", "")
    if {kind.lower(), descriptor.lower()} & {"sezm", "dpa4"}:
        raise base.UnsupportedError("DPA-4", "DPA-2 and DPA-3 are")
    for part in ("spin", "use_srtab"):
        kind = part if part in settings else kind
    if kind != "standard":
        raise base.UnsupportedError(kind)
    if descriptor not in DESCRIPTORS:
        raise base.UnsupportedError(descriptor, f"no {' or '.join(DESCRIPTORS)} descriptor")
    fitting = settings.get("fitting_net", {})
    if (target := fitting.get("type", "ener")) != "ener":
        raise base.UnsupportedError(target, "its fitting network does not give an energy")
    if any(fitting.get(f"numb_{x}") and not fitting.get(f"default_{x}") for x in PARAMETERS):
        raise base.UnsupportedError("fparam", "it wants parameters of every frame or atom")


def _with_precision(settings: Any, dtype: str) -> Any:
    """Copy settings with every ``precision`` replaced, whether the file states it or not."""
    if isinstance(settings, dict):
        copy = {key: _with_precision(value, dtype) for key, value in settings.items()}
        for part in ("descriptor", "fitting_net"):
            if part in copy:
                copy[part]["precision"] = dtype
        return copy | ({"precision": dtype} if "precision" in copy else {})
    return [_with_precision(x, dtype) for x in settings] if isinstance(settings, list) else settings
