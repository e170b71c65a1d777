"""All pairs of sources and targets: everything checked first, then solved source by source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray

from lumlip.array_types import FloatArray, IntArray
from lumlip.choices import METRICS, check_count
from lumlip.metrics._device import map_in_threads, resolve_device
from lumlip.metrics._global_errors import distortions, global_errors
from lumlip.metrics._input import as_features, as_split, check_same_structures, copied
from lumlip.metrics._local_errors import local_errors
from lumlip.metrics._protocol import Protocol
from lumlip.metrics._scaling import ScaledFeatures, scale
from lumlip.metrics._targets import Targets

# Numbers in a feature matrix above which several threads factorize it faster than one.
LARGE = 2**20


@dataclass(frozen=True)
class Pairs:
    """Scaled features of all sources and targets, and what to measure between them.

    Attributes
    ----------
    n_atoms : int
        Rows of every feature matrix.
    n_neighbors : int or None
        None: the smaller width of each pair.
    """

    source_names: list[str]
    target_names: list[str]
    sources: list[ScaledFeatures]
    targets: list[ScaledFeatures]
    metric: str
    test: IntArray
    n_atoms: int
    n_neighbors: int | None
    device: torch.device
    chunk_size: int | None
    protocol: Protocol

    @classmethod
    def checked(
        cls,
        sources: Mapping[str, ArrayLike],
        targets: Mapping[str, ArrayLike] | None,
        *,
        metric: str,
        train: ArrayLike,
        test: ArrayLike,
        n_neighbors: int | None = None,
        device: str = "auto",
        chunk_size: int | None = None,
        protocol: str = "robust",
    ) -> Pairs:
        """Check all the input and scale the features.

        Raises
        ------
        ValueError
            If anything does not fit; says what came and what was expected.
        """
        if metric not in METRICS:
            raise ValueError(f"metric: got {metric!r}, expected one of {', '.join(METRICS)}")
        settings = Protocol.named(protocol, local=metric == "lfre")
        where = resolve_device(device)
        check_same_structures([*sources.items(), *(targets or {}).items()])
        arrays = feature_arrays(sources)
        target_arrays = arrays if targets is None else feature_arrays(targets)
        n_atoms = _number_of_atoms([*arrays.items(), *target_arrays.items()])
        split = as_split(train, test, n_atoms)
        scaled = _scaled(arrays, *split, where)
        pairs = cls(
            source_names=list(arrays),
            target_names=list(target_arrays),
            sources=scaled,
            targets=scaled if targets is None else _scaled(target_arrays, *split, where),
            metric=metric,
            test=split[1],
            n_atoms=n_atoms,
            n_neighbors=n_neighbors,
            device=where,
            chunk_size=chunk_size,
            protocol=settings,
        )
        pairs._check_neighbors(len(split[0]))
        return pairs

    def errors(self) -> tuple[FloatArray, int]:
        """Solve every pair: (n_sources, n_targets, n_test), and how many maps broke down."""
        errors, n_broken = self._local() if self.metric == "lfre" else self._global()
        return errors.cpu().numpy(), n_broken

    def frame(self, table: FloatArray) -> pd.DataFrame:
        """Name the rows and columns of a table (n_sources, n_targets)."""
        return pd.DataFrame(table, index=self.source_names, columns=self.target_names)

    def groups_of_test(self, groups: ArrayLike | None) -> NDArray[np.generic]:
        """Return the group of every test atom; without groups each atom is its own."""
        if groups is None:
            return np.arange(len(self.test))
        array = np.asarray(groups)
        if array.shape != (self.n_atoms,):
            raise ValueError(f"groups: got shape {array.shape}, expected ({self.n_atoms},)")
        return array[self.test]

    def n_copied(self) -> int:
        """Count the test atoms that have the features of a train atom in every source."""
        parts = [(source.train.cpu().numpy(), source.test.cpu().numpy()) for source in self.sources]
        where = np.repeat([0, 1], [len(part) for part in parts[0]])
        return int(copied(map(np.concatenate, parts), where)[where == 1].sum())

    def _global(self) -> tuple[torch.Tensor, int]:
        solve = global_errors if self.metric == "gfre" else distortions
        targets = Targets.join(self.targets)
        large = max(source.train.numel() for source in self.sources) > LARGE
        found = map_in_threads(
            lambda source: solve(source, targets, self.protocol),
            self.sources,
            self.device,
            large=large,
        )
        return torch.stack([errors for errors, _ in found]), sum(broken for _, broken in found)

    def _local(self) -> tuple[torch.Tensor, int]:
        shape = (len(self.sources), len(self.targets), len(self.test))
        errors = torch.empty(shape, dtype=torch.float64, device=self.device)
        n_broken = 0
        for row, source in zip(errors, self.sources, strict=True):
            sizes = self._neighbors_by_target(source)
            for k in sorted(set(sizes)):
                members = [i for i, size in enumerate(sizes) if size == k]
                targets = Targets.join([self.targets[i] for i in members])
                found = local_errors(source, targets, k, self.chunk_size, self.protocol)
                row[members], n_broken = found[0], n_broken + found[1]
        return errors, n_broken

    def _neighbors_by_target(self, source: ScaledFeatures) -> list[int]:
        return [self.n_neighbors or min(source.width, target.width) for target in self.targets]

    def _check_neighbors(self, n_train: int) -> None:
        if self.metric != "lfre":
            if self.n_neighbors is not None:
                raise ValueError(
                    f"n_neighbors: got {self.n_neighbors} with metric {self.metric!r}, "
                    "expected it with 'lfre' only"
                )
            return
        given, note = self.n_neighbors is not None, " (the number of train atoms)"
        name = "n_neighbors" if given else "n_neighbors (smaller width of a pair)"
        if self.chunk_size is not None:
            check_count("chunk_size", self.chunk_size, 1)
        for source in self.sources:
            for k in [self.n_neighbors] if given else self._neighbors_by_target(source):
                check_count(name, k, 2, n_train, note)


def feature_arrays(features: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    if not features:
        raise ValueError("features: got none, expected at least one name with its array")
    return {name: as_features(array, name) for name, array in features.items()}


def _number_of_atoms(arrays: Iterable[tuple[str, FloatArray]]) -> int:
    numbers = list(dict.fromkeys((name, len(array)) for name, array in arrays))
    if len({n for _, n in numbers}) > 1:
        got = ", ".join(f"{name}: {n}" for name, n in numbers)
        raise ValueError(f"features: got different numbers of atoms ({got}), expected the same")
    return numbers[0][1]


def _scaled(
    arrays: Mapping[str, FloatArray], train: IntArray, test: IntArray, device: torch.device
) -> list[ScaledFeatures]:
    return [scale(array, train, test, name, device) for name, array in arrays.items()]
