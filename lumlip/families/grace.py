# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "tensorpotential==0.6.2.1",
#   "tensorflow-cpu==2.20.0", "tf_keras==2.20.1", "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0",
#   "scipy==1.17.1", "matscipy==1.3.1", "sympy==1.14.0", "pandas==2.3.3", "scikit-learn==1.9.1",
#   "pyyaml==6.0.4", "requests==2.34.2", "tqdm==4.70.1",
# ]
# [tool.lumlip]
# no-deps = ["tensorpotential", "tf_keras"]  # they ask for TensorFlow with all of CUDA
# ///
"""GRACE: graph atomic cluster expansion (Bochkarev et al. 2024), by TensorFlow, on the CPU.

Backbone: the densities (1 + n invariants of an atom and its neighborhood, of all layers together)
that enter the readout. The first is an energy already, the others enter a perceptron. Last layer:
[first density | hidden activations of the perceptron], as in the package's own uncertainties.
E = sum_i (scale (rho_i + w . h_i) + shift[Z_i]), plus the repulsion of close nuclei (ZBL) where a
model has one. Layers: the embedding of the element; of a model of several layers what each but the
last hands on to the next (scalars, and norms of channels with l > 0); last the backbone.

A checkpoint is the archive that its authors publish, or a folder of your own packed as that is
(``tar czf``): ``model.yaml`` and TensorFlow's ``checkpoint.index`` and ``checkpoint.data-*``. FS
models have no such readout: refused. The package is under the Academic Software License, which
does not allow commercial use.
"""

import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from tensorpotential import constants as key  # before TensorFlow, for which it sets Keras
from tensorpotential import instructions as steps
from tensorpotential.calculator import foundation_models
from tensorpotential.calculator.asecalculator import TPCalculator
from tensorpotential.tensorpot import TensorPotential
from tensorpotential.tpmodel import (
    ComputeStructureEnergyAndForcesAndVirial,
    extract_cutoff_and_elements,
)

import tensorflow as tf  # isort: skip

from lumlip.families import base
from lumlip.families.base import FloatArray, Structures

PACKAGE = "tensorpotential"
FEATURES_VERSION = 1
HIDDEN = "hidden"
#: What may follow the readout: each adds to the energies that it finds, or scales them.
AFTER = ("ConstantScaleShiftTarget", "TrainableShiftTarget", "TrainableShiftTarget_v2")


class Extractor(base.Extractor):
    """A GRACE checkpoint, as published or as its trainer leaves it, in one archive."""

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        self.checkpoint_file, self.name = Path(checkpoint), f"grace:{checkpoint}"
        if device != "cpu":
            raise ValueError(f"got device {device!r}; GRACE runs here on: cpu")
        base.choose_task(task, (), self.name)
        self.dtype = getattr(tf, dtype)
        with base.reading(self.checkpoint_file, "grace"):
            self.steps = list(self._load().instructions.values())
            self.readout = _readout(self.steps)
        cutoff, symbols, index = extract_cutoff_and_elements(self.steps)
        self.cutoff = float(cutoff)
        numbers = [atomic_numbers[symbol] for symbol in symbols]
        self.elements = frozenset(numbers)
        self.type_of = np.zeros(119, dtype=np.int32)
        self.type_of[numbers] = index

    def extract(self, structures: Structures, *, layers: bool = False) -> base.Features:
        """One forward pass over a batch: no forces, no gradients."""
        base.check_elements(structures, self.elements, self.name)
        data = self._graph(structures)
        for step in self.steps:
            step(data)
        densities = [_by_channel(data, origin)[..., 0] for origin in self.readout.origin]
        backbone: FloatArray = np.sum(densities, axis=0)
        energy = base.sum_by_structure(data[key.PREDICT_ATOMIC_ENERGY].numpy()[:, 0], structures)
        after = {}
        if layers:
            after = self._layers(data)
            after[f"interaction_{len(after)}"] = backbone
        return base.Features(backbone, data[HIDDEN].numpy(), energy, layers=after)

    def energy_from_last_layer(self, last_layer: FloatArray, structures: Structures) -> FloatArray:
        """Total energies (n_structures,) in eV: the sum at the top of this file."""
        final = getattr(self.readout.mlp, f"layer{self.readout.mlp.nlayers - 1}")
        weight = np.concatenate([[1.0], (final.w * final.norm).numpy().astype(np.float64)[:, 0]])
        data = self._graph(structures)
        for step in self.steps:
            if step is self.readout:
                site = last_layer.astype(np.float64) @ weight
                data[key.PREDICT_ATOMIC_ENERGY] = tf.constant(site[:, None], self.dtype)
            else:  # the model's own scale, shifts and repulsion come after the readout
                step(data)
        return base.sum_by_structure(data[key.PREDICT_ATOMIC_ENERGY].numpy()[:, 0], structures)

    def package_calculator(self) -> Any:
        """TPCalculator on this checkpoint, in our dtype, not compiled."""
        return TPCalculator(self._load(), extra_properties=[HIDDEN])

    def package_features(self, atoms: Atoms) -> base.Pairs:
        """Hidden features by the package's calculator: name -> (ours, the package's)."""
        self.package_energy(atoms)
        theirs = self._calculator.results[HIDDEN][: len(atoms)]
        return {"hidden": (self.extract([atoms]).last_layer, theirs)}

    def _load(self) -> Any:
        """Read the network in the precision of its file, and cast its weights if need be."""
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(self.checkpoint_file) as archive:
                archive.extractall(folder, filter="data")
            (settings,) = Path(folder).rglob("model.yaml")
            (index,) = settings.parent.rglob("checkpoint.index")
            prefix = str(index.with_suffix(""))
            kinds = tf.train.load_checkpoint(prefix).get_variable_to_dtype_map().items()
            weights = {kind for name, kind in kinds if name.startswith("model/")}
            own = tf.float64 if tf.float64 in weights else tf.float32
            saved = _network(settings, own, repulsion=own)
            model = _network(settings, self.dtype, repulsion=tf.float64)
            saved.load_checkpoint(prefix, model_only=True, expect_partial=True)
        for old, new in zip(saved.model.variables, model.model.variables, strict=True):
            new.assign(old if old.dtype == new.dtype else tf.cast(old, new.dtype))
        return model.model

    def _graph(self, structures: Structures) -> dict[str, Any]:
        """Build the input of the network; edges equal the package's own."""
        graph = base.neighbors(structures, self.cutoff)
        types, n_atoms = self.type_of[graph.numbers], np.int32(len(graph.numbers))
        arrays = {
            key.ATOMIC_MU_I: types,
            key.BOND_VECTOR: graph.vector,
            key.BOND_MU_I: types[graph.first],
            key.BOND_MU_J: types[graph.second],
            key.BOND_IND_I: graph.first.astype(np.int32),
            key.BOND_IND_J: graph.second.astype(np.int32),
            key.N_ATOMS_BATCH_REAL: n_atoms,
            key.N_ATOMS_BATCH_TOTAL: n_atoms,
        }
        return {name: tf.constant(values) for name, values in arrays.items()}

    def _layers(self, data: dict[str, Any]) -> dict[str, FloatArray]:
        """Embedding of the elements, and what layers hand on, as invariants."""
        (embedding,) = (x for x in self.steps if isinstance(x, steps.ScalarChemicalEmbedding))
        found = {"embedding": data[embedding.name].numpy()[data[key.ATOMIC_MU_I].numpy()]}
        handed = [getattr(step, "indicator", None) for step in self.steps]
        for step in dict.fromkeys(x for x in handed if x not in (None, embedding)):
            values, table = _by_channel(data, step), step.coupling_meta_data
            groups = table.groupby([c for c in ("l", "parity", "hist") if c in table], sort=False)
            norms = [values[..., rows.index] for _, rows in groups]
            kept = [x[..., 0] if x.shape[-1] == 1 else np.linalg.norm(x, axis=-1) for x in norms]
            found[f"interaction_{len(found)}"] = np.concatenate(kept, axis=1)
        return found


def _network(settings: Path, dtype: Any, *, repulsion: Any) -> TensorPotential:
    compute = ComputeStructureEnergyAndForcesAndVirial(extra_return_keys=[HIDDEN])
    network = steps.load_instructions(str(settings))
    for step in network.values():
        if isinstance(step, steps.ZBLPotential):
            step.build(repulsion)  # it alone casts nothing, and bonds are in double precision
    _readout(list(network.values())).return_hidden_target = HIDDEN
    return TensorPotential(
        network, param_dtype=dtype, model_compute_function=compute, eager_mode=True
    )


def _readout(network: Sequence[Any]) -> Any:
    """Find the one readout, of a network whose energies come from it and known steps."""
    outputs = [step for step in network if hasattr(step, "target")]
    found = [step for step in outputs if isinstance(step, steps.LinMLPOut2ScalarTarget)]
    others = {type(step).__name__ for step in outputs if step not in found} - {*AFTER}
    zbl = {type(x).__name__ for step in outputs for x in getattr(step, "origin", ())}
    if len(found) != 1 or others - ({"LinearOut2Target"} if "ZBLPotential" in zbl else set()):
        kinds = ", ".join(type(step).__name__ for step in outputs)
        raise base.UnsupportedError(kinds, "models with one LinMLPOut2ScalarTarget are")
    return found[0]


def _by_channel(data: dict[str, Any], step: Any) -> FloatArray:
    """Return what a step left, (n_atoms, n_channels, n_components)."""
    values: FloatArray = data[step.name].numpy()
    return values.transpose(1, 2, 0) if getattr(step, "lm_first", False) else values


def download(name: str) -> Path:
    """Fetch a published checkpoint, such as "GRACE-2L-OMAT-large-ft-AM", into its cache."""
    url = foundation_models.MODELS_METADATA[name][foundation_models.CHECKPOINT_URL_KEY]
    folder = Path(foundation_models.FOUNDATION_CHECKPOINTS_CACHE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / url.rpartition("/")[2]
    if not path.exists():
        foundation_models._stream_download(url, str(path))
    return path
