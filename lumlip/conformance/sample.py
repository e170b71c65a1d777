"""Some of a user's structures, on which a model is checked."""

from collections.abc import Sequence

from ase import Atoms

#: So many structures show a fault, and the checks of a model take half a minute.
SAMPLE = 16
SMALL = 40  # atoms
_OFF_SITE = 0.02  # Å


def sample(frames: Sequence[Atoms]) -> tuple[Atoms, ...]:
    """Take up to `SAMPLE` structures, one subset after the other, each moved a little.

    One alone is taken twice: a batch has two or more.
    """
    by_subset: dict[str, list[Atoms]] = {}
    for atoms in frames:
        by_subset.setdefault(str(atoms.info.get("subset", "")), []).append(atoms)
    rounds = max(map(len, by_subset.values()), default=0)
    turns = [group[i] for i in range(rounds) for group in by_subset.values() if i < len(group)]
    turns = turns * 2 if len(turns) == 1 else turns[:SAMPLE]
    return tuple(_displaced(atoms, seed) for seed, atoms in enumerate(turns))


def _displaced(atoms: Atoms, seed: int) -> Atoms:
    """Move atoms a little off their sites.

    Between neighbors at exactly equal distances, rounding decides; a model that puts neighbors in
    an order (DIEP, its triplets) then jumps a little from one rotation to the next.
    """
    copy: Atoms = atoms.copy()
    copy.rattle(_OFF_SITE, seed=seed)
    return copy
