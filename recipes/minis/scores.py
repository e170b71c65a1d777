"""How good a mini is, beside what trivial models would score on the same structures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from lumlip.array_types import AnyFloatArray


def scores(
    train: Sequence[Atoms],
    validation: Sequence[Atoms],
    energies: AnyFloatArray,
    forces: Sequence[AnyFloatArray],
) -> dict[str, dict[str, float]]:
    """Errors of predictions on all validation structures and on unseen chemical systems.

    Parameters
    ----------
    train, validation : sequences of ase.Atoms
        Labelled structures, see :func:`recipes.minis.data.read_labelled`.
    energies : array of shape (n_validation,)
        Predicted total energies in eV.
    forces : sequence of n_validation arrays of shape (n_atoms, 3)
        Predicted forces in eV/Å.

    Returns
    -------
    dict
        Parts ``all`` and ``unseen``; in each ``structures``, ``atoms``, and mean absolute errors:
        ``energy`` (eV per atom), ``energy_linear`` (a linear function of the composition, fitted
        on train), ``energy_lookup`` (median of the train structures of equal composition, else the
        linear function), ``force`` (eV/Å per component), ``force_zero`` (predicting zero); and the
        two ratios ``energy_ratio`` = energy / energy_linear and ``force_ratio``.
    """
    n_atoms = np.array([len(atoms) for atoms in validation])
    reference = np.array([atoms.info["ref_energy"] for atoms in validation]) / n_atoms
    linear, lookup = baselines(train, validation)
    true = [atoms.arrays["ref_forces"] for atoms in validation]
    errors = {
        "energy": np.abs(np.asarray(energies) / n_atoms - reference),
        "energy_linear": np.abs(linear - reference),
        "energy_lookup": np.abs(lookup - reference),
    }
    wrong = [np.abs(f - t).sum() for f, t in zip(forces, true, strict=True)]
    size = [np.abs(t).sum() for t in true]
    per_structure = {"force": np.array(wrong), "force_zero": np.array(size)}
    unseen = np.array([bool(atoms.info["unseen"]) for atoms in validation])
    parts = {"all": np.ones(len(validation), dtype=bool), "unseen": unseen}
    return {
        part: _part(errors, per_structure, n_atoms, chosen)
        for part, chosen in parts.items()
        if chosen.any()
    }


def _part(
    energy: dict[str, AnyFloatArray],
    force: dict[str, AnyFloatArray],
    n_atoms: NDArray[np.int_],
    chosen: AnyFloatArray,
) -> dict[str, float]:
    """Mean absolute errors over some of the structures."""
    components = 3 * int(n_atoms[chosen].sum())
    found = {name: float(values[chosen].mean()) for name, values in energy.items()}
    found |= {name: float(values[chosen].sum() / components) for name, values in force.items()}
    return {
        "structures": int(chosen.sum()),
        "atoms": int(n_atoms[chosen].sum()),
        **found,
        "energy_ratio": found["energy"] / found["energy_linear"],
        "force_ratio": found["force"] / found["force_zero"],
    }


def baselines(
    train: Sequence[Atoms], validation: Sequence[Atoms]
) -> tuple[AnyFloatArray, AnyFloatArray]:
    """Energies per atom (n_validation,) in eV by two models that see the composition only."""
    elements = sorted({z for atoms in [*train, *validation] for z in atoms.numbers.tolist()})
    seen, wanted = _shares(train, elements), _shares(validation, elements)
    energy = np.array([atoms.info["ref_energy"] / len(atoms) for atoms in train])
    linear = wanted @ np.linalg.lstsq(seen, energy, rcond=None)[0]
    table: dict[tuple[float, ...], list[float]] = {}
    for shares, value in zip(seen, energy, strict=True):
        table.setdefault(_key(shares), []).append(value)
    lookup = [
        float(np.median(table[_key(shares)])) if _key(shares) in table else fallback
        for shares, fallback in zip(wanted, linear, strict=True)
    ]
    return linear, np.array(lookup)


def _shares(structures: Sequence[Atoms], elements: Sequence[int]) -> AnyFloatArray:
    """Share of each element (n_structures, n_elements)."""
    return np.array([[np.mean(atoms.numbers == z) for z in elements] for atoms in structures])


def _key(shares: AnyFloatArray) -> tuple[float, ...]:
    return tuple(np.round(shares, 4).tolist())
