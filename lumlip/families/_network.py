"""What families of torch networks share: how features are read off a network during its pass.

A family says how its network is loaded and run, and which of its steps are layers. Its energy is
E = sum_i (scale[Z_i] * (w . last_layer_i + b) + shift[Z_i]) and what is no feature.
"""

import ctypes
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from lumlip.families import base
from lumlip.families.base import FloatArray, Structures

Arrays = dict[str, FloatArray]
Seen = dict[str, Tensor]


def first(found: Any) -> Any:
    """Return the first of several results, or the only one."""
    return found[0] if isinstance(found, tuple) else found


@dataclass(frozen=True)
class Step:
    """Where to look at a network during its pass."""

    module: Any
    part: Callable[[Any], Any] = first  # which tensor of what it returns
    irreps: Iterable[Any] | None = None  # of equivariant features, which are made invariants of
    entering: bool = False  # look at its first argument, not at what it returns


def entering(part: Callable[[Any], Any] = first, **modules: Any) -> dict[str, Step]:
    """Look at what enters some modules, by name."""
    return {name: Step(module, part, entering=True) for name, module in modules.items()}


def steps(
    modules: Iterable[Any],
    part: Callable[[Any], Any] = first,
    irreps: Callable[[Any], Any] = lambda module: None,
) -> dict[str, Step]:
    """Name the layers of a network, the embedding and the interactions, in order of depth."""
    looks = [x if isinstance(x, Step) else Step(x, part, irreps(x)) for x in modules]
    names = ["embedding", *(f"interaction_{i}" for i in range(1, len(looks)))]
    return dict(zip(names, looks, strict=True))


class Extractor(base.Extractor):
    """A network on one device, in one precision."""

    #: Which file of the family's a compiled model has been made from, for messages.
    compiled_from: ClassVar[str] = ""
    without_gradients: ClassVar[Callable[[], AbstractContextManager[Any]]] = torch.inference_mode
    weight: FloatArray  # (n_last_layer_channels,), of the final linear map
    bias: float

    def __init__(self, checkpoint: str, *, task: str | None, device: str, dtype: str) -> None:
        reuse_memory()
        self.family = type(self).__module__.rpartition(".")[2]
        self.name = f"{self.family}:{checkpoint}"
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        self.checkpoint_file = self._path(checkpoint)
        self.task: str | None = None
        self.layers: dict[str, Step] = {}  # those whose features are layers
        self.inside: dict[str, Step] = {}  # those that every pass looks at
        self.scale: FloatArray = np.ones(119)  # by atomic number: of what the final map gives
        self.shift: FloatArray = np.zeros(119)  # by atomic number, in eV
        self.mean = 0.0  # eV, of any structure
        with self._reading():
            model = self._load()
        self._set_up(model, task)

    def _reading(self) -> AbstractContextManager[None]:
        return base.reading(self.checkpoint_file, self.family, compiled_from=self.compiled_from)

    def _path(self, checkpoint: str) -> Path:
        """Find the file of a checkpoint: a path, or a name known to the package."""
        return Path(checkpoint)

    @abstractmethod
    def _load(self) -> Any:
        """Read the checkpoint file, on the CPU."""

    @abstractmethod
    def _set_up(self, model: Any, task: str | None) -> None:
        """Choose the task, and take from the model what `extract` needs."""

    @abstractmethod
    def _run(self, structures: Structures, seen: Seen) -> FloatArray:
        """Return the energies (n_structures,) of a batch.

        ``seen`` fills with what the steps of the network leave, and is to hold ``backbone`` and
        ``last_layer`` at the end; all else in it are the layers.
        """

    def _extra(self) -> Arrays:
        """Return what else the last pass has told of the structures."""
        return {}

    def _placed(self, model: Any) -> Any:
        """Put a network on the device, in the precision asked for."""
        return model.to(self.device, self.dtype).eval().requires_grad_(False)

    def extract(self, structures: Structures, *, layers: bool = False) -> base.Features:
        """One forward pass over a batch: no forces, no gradients."""
        base.check_elements(structures, self.elements, self.name)
        watched = self.inside | (self.layers if layers else {})
        with type(self).without_gradients(), kept(watched) as seen:
            energy = self._run(structures, seen)
        after = {name: array(x) for name, x in seen.items()}
        for name in after.keys() & watched.keys():
            if irreps := watched[name].irreps:
                after[name] = invariants(after[name], irreps)
        both = after.pop("backbone"), after.pop("last_layer")
        return base.Features(*both, energy, self._extra(), after)

    @torch.inference_mode()
    def energy_from_last_layer(self, last_layer: FloatArray, structures: Structures) -> FloatArray:
        """Total energies (n_structures,) in eV: the sum at the top of the family's file."""
        site = self._site(last_layer.astype(np.float64), structures)
        return self._total(site, structures) + self._besides(structures)

    def _site(self, last_layer: FloatArray, structures: Structures) -> FloatArray:
        """Return what the network's final map makes of the last layer: (n_atoms,)."""
        site: FloatArray = last_layer @ self.weight + self.bias
        return site

    def _total(self, site: FloatArray, structures: Structures) -> FloatArray:
        """Energies (n_structures,) in eV of the final map's values (n_atoms,)."""
        numbers = np.concatenate([atoms.numbers for atoms in structures])
        return base.sum_by_structure(self.scale[numbers] * site + self.shift[numbers], structures)

    def _besides(self, structures: Structures) -> FloatArray | float:
        """Energies (n_structures,) in eV of what is no feature, such as the repulsion of nuclei."""
        return self.mean

    def _tensor(self, values: FloatArray | base.IntArray | Tensor) -> Tensor:
        """Put values on the device, real ones in the precision asked for."""
        tensor = torch.as_tensor(values)
        return tensor.to(self.device, self.dtype if tensor.is_floating_point() else None)

    @torch.inference_mode()
    def _read_off(self, linear: Any, n_in: int) -> tuple[FloatArray, FloatArray]:
        """Weights (n_in, n_out) and biases (n_out,) of a linear map, by feeding it unit vectors."""
        unit = torch.eye(n_in, device=self.device, dtype=self.dtype)
        bias = linear(torch.zeros_like(unit[:1]))
        return double(linear(unit) - bias), double(bias[0])


class Gated(Extractor):
    """A network whose readout is (w . h + b) sigmoid(v . g + c), the last layer [h | g].

    The energy is linear in h for a given g. What gives a structure its graph is left to the family.
    """

    def _watch(self, readout: Any, linear: Any, gate: Any) -> None:
        """Look at the readout and its two final maps during a pass."""
        self.inside = entering(backbone=readout, value=linear, gate=gate)
        self.maps = linear, gate

    def _energy(self, site: Tensor, structures: Structures, seen: Seen) -> FloatArray:
        """Energies of what the readout gives (n_atoms, 1); joins the last layer."""
        seen["last_layer"] = torch.cat([seen.pop("value"), seen.pop("gate")], dim=1)
        return self._total(double(site[:, 0]), structures) + self.mean

    def _site(self, last_layer: FloatArray, structures: Structures) -> FloatArray:
        halves = zip(np.hsplit(last_layer, 2), map(final_map, self.maps), strict=True)
        value, opening = (half @ weight + bias for half, (weight, bias) in halves)
        return value / (1 + np.exp(-opening))  # type: ignore[no-any-return]


@contextmanager
def kept(watched: Mapping[str, Step]) -> Iterator[Seen]:
    """Copy what steps of a network leave during a pass, by name; what follows may work in place.

    Their ``forward`` is wrapped, which some packages call past all hooks.
    """
    seen: Seen = {}
    for name, step in watched.items():
        step.module.forward = _noting(step, name, seen)
    try:
        yield seen
    finally:
        for step in watched.values():
            step.module.__dict__.pop("forward", None)  # back to the one of its class


def _noting(step: Step, name: str, seen: Seen) -> Callable[..., Any]:
    forward = step.module.forward

    def noting(*arguments: Any, **options: Any) -> Any:
        if step.entering:
            seen[name] = step.part(arguments[0]).clone()
        result = forward(*arguments, **options)
        if not step.entering:
            seen[name] = step.part(result).clone()
        return result

    return noting


def array(values: Tensor) -> FloatArray:
    """Copy a tensor into an array of the same precision."""
    return values.detach().cpu().numpy()  # type: ignore[no-any-return]


def double(values: Tensor) -> FloatArray:
    """Copy a tensor into an array in float64."""
    return values.detach().cpu().double().numpy()  # type: ignore[no-any-return]


def final_map(linear: Any) -> tuple[FloatArray, float]:
    """Weights (n_channels,) and bias of a linear map to one number, in float64."""
    return double(linear.weight[0]), float(linear.bias[0])


def by_number(numbers: Any, values: Any) -> Any:
    """Put values of elements (n_elements,) in an array by atomic number; of others there are 0."""
    found = np.zeros(119, dtype=np.asarray(values).dtype)
    found[numbers] = values
    return found


def invariants(values: FloatArray, irreps: Iterable[Any]) -> FloatArray:
    """Turn equivariant features into invariants: scalars as they are, of all others the norms.

    Norms forget the direction of a vector, and the angle between the vectors of two channels.

    ``values`` (n_atoms, n_values) are in e3nn's layout: of each irrep all channels, the components
    innermost. Of a pseudoscalar, too, the norm is taken. One number per channel is returned.
    """
    parts, start = [], 0
    for multiplicity, irrep in irreps:
        end = start + multiplicity * irrep.dim
        block = values[:, start:end].reshape(len(values), multiplicity, irrep.dim)
        parts.append(block[..., 0] if irrep.is_scalar() else np.linalg.norm(block, axis=2))
        start = end
    return np.concatenate(parts, axis=1)


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Set torch's default type, which some packages make graphs and constants of."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def reuse_memory() -> None:
    """Let glibc keep freed memory instead of handing every large tensor back to the kernel.

    A forward pass on the CPU makes and drops hundreds of tensors of some MB; getting their pages
    afresh each time takes as long as the arithmetic. Does nothing where there is no glibc.
    """
    trim_threshold, mmap_max = -1, -4  # from malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
