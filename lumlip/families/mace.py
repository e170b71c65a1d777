# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "mace-torch==0.3.16",
#   "torch==2.13.0",
#   "numpy==2.4.6",
#   "ase==3.29.0",
#   "e3nn==0.4.4",
#   "matscipy==1.3.1",
# ]
# ///
"""MACE: equivariant messages of high body order (Batatia et al. 2022).

Backbone: the scalars of every layer, side by side; the package's ``get_descriptors`` gives the
same. Last layer: what enters the final linear map of every readout, side by side: the scalars of
the earlier layers, and the hidden activation of the last readout (of the chosen head only).
E = sum_i E0[Z_i] + scale * (w . last_layer_i + b + ZBL_i) + shift; E0, scale, shift, w and b belong
to the head. ZBL_i is the repulsion of close nuclei that some checkpoints add (``pair_repulsion``):
not a feature, so it is computed from the geometry again. A checkpoint that knows charge and spin
may read an energy off its embedding too, unscaled; those scalars then stand first in the last
layer. Charge and spin are ``info["charge"]`` and ``info["spin"]`` of a structure, else 0 and 1.
Layers: the node features as embedded by element, and after the product of every interaction; their
scalars as they are (all of them side by side are the backbone), channels with l > 0 as norms.

Traps. mace takes the last head where it does not know the name; here that is an error. mace must be
imported before e3nn. A checkpoint is a pickle: loading one runs code from it.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from ase import Atoms
from torch import Tensor, nn

from lumlip.families import base

# mace says on stdout what it would like to have beside it; the worker reports its progress there.
with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
    from mace.calculators import MACECalculator, foundations_models, mace_off, mace_omol
    from mace.modules import MACE, ScaleShiftMACE

PACKAGE = "mace"
FEATURES_VERSION = 1
OFF24 = "https://raw.githubusercontent.com/ACEsuit/mace-off/main/mace_off24/MACE-OFF24_medium.model"
MODELS = ("mace.modules.models.", "mace.modules.extensions.")  # where its classes of models are
INFO = {"total_charge": ("charge", 0.0), "total_spin": ("spin", 1.0)}  # mace's name: ours, default


@dataclass(frozen=True)
class Readout:
    """The final linear map of one readout, for one head.

    Attributes
    ----------
    linear : torch.nn.Module
        Its input is a part of the last layer.
    columns : int array of shape (n_channels,)
        Which columns of that input the head reads.
    weight : array of shape (n_channels,)
    bias : float
    scaled : bool
        False for the energy of the embedding, which the scale does not touch.
    """

    linear: nn.Module
    columns: base.IntArray
    weight: base.FloatArray
    bias: float
    scaled: bool


class Extractor(base.Extractor):
    """A MACE checkpoint: a file written by ``torch.save(model)``, as mace's trainer does."""

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        base.reuse_memory()
        self.checkpoint_file = Path(checkpoint)
        self.name = f"mace:{checkpoint}"
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        compiled_from = "the .model file beside it whose name lacks _compiled"
        with base.reading(self.checkpoint_file, "mace", compiled_from=compiled_from):
            model = _load(self.checkpoint_file)
        self.heads = list(getattr(model, "heads", None) or ["Default"])
        is_plain = [head.lower() for head in self.heads] == ["default"]
        self.tasks = () if is_plain else tuple(self.heads)
        if task is None and len(self.heads) == 1:
            self.task, self.head = None, 0
        else:
            self.task = base.choose_task(task, self.tasks, self.name)
            self.head = self.heads.index(self.task)
        self.model = model.to(self.device, self.dtype).eval().requires_grad_(False)
        self.cutoff = float(model.r_max)
        self.elements = frozenset(model.atomic_numbers.tolist())
        self.scalars = _scalar_columns([p.linear.irreps_out for p in model.products])
        self.readouts = self._readouts()

    @torch.inference_mode()
    def extract(self, structures: Sequence[Atoms], *, layers: bool = False) -> base.Features:
        """One forward pass over a batch: no forces, no gradients."""
        base.check_elements(structures, self.elements, self.name)
        steps = self._steps() if layers else {}
        with self._seen_by_readouts() as seen, base.outputs(steps) as after:
            result = self.model(self._graph(structures), compute_force=False)
        last_layer = [seen[r.linear][:, r.columns].cpu().numpy() for r in self.readouts]
        energy = base.sum_by_structure(result["node_energy"].cpu().numpy(), structures)
        if not all(readout.scaled for readout in self.readouts):  # not among the node energies
            energy = result["energy"].cpu().double().numpy()
        backbone = result["node_feats"][:, self.scalars].cpu().numpy()
        kept = {
            name: base.invariants(after[name].cpu().numpy(), module.linear.irreps_out)
            for name, module in steps.items()
        }
        return base.Features(backbone, np.concatenate(last_layer, axis=1), energy, layers=kept)

    @torch.inference_mode()
    def energy_from_last_layer(
        self, last_layer: base.FloatArray, structures: Sequence[Atoms]
    ) -> base.FloatArray:
        """Total energies (n_structures,) in eV: the sum at the top of this file."""
        scale, shift = self._scale_and_shift()
        factors = [scale if readout.scaled else 1.0 for readout in self.readouts]
        weight = [f * r.weight for f, r in zip(factors, self.readouts, strict=True)]
        bias = sum(f * r.bias for f, r in zip(factors, self.readouts, strict=True))
        site = last_layer.astype(np.float64) @ np.concatenate(weight) + bias + shift
        site += scale * self._repulsion(structures) + self._reference(structures)
        return base.sum_by_structure(site, structures)

    def package_calculator(self) -> Any:
        """MACECalculator on this checkpoint, in our dtype."""
        model = _load(self.checkpoint_file).to(self.device, self.dtype)
        dtype = str(self.dtype).removeprefix("torch.")
        return MACECalculator(
            models=model, device=self.device.type, default_dtype=dtype, head=self.heads[self.head]
        )

    def package_features(self, atoms: Atoms) -> dict[str, tuple[base.FloatArray, base.FloatArray]]:
        """MACE's invariant descriptors: name -> (ours, the package's)."""
        boxed = base.in_box(atoms, self.cutoff)
        theirs = self._calculator.get_descriptors(boxed, invariants_only=True)
        return {"descriptors": (self.extract([atoms]).backbone, theirs)}

    def _graph(self, structures: Sequence[Atoms]) -> dict[str, Tensor]:
        graph = base.neighbors(structures, self.cutoff)
        numbers = self.model.atomic_numbers.cpu().numpy()
        data = inputs(graph, numbers, head=self.head, dtype=self.dtype)
        for name in getattr(self.model, "embedding_specs", None) or ():
            key, default = INFO[name]
            values = [base.whole_number(atoms.info.get(key, default), key) for atoms in structures]
            data[name] = torch.tensor(values, dtype=self.dtype)
        return {key: value.to(self.device) for key, value in data.items()}

    @contextlib.contextmanager
    def _seen_by_readouts(self) -> Iterator[dict[nn.Module, Tensor]]:
        """Catch the inputs of the readouts' final maps during a forward pass."""
        seen: dict[nn.Module, Tensor] = {}

        def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            seen[module] = inputs[0]

        hooks = [r.linear.register_forward_pre_hook(keep) for r in self.readouts]
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()

    def _steps(self) -> dict[str, Any]:
        """Blocks whose outputs are the node features, in order of depth."""
        products = {f"interaction_{i}": x for i, x in enumerate(self.model.products, start=1)}
        return {"embedding": self.model.node_embedding, **products}

    def _readouts(self) -> tuple[Readout, ...]:
        model = self.model
        readouts = [self._readout(block, scaled=True) for block in model.readouts]
        if hasattr(model, "embedding_readout"):
            readouts.insert(0, self._readout(model.embedding_readout, scaled=False))
        return tuple(readouts)

    def _readout(self, block: Any, *, scaled: bool) -> Readout:
        """Read the final linear map of a readout off, by feeding it unit vectors."""
        linear = block.linear_2 if hasattr(block, "linear_2") else block.linear
        columns = _scalar_columns([linear.irreps_in])
        n_heads = getattr(block, "num_heads", 1)
        if n_heads > 1:  # a hidden activation holds one block of channels per head, others zero
            columns = np.split(columns, n_heads)[self.head]
        unit = torch.eye(linear.irreps_in.dim, device=self.device, dtype=self.dtype)
        with torch.inference_mode():
            bias = linear(torch.zeros_like(unit[:1]))
            weight = (linear(unit) - bias)[:, self.head].cpu().double().numpy()
        return Readout(linear, columns, weight[columns], float(bias[0, self.head]), scaled)

    def _scale_and_shift(self) -> tuple[float, float]:
        """Scale and shift (eV) of the head; 1 and 0 for a MACE without them."""
        block = getattr(self.model, "scale_shift", None)
        if block is None:
            return 1.0, 0.0
        scale, shift = (x.reshape(-1)[self.head] for x in (block.scale, block.shift))
        return float(scale), float(shift)

    def _reference(self, structures: Sequence[Atoms]) -> base.FloatArray:
        """E0 (n_atoms,) of every atom in eV, for the head."""
        energies = self.model.atomic_energies_fn.atomic_energies
        energies = energies.reshape(-1, energies.shape[-1])[self.head]
        table = np.zeros(max(self.elements) + 1)
        table[self.model.atomic_numbers.cpu().numpy()] = energies.cpu().double().numpy()
        reference: base.FloatArray = table[np.concatenate([atoms.numbers for atoms in structures])]
        return reference

    def _repulsion(self, structures: Sequence[Atoms]) -> base.FloatArray:
        """Repulsion of close nuclei after Ziegler, Biersack and Littmark (n_atoms,), unscaled."""
        if not hasattr(self.model, "pair_repulsion"):
            return np.zeros(sum(map(len, structures)))
        data = self._graph(structures)
        length = torch.linalg.vector_norm(data["shifts"], dim=1, keepdim=True)
        repulsion = self.model.pair_repulsion_fn(
            length, data["node_attrs"], data["edge_index"], self.model.atomic_numbers
        )
        return repulsion.cpu().double().numpy()  # type: ignore[no-any-return]


def inputs(
    graph: base.Neighbors, numbers: base.IntArray, *, head: int, dtype: torch.dtype
) -> dict[str, Tensor]:
    """Turn a graph into the input of a MACE model; edges equal those of its ``AtomicData``.

    All atoms sit at the origin and the whole pair vector is the "shift" of its edge: so vectors
    lose no digits in single precision, and forces (the gradient by position) are still right.

    Parameters
    ----------
    graph : Neighbors
    numbers : int array of shape (n_elements,)
        The atomic numbers that the model knows, in its order.
    head : int
    dtype : torch.dtype
    """
    row = np.zeros(119, dtype=np.int64)
    row[numbers] = np.arange(len(numbers))
    one_hot = torch.eye(len(numbers), dtype=dtype)[torch.from_numpy(row[graph.numbers])]
    n_atoms, n_structures = len(graph.numbers), graph.n_structures
    sizes = np.bincount(graph.structure)
    return {
        "node_attrs": one_hot,
        "positions": torch.zeros((n_atoms, 3), dtype=dtype),
        "edge_index": torch.from_numpy(np.stack([graph.first, graph.second])),
        "shifts": torch.from_numpy(graph.vector).to(dtype),
        "batch": torch.from_numpy(graph.structure),
        "ptr": torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)])),
        "cell": torch.zeros((3 * n_structures, 3), dtype=dtype),
        "head": torch.full((n_structures,), head),
    }


def download(name: str) -> Path:
    """Fetch a published checkpoint into mace's own cache, and return its file.

    Names are mace's: of ``mace_mp`` as they are ("medium-0b3", "mh-1"), of MACE-OFF23 as
    "off-small", "off-medium", "off-large", and "omol-extra-large"; it has none for "off24-medium".
    """
    off = {f"off-{size}": url for size, url in foundations_models.mace_off_urls.items()}
    off["off24-medium"] = OFF24
    if name in off:
        with _unopened():
            mace_off(off[name], device="cpu", return_raw_model=True)
        return Path(foundations_models.get_cache_dir(), Path(off[name]).name)
    if name == "omol-extra-large":
        with _unopened():
            mace_omol("extra_large", device="cpu", return_raw_model=True)
        return Path(foundations_models.get_cache_dir(), "MACE-omol-0-extra-large-1024.model")
    if name in foundations_models.mace_mp_urls:
        return Path(foundations_models.download_mace_mp_checkpoint(name))
    known = [*foundations_models.mace_mp_urls, *off, "omol-extra-large"]
    raise ValueError(f"mace publishes no {name!r}; known: {', '.join(known)}")


def _unopened() -> Any:
    """Keep mace from opening what it has fetched: its pickle would run before it is checked."""
    return mock.patch.object(foundations_models.torch, "load", return_value=None)


def _load(path: Path) -> ScaleShiftMACE:
    """Read a checkpoint; what its pickle says is run."""
    try:
        with warnings.catch_warnings(action="ignore"):
            model = torch.load(path, map_location="cpu", weights_only=False)
    except (AttributeError, ImportError) as error:  # of a class that is not here
        _check_version(path, error)
        raise
    kind = type(model)
    if isinstance(model, dict) and {"model", "lr_scheduler"} <= model.keys():
        advice = "it lacks the network; give the .model file that training writes at its end"
        raise base.UnsupportedError("epoch", advice)
    if kind not in (MACE, ScaleShiftMACE):
        if not kind.__module__.startswith("mace."):
            raise TypeError(kind)
        raise base.UnsupportedError(kind.__name__, "MACE and ScaleShiftMACE are")
    if unknown := set(getattr(model, "embedding_specs", None) or ()) - set(INFO):
        advice = f"of a structure it wants more than {' and '.join(INFO)}"
        raise base.UnsupportedError(", ".join(sorted(unknown)), advice)
    return model


def _check_version(path: Path, error: Exception) -> None:
    """Say of what kind a file is that holds a MACE, but cannot be opened: by names alone."""
    names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    kinds = {name.rpartition(".")[2] for name in names if name.startswith(MODELS)}
    if others := kinds - {"MACE", "ScaleShiftMACE"}:
        raise base.UnsupportedError(
            ", ".join(sorted(others)), "MACE and ScaleShiftMACE are"
        ) from error
    if kinds:
        lost = str(error).partition(" on <")[0]
        advice = "save it again with mace 0.3 or later, where that opens it"
        raise base.UnsupportedError(f"another version ({lost})", advice) from error


def _scalar_columns(irreps: Sequence[Any]) -> base.IntArray:
    """Where the scalars are among features of these irreps, concatenated: (n_scalars,)."""
    is_scalar = [
        np.full(multiplicity * representation.dim, representation.is_scalar())
        for part in irreps
        for multiplicity, representation in part
    ]
    return np.flatnonzero(np.concatenate(is_scalar))
