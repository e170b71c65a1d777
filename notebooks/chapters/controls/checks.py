"""Every finding under every variation and against its controls: the robustness checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypedDict, Unpack

from chapters.controls.robustness import RobustnessCheck
from chapters.shared import headlines
from chapters.shared.fine_tuning import OTHER_SEED, SCRATCH, UNTRAINED
from chapters.shared.headlines import seed_floor
from chapters.shared.lineage import Lineage
from chapters.shared.variations import AS_IT_STANDS, VARIATIONS, Variation, sample_of_atoms
from lumlip.array_types import FloatArray
from lumlip.book.findings import Claim
from lumlip.datasets.properties import one_hot
from lumlip.extraction.panel import Panel
from lumlip.metrics.bootstrap import NOTHING, Distances, interval, mean_over, subset_of
from lumlip.zoo.relations import variant_pairs

#: The headline claim of each finding, and the bound above which its number is to lie.
HEADLINES = {
    1: ("mean GFRE between families", 0.5),
    2: ("families further apart than variants", 0.0),
    3: ("from scratch farther than fine-tuned", 0.0),
    4: ("GFRE back minus GFRE forth", 0.0),
    5: ("GFRE from the mean to 8 cumulants", 0.5),
}
#: Names of the controls, as in "holds against ...".
SEEDS, TWIN, SEED = "two seeds", "the untrained twin", "another seed"
WIDTH, ONE_HOT = "equal widths", "one-hot elements"
Numbers = dict[str, dict[int, FloatArray]]
Variations = Mapping[str, Variation]


class _Draws(TypedDict):
    n_bootstrap: int
    seed: int
    device: str


class Setting(_Draws):
    """How the numbers are taken."""

    n_test: int


def of_panel(
    name: str, panel: Panel, together: Distances, variations: Variations, **setting: Unpack[Setting]
) -> list[RobustnessCheck]:
    """Findings 1, 2, 4 and 5 on one set of models.

    Parameters
    ----------
    name : {"real", "minis"}
    panel : Panel
    together : Distances
        Errors among the last layers of published models, minis and other seeds, on one sample.
    variations : dict of str to Variation
    setting
        See `Setting`.
    """
    plain = sample_of_atoms(
        panel.atoms,
        variation=Variation(by="structure"),
        n_test=setting["n_test"],
        seed=setting["seed"],
    )
    models = headlines.curved(panel, plain)
    numbers, typical = _numbers(panel, models, variations, **setting)
    controls = {
        1: {SEEDS: _above_seeds(together, panel, headlines.between_families)},
        2: {SEEDS: _above_seeds(together, panel, _between_variants)},
        4: {WIDTH: headlines.harder_back(
            headlines.of_one_width(panel, models, plain, **_draws(setting)), models
        )},
        5: {ONE_HOT: _more_than_one_hot(panel, numbers[AS_IT_STANDS][5], **setting)},
    }  # fmt: skip
    return [
        check(
            number,
            name,
            {title: found[number] for title, found in numbers.items()},
            controls[number],
            {title: found[number] for title, found in typical.items() if number in found},
        )
        for number in controls
    ]


def of_lineages(
    lines: Mapping[str, Lineage], variations: Variations, **setting: Unpack[Setting]
) -> list[RobustnessCheck]:
    """Finding 3, on minis: published weights come without twins from scratch."""
    if not lines:
        return []
    found = {
        title: headlines.of_lineages(lines, variation, **_draws(setting))
        for title, variation in variations.items()
    }
    stands = found[AS_IT_STANDS]
    controls = {TWIN: stands[UNTRAINED], SEED: stands[OTHER_SEED]}
    return [check(3, "minis", {title: x[SCRATCH] for title, x in found.items()}, controls)]


def all_checks(
    panels: Mapping[str, Panel],
    lines: Mapping[str, Lineage],
    together: Distances,
    *,
    variations: Variations = VARIATIONS,
    **setting: Unpack[Setting],
) -> list[RobustnessCheck]:
    """Try every finding on every set of models that there is, in the order of their numbers.

    Parameters
    ----------
    panels : dict of {"real", "minis"} to Panel
    lines : dict of str to Lineage
        Fine-tuned minis and their relatives.
    together : Distances
        As in `of_panel`.
    variations : dict of str to Variation
    setting
        See `Setting`.
    """
    found = of_lineages(lines, variations, **setting)
    for name, panel in panels.items():
        found += of_panel(name, panel, together, variations, **setting)
    return sorted(found, key=lambda one: (one.finding, one.models == "minis"))


def check(
    number: int,
    models: str,
    numbers: Mapping[str, FloatArray],
    controls: Mapping[str, FloatArray],
    typical: Mapping[str, float] = MappingProxyType({}),
) -> RobustnessCheck:
    """Make claims of the numbers of a finding (1 + n_bootstrap,) and of its controls.

    A control is a difference, the finding's side minus the control's: it is to lie above 0.
    ``typical`` are the numbers of the median atom, by variation.
    """
    text, bound = HEADLINES[number]
    claims = {name: Claim(text, *interval(x), bound=bound) for name, x in numbers.items()}
    against = {name: Claim(f"not {name}", *interval(x), bound=0.0) for name, x in controls.items()}
    return RobustnessCheck(number, models, claims, against, typical)


def _draws(setting: Setting) -> _Draws:
    return _Draws(
        n_bootstrap=setting["n_bootstrap"], seed=setting["seed"], device=setting["device"]
    )


def _numbers(
    panel: Panel, models: Sequence[str], variations: Variations, **setting: Unpack[Setting]
) -> tuple[Numbers, dict[str, dict[int, float]]]:
    """Headline numbers of findings 1, 2, 4 and 5 by variation, and those of the median atom.

    A variation that is for one finding what an earlier one was has no number of its own.
    """
    means = headlines.cumulants_of(panel.layer("last_layer"), panel)
    numbers: Numbers = {}
    typical: dict[str, dict[int, float]] = {}
    done: set[tuple[str, Variation]] = set()
    for title, variation in variations.items():
        of_atoms, of_structures = variation.on("structure"), variation.on("parent")
        found = dict.fromkeys((1, 2, 4, 5), NOTHING)
        if ("atoms", of_atoms) not in done:
            some, typical[title] = headlines.of_panel(panel, models, of_atoms, **setting)
            found |= some
        if ("structures", of_structures) not in done:
            found[5] = headlines.lost_by_mean(means, panel, of_structures, **_draws(setting))
        done |= {("atoms", of_atoms), ("structures", of_structures)}
        numbers[title] = found
    return numbers, typical


def _between_variants(found: Distances) -> FloatArray:
    return mean_over(found, variant_pairs(list(found.table.index)))


def _above_seeds(together: Distances, panel: Panel, number: Any) -> FloatArray:
    """By how much a mean over pairs of models is above that over pairs of two seeds."""
    known = [model for model in panel.datasets if model in together.table.index]
    if not known:
        return NOTHING
    difference: FloatArray = number(subset_of(together, known)) - seed_floor(together)
    return difference


def _more_than_one_hot(panel: Panel, learned: FloatArray, **setting: Unpack[Setting]) -> FloatArray:
    """By how much the mean loses more of learned features than of which element an atom is.

    Of the latter it loses nothing: it is the composition, from which every cumulant follows.
    """
    element = {"element": one_hot(panel.atoms["atomic_number"].to_numpy())}
    plain = headlines.cumulants_of(element, panel)
    difference: FloatArray = learned - headlines.lost_by_mean(
        plain, panel, Variation(by="parent"), **_draws(setting)
    )
    return difference
