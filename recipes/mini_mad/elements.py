"""The elements of mini-mad, and which of them may stand for each other in a crystal."""

from __future__ import annotations

from ase.data import atomic_numbers

#: Elements that replace each other in a prototype, by chemical family.
FAMILIES = {
    "hydrogen": "H",
    "alkali metals": "Li Na K Rb Cs",
    "alkaline earths": "Be Mg Ca Sr Ba",
    "rare earths": "Sc Y La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu",
    "early transition metals": "Ti Zr Hf V Nb Ta Cr Mo W Mn Tc Re",
    "late transition metals": "Fe Ru Os Co Rh Ir Ni Pd Pt Cu Ag Au",
    "post-transition metals": "Zn Cd Hg Al Ga In Tl Sn Pb Bi",
    "metalloids": "B C Si Ge",
    "pnictogens": "N P As Sb",
    "chalcogens": "O S Se Te",
    "halogens": "F Cl Br I",
    "noble gases": "He Ne Ar Kr Xe",
}

ACTINIDES = ("Th", "Pa", "U", "Np", "Pu", "Cf")
#: Families that stand in for elements of the prototypes that mini-mad does without.
STAND_IN = {"Po": "chalcogens"} | dict.fromkeys(ACTINIDES, "rare earths")

_MEMBERS = {
    name: tuple(atomic_numbers[s] for s in symbols.split()) for name, symbols in FAMILIES.items()
}
_FAMILY_OF = {z: name for name, members in _MEMBERS.items() for z in members}
_FAMILY_OF |= {atomic_numbers[symbol]: name for symbol, name in STAND_IN.items()}

#: The 83 elements: Z = 1 to 83, all that MAD and every model with weights in its wheel share.
ELEMENTS = tuple(sorted(z for members in _MEMBERS.values() for z in members))
NOBLE_GASES = frozenset(_MEMBERS["noble gases"])


def similar(number: int) -> tuple[int, ...]:
    """Atomic numbers (n,) of the family of an element, itself included if mini-mad has it."""
    return _MEMBERS[_FAMILY_OF[number]]
