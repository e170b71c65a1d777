"""What the chapter on fine-tuning answers, in sentences that are true for whatever was run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chapters.fine_tuning.published import RealModels
from chapters.fine_tuning.tables import mean_parts, percent
from chapters.shared.fine_tuning import OTHER_SEED, SCRATCH, UNTRAINED
from chapters.shared.headlines import CONTROLS, margin, over
from lumlip.book.sentences import listed
from lumlip.metrics.bootstrap import Distances, Interval, interval

Families = Mapping[str, Distances]
Margins = Sequence[Interval]


def minis_answer(families: Families) -> str:
    """Say how near fine-tuned minis stay to their start."""
    every = list(families.values())
    near, scratch = over(every, "fine-tuned and start"), over(every, CONTROLS[SCRATCH])
    if not np.isfinite(near[0] + scratch[0]):
        return "This run has no fine-tuned minis to compare with their start."
    value, low, high = interval(near)
    return (
        f"Fine-tuned on lithium thiophosphates, small models ({listed(list(families))}) stay at a "
        f"GFRE of {value:.2f} ({low:.2f} to {high:.2f}; mean of both directions) from their start; "
        f"trained on the same structures from scratch, they end at {scratch[0]:.2f} from it. So "
        f"fine-tuning covers {percent(mean_parts(every)['moved'])} of that distance, and the rest "
        "of it is kept."
    )


def control_answer(families: Families) -> str:
    """Say what of it survives the controls, and what it is that is kept."""
    every = list(families.values())
    margins = [interval(margin(every, control)) for control in CONTROLS]
    if not np.isfinite(margins).all():
        return "This run lacks the controls that would tell pre-training from architecture."
    untrained, seed = (over(every, CONTROLS[name])[0] for name in (UNTRAINED, OTHER_SEED))
    holds_up = "survives" if all(low > 0 for _, low, _ in margins) else "does not survive"
    share = mean_parts(every)
    own, shared = percent(share["own"]), percent(share["shared"])
    first = (
        f"That {holds_up} its controls: the untrained twin is at {untrained:.2f} from the start, "
        f"and a twin pre-trained in the same way from other random weights at {seed:.2f}."
    )
    if share["own"][0] > share["shared"][0]:
        return (
            f"{first} But most of what is kept is this one start, and not what any pre-training on "
            f"its data would give: {own} of the distance are kept that the twin does not share, "
            f"{shared} that it does."
        )
    return f"{first} And most of what is kept, {shared} of the distance, is shared with that twin."


def real_answer(real: RealModels, layer: str, margins: Margins = ()) -> str:
    """Say how near a published fine-tuned model is to its start, and a control.

    Parameters
    ----------
    margins : sequence of Interval
        By how much the control is farther in other draws of the test structures.
    """
    near, far = (real.from_start(role, layer) for role in ("tuned", "control"))
    if not np.isfinite(near[0]):
        return "This run lacks the published model, or the one fine-tuned from it."
    value, low, high = interval(near)
    said = f"{real.others['tuned']} is at {value:.2f} ({low:.2f} to {high:.2f}) from its start"
    if not np.isfinite(far[0]):
        return f"{said}, {real.start}."
    control, (_, least, most) = real.others["control"], interval(far - near)
    told = "nearer than" if least > 0 else "farther than" if most < 0 else "not to be told from"
    found = f"{said}, {real.start}: {told} {control}, at {far[0]:.2f}"
    if margins and least <= 0 <= most:
        return f"{found}; but nearer in {_nearer(margins)} other draws of the test structures."
    return f"{found}."


def _nearer(margins: Margins) -> str:
    return f"{sum(low > 0 for _, low, _ in margins)} of {len(margins)}"


def other_draws(margins: Margins, real: RealModels) -> str:
    """Say in how many other draws of test structures the tuned model is nearer."""
    if not margins:
        return ""
    return (
        f"In {_nearer(margins)} other draws of test structures, {real.others['tuned']} is nearer "
        f"to {real.start} than {real.others['control']}, with the whole interval of the difference."
    )


def of_pair(real: RealModels) -> str:
    """Tell the last layer of the published pair from its backbone, and most atoms from a few."""
    if not np.isfinite(real.median_from_start("tuned", "last_layer")):
        return "This run has no such pair."
    near = {layer: real.from_start("tuned", layer)[0] for layer in real.distances}
    median = {layer: real.median_from_start("tuned", layer) for layer in real.distances}
    said = (
        f"In the last layer the worst hundredth of the atoms carries "
        f"{100 * real.on_worst('tuned', 'last_layer'):.0f} % of the squared error of "
        f"{real.others['tuned']}; the median atom is at {median['last_layer']:.2f}. In the "
        f"backbone, before these atoms pass the head, the distance is {near['backbone']:.2f} and "
        f"the median {median['backbone']:.2f}."
    )
    if not np.isfinite(real.median_from_start("control", "last_layer")):
        return said
    far = {layer: real.from_start("control", layer)[0] for layer in real.distances}
    medians = [real.median_from_start("control", layer) for layer in ("last_layer", "backbone")]
    return (
        f"{said} The same medians of {real.others['control']} are {medians[0]:.2f} and "
        f"{medians[1]:.2f}, its distance in the backbone {far['backbone']:.2f}."
    )


def of_real(real: RealModels, layer: str, margins: Margins) -> dict[str, str]:
    """Return what the page says of the published models."""
    return {
        "real_answer": real_answer(real, layer, margins),
        "real_sentence": of_pair(real),
        "draws_sentence": other_draws(margins, real),
    }
