"""What fine-tuning keeps of a model, and what such a distance has to be compared to.

The *distance* of two models is the mean of their reconstruction errors in both directions. A small
one between a fine-tuned model and its start says little alone: two networks of one architecture,
or two that began with the same random weights, may be as near. So the same distance is taken from
the start to a model trained from scratch, to the untrained twin, whose random weights are those
that both of them began with, and to a twin that was pre-trained alike from other random weights.
"""

from __future__ import annotations

from lumlip.array_types import FloatArray
from lumlip.metrics.bootstrap import Distances
from lumlip.zoo.relations import other_seed, untrained_twin

START, SCRATCH, UNTRAINED, OTHER_SEED = "start", "bespoke", "untrained", "other seed"
#: Protocols of fine-tuning, in the paper's abbreviations and its order.
FINE_TUNED = ("FF", "HF", "FTL", "HTL")
PROTOCOLS = {
    START: "pre-trained, not fine-tuned",
    SCRATCH: "trained from scratch",
    "FF": "all weights",
    "HF": "heads only",
    "FTL": "all weights, new head",
    "HTL": "new head only",
    UNTRAINED: "random weights that start and bespoke began with",
    OTHER_SEED: "pre-trained as the start, from other random weights",
}


def relatives(start: str) -> dict[str, str]:
    """Return the model ids of a pre-trained mini and of those that it is compared with, by role.

    Parameters
    ----------
    start : str
        Id of the pre-trained mini.

    Examples
    --------
    >>> list(relatives("pet-mini").values())[:4]
    ['pet-mini', 'pet-mini-lps-bespoke', 'pet-mini-lps-ff', 'pet-mini-lps-hf']
    """
    runs = {role: f"{start}-lps-{role.lower()}" for role in (SCRATCH, *FINE_TUNED)}
    return {START: start, **runs, UNTRAINED: untrained_twin(start), OTHER_SEED: other_seed(start)}


def kept_share(tuned: FloatArray, scratch: FloatArray) -> FloatArray:
    """Share of the distance between a model from scratch and the start that fine-tuning keeps.

    ``1 - tuned / scratch``: 1 if the features stay those of the start, 0 if fine-tuning ends as far
    from it as training from scratch does.
    """
    return 1 - tuned / scratch


def answers(found: Distances) -> dict[str, FloatArray]:
    """Distances (1 + n_bootstrap,) that tell what fine-tuning keeps, by what lies between."""
    tuned, scratch = found.between(FINE_TUNED, START), found.between(SCRATCH, START)
    return {
        "fine-tuned and start": tuned,
        "bespoke and start": scratch,
        "other seed and start": found.between(OTHER_SEED, START),
        "untrained and start": found.between(UNTRAINED, START),
        "fine-tuned and bespoke": found.between(FINE_TUNED, SCRATCH),
        "fine-tuned and other seed": found.between(FINE_TUNED, OTHER_SEED),
        "bespoke and other seed": found.between(SCRATCH, OTHER_SEED),
        "bespoke and untrained": found.between(SCRATCH, UNTRAINED),
        "share kept": kept_share(tuned, scratch),
    }
