# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "mace-torch==0.3.16",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "e3nn==0.4.4", "matscipy==1.3.1",
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

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from ase import Atoms
from mace.calculators import MACECalculator, foundations_models, mace_off, mace_omol
from mace.modules import MACE, ScaleShiftMACE
from torch import Tensor

from lumlip.families import _network, base
from lumlip.families.base import FloatArray, IntArray, Structures

PACKAGE = "mace"
FEATURES_VERSION = 1
OFF24 = "https://raw.githubusercontent.com/ACEsuit/mace-off/main/mace_off24/MACE-OFF24_medium.model"
OMOL = "MACE-omol-0-extra-large-1024.model"  # as mace calls what it fetches
MODELS = ("mace.modules.models.", "mace.modules.extensions.")  # where its classes of models are
SUPPORTED = "MACE and ScaleShiftMACE are"
INFO = {"total_charge": ("charge", 0.0), "total_spin": ("spin", 1.0)}  # mace's name: ours, default


class Extractor(_network.Extractor):
    """A MACE checkpoint: a file written by ``torch.save(model)``, as mace's trainer does."""

    compiled_from = "the .model file beside it whose name lacks _compiled"

    def _load(self) -> ScaleShiftMACE:
        """Read the checkpoint; what its pickle says is run."""
        path = self.checkpoint_file
        try:
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
            raise base.UnsupportedError(kind.__name__, SUPPORTED)
        if unknown := set(getattr(model, "embedding_specs", None) or ()) - set(INFO):
            advice = f"of a structure it wants more than {' and '.join(INFO)}"
            raise base.UnsupportedError(", ".join(sorted(unknown)), advice)
        return model

    def _set_up(self, model: Any, task: str | None) -> None:
        self.heads = list(getattr(model, "heads", None) or ["Default"])
        is_plain = [head.lower() for head in self.heads] == ["default"]
        self.tasks = () if is_plain else tuple(self.heads)
        self.head = 0
        if task is not None or len(self.heads) > 1:
            self.task = base.choose_task(task, self.tasks, self.name)
            self.head = self.heads.index(self.task)
        self.model = self._placed(model)
        self.cutoff = float(model.r_max)
        self.numbers = model.atomic_numbers.cpu().numpy()
        self.elements = frozenset(self.numbers.tolist())
        self.scalars = _scalar_columns([p.linear.irreps_out for p in model.products])
        linears, columns, weights, biases = zip(*self._readouts(), strict=True)
        self.weight = np.concatenate(weights)
        self.bias = sum(biases) + self._of_head("shift", 0.0)
        energies = _network.double(model.atomic_energies_fn.atomic_energies)
        of_head = energies.reshape(-1, energies.shape[-1])[self.head]
        self.shift = _network.by_number(self.numbers, of_head)
        self.inside = {
            f"readout_{i}": _network.Step(linear, itemgetter((slice(None), own)), entering=True)
            for i, (linear, own) in enumerate(zip(linears, columns, strict=True))
        }
        blocks = (model.node_embedding, *model.products)
        self.layers = _network.steps(blocks, irreps=lambda block: block.linear.irreps_out)

    def _run(self, structures: Structures, seen: _network.Seen) -> FloatArray:
        result = self.model(self._graph(structures), compute_force=False)
        seen["last_layer"] = torch.cat([seen.pop(name) for name in self.inside], dim=1)
        seen["backbone"] = result["node_feats"][:, self.scalars]
        if hasattr(self.model, "embedding_readout"):  # not among the node energies
            return _network.double(result["energy"])
        return base.sum_by_structure(_network.array(result["node_energy"]), structures)

    def _besides(self, structures: Structures) -> FloatArray | float:
        """Repulsion of close nuclei after Ziegler, Biersack and Littmark, scaled by the head."""
        if not hasattr(self.model, "pair_repulsion"):
            return 0.0
        data = self._graph(structures)
        length = torch.linalg.vector_norm(data["shifts"], dim=1, keepdim=True)
        repulsion = self.model.pair_repulsion_fn(
            length, data["node_attrs"], data["edge_index"], self.model.atomic_numbers
        )
        total = base.sum_by_structure(_network.double(repulsion), structures)
        return self._of_head("scale", 1.0) * total

    def package_calculator(self) -> Any:
        """MACECalculator on this checkpoint, in our dtype."""
        model = self._load().to(self.device, self.dtype)
        dtype = str(self.dtype).removeprefix("torch.")
        return MACECalculator(
            models=model, device=self.device.type, default_dtype=dtype, head=self.heads[self.head]
        )

    def package_features(self, atoms: Atoms) -> base.Pairs:
        """MACE's invariant descriptors: name -> (ours, the package's)."""
        boxed = base.in_box(atoms, self.cutoff)
        theirs = self._calculator.get_descriptors(boxed, invariants_only=True)
        return {"descriptors": (self.extract([atoms]).backbone, theirs)}

    def _graph(self, structures: Structures) -> dict[str, Tensor]:
        graph = base.neighbors(structures, self.cutoff)
        data = inputs(graph, self.numbers, head=self.head, dtype=self.dtype)
        for name in getattr(self.model, "embedding_specs", None) or ():
            key, default = INFO[name]
            values = [base.whole_number(atoms.info.get(key, default), key) for atoms in structures]
            data[name] = torch.tensor(values, dtype=self.dtype)
        return {key: value.to(self.device) for key, value in data.items()}

    def _readouts(self) -> list[tuple[Any, IntArray, FloatArray, float]]:
        """Of each readout: its final linear map, and for the head what columns that reads.

        With the weights (n_columns,) and the bias, in eV.
        """
        found, blocks = [], [(x, self._of_head("scale", 1.0)) for x in self.model.readouts]
        if hasattr(self.model, "embedding_readout"):  # whose energy is not scaled
            blocks.insert(0, (self.model.embedding_readout, 1.0))
        for block, scale in blocks:
            linear = getattr(block, "linear_2", None) or block.linear
            columns = _scalar_columns([linear.irreps_in])
            n_heads = getattr(block, "num_heads", 1)
            if n_heads > 1:  # a hidden activation holds one block of channels per head, others zero
                columns = np.split(columns, n_heads)[self.head]
            weight, bias = self._read_off(linear, linear.irreps_in.dim)
            of_head = scale * weight[columns, self.head], scale * float(bias[self.head])
            found.append((linear, columns, *of_head))
        return found

    def _of_head(self, name: str, default: float) -> float:
        """Scale or shift (eV) of the head; the default for a MACE without them."""
        block = getattr(self.model, "scale_shift", None)
        return default if block is None else float(getattr(block, name).reshape(-1)[self.head])


def inputs(
    graph: base.Neighbors, numbers: IntArray, *, head: int, dtype: torch.dtype
) -> dict[str, Tensor]:
    """Turn a graph into the input of a MACE model; edges equal those of its ``AtomicData``.

    All atoms sit at the origin and the whole pair vector is the "shift" of its edge: so vectors
    lose no digits in single precision, and forces (the gradient by position) are still right.
    ``numbers`` are the atomic numbers that the model knows, in its order.
    """
    row = _network.by_number(numbers, np.arange(len(numbers)))
    one_hot = torch.eye(len(numbers), dtype=dtype)[torch.from_numpy(row[graph.numbers])]
    n_atoms, sizes = len(graph.numbers), np.bincount(graph.structure)
    return {
        "node_attrs": one_hot,
        "positions": torch.zeros((n_atoms, 3), dtype=dtype),
        "edge_index": torch.from_numpy(graph.pairs),
        "shifts": torch.from_numpy(graph.vector).to(dtype),
        "batch": torch.from_numpy(graph.structure),
        "ptr": torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)])),
        "cell": torch.zeros((3 * len(sizes), 3), dtype=dtype),
        "head": torch.full((len(sizes),), head),
    }


def download(name: str) -> Path:
    """Fetch a published checkpoint into mace's own cache, and return its file.

    Names are mace's: of ``mace_mp`` as they are ("medium-0b3", "mh-1"), of MACE-OFF23 as
    "off-small", "off-medium", "off-large", and "omol-extra-large"; it has none for "off24-medium".
    """
    urls = {f"off-{size}": url for size, url in foundations_models.mace_off_urls.items()}
    urls |= {"off24-medium": OFF24, "omol-extra-large": OMOL}
    if name in foundations_models.mace_mp_urls:
        return Path(foundations_models.download_mace_mp_checkpoint(name))
    if name not in urls:
        known = ", ".join([*foundations_models.mace_mp_urls, *urls])
        raise ValueError(f"mace publishes no {name!r}; known: {known}")
    # mace would open what it has fetched: its pickle would run before it is checked
    with mock.patch.object(foundations_models.torch, "load", return_value=None):
        fetch, which = (mace_omol, "extra_large") if urls[name] == OMOL else (mace_off, urls[name])
        fetch(which, device="cpu", return_raw_model=True)
    return Path(foundations_models.get_cache_dir(), Path(urls[name]).name)


def _check_version(path: Path, error: Exception) -> None:
    """Say of what kind a file is that holds a MACE, but cannot be opened: by names alone."""
    names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    kinds = {name.rpartition(".")[2] for name in names if name.startswith(MODELS)}
    if others := kinds - {"MACE", "ScaleShiftMACE"}:
        raise base.UnsupportedError(", ".join(sorted(others)), SUPPORTED) from error
    if kinds:
        lost = str(error).partition(" on <")[0]
        advice = "save it again with mace 0.3 or later, where that opens it"
        raise base.UnsupportedError(f"another version ({lost})", advice) from error


def _scalar_columns(irreps: Sequence[Any]) -> IntArray:
    """Where the scalars are among features of these irreps, concatenated: (n_scalars,)."""
    is_scalar = [
        np.full(multiplicity * representation.dim, representation.is_scalar())
        for part in irreps
        for multiplicity, representation in part
    ]
    return np.flatnonzero(np.concatenate(is_scalar))
