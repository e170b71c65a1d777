"""The structures of a call, and what is found out about them once, for all models."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from lumlip.datasets.sets import read_structures, structures_sha256
from lumlip.datasets.spooled import chosen
from lumlip.datasets.validation import CHECKS_VERSION, check_structures, doubts
from lumlip.extraction.arrays import packed
from lumlip.runtime.environments import say
from lumlip.runtime.paths import ensured, home

LABELS = ("subset", "part", "parent")


@dataclass(frozen=True)
class Given:
    """Structures, which nobody may change, and their numbers among all that the user gave."""

    structures: Sequence[Atoms]
    frames: Sequence[int]

    @classmethod
    def of(cls, structures: "str | os.PathLike[str] | Sequence[Atoms] | Given") -> "Given":
        """Read what :func:`lumlip.structures` takes."""
        if isinstance(structures, Given):
            return structures
        read = read_structures(structures)
        return cls(read, range(len(read)))

    def part(self, numbers: Sequence[int]) -> "Given":
        """Choose some by their place; of all, nothing is found out anew."""
        if list(numbers) == list(range(len(self.frames))):
            return self
        return Given(chosen(self.structures, numbers), [self.frames[i] for i in numbers])

    @cached_property
    def sha256(self) -> str:
        """What identifies them in the cache."""
        return structures_sha256(self.structures)

    @cached_property
    def sums(self) -> list[str]:
        """What identifies each of them."""
        return [structures_sha256([atoms]) for atoms in self.structures]

    @cached_property
    def elements(self) -> frozenset[int]:
        """Atomic numbers of all of them."""
        return frozenset(z for atoms in self.structures for z in atoms.numbers.tolist())

    @cached_property
    def labels(self) -> dict[str, NDArray[Any]]:
        """What no model sees: ``subset``, ``part`` and ``parent`` (n_structures,)."""
        return packed(self.structures, _labels)

    def faults(self, *, stop: bool) -> dict[int, str]:
        """Find faults as `check_structures` does, or stop at them; of each content once.

        What is no fault, but hardly meant, is told each time.

        Structures without any leave a mark in the cache, by their sum. What the sum does not cover
        is looked at each time.
        """
        mark = None
        with suppress(ValueError):  # a charge that is none, which is told with its frame below
            mark = home() / "faultless" / f"{CHECKS_VERSION}-{self.sha256}"
        seen = mark is not None and mark.exists()
        found = check_structures(self.structures, frames=self.frames, stop=stop, seen=seen)
        if not found:
            for line in doubts(self.structures, self.frames):
                say(f"lumlip: warning: {line}")
        if mark and not seen and not found:
            with suppress(OSError):  # a cache that is read only
                ensured(mark.parent)
                mark.touch()
        return found


def _labels(structures: list[Atoms]) -> dict[str, NDArray[Any]]:
    return {n: np.array([str(a.info.get(n, "")) for a in structures], np.str_) for n in LABELS}
