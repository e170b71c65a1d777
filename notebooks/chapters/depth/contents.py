"""What the features at each stage consist of: elements, directions, energy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from chapters.depth.paths import LAST_LAYER, STAGES
from chapters.depth.study import DepthStudy, name
from chapters.shared.elements import element_share
from chapters.shared.spectrum import effective_directions, energy_in_leading, leading_share


def contents(study: DepthStudy) -> pd.DataFrame:
    """Describe the features at each stage, averaged over the models that count.

    Returns
    -------
    DataFrame indexed by stage
        ``width``: channels; ``elements``: share of the variance between elements;
        ``directions``: effective number of directions; ``leading``: share of the first direction
        once the elements are taken out (NaN for the embedding).
    """
    train = study.train
    columns: dict[str, Callable[[str, str], float]] = {
        "width": lambda m, s: study.paths[m][s].shape[1],
        "elements": lambda m, s: element_share(study.paths[m][s], study.numbers),
        "directions": lambda m, s: effective_directions(study.paths[m][s], train=train),
        "leading": lambda m, s: _leading(study, m, s),
    }
    rows = {
        stage: [
            np.mean([of(m, study.stages(m)[stage]) for m in study.models])
            for of in columns.values()
        ]
        for stage in STAGES
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(columns))


def _leading(study: DepthStudy, model: str, step: str) -> float:
    left = study.beyond_elements.get(name(model, step))
    return np.nan if left is None else leading_share(left, train=study.train)


def energy_of_last_layer(study: DepthStudy) -> float:
    """How much of the last layers' leading direction beyond elements is the atom's energy.

    Mean R^2 over the models that count, see :func:`chapters.shared.spectrum.energy_in_leading`.
    """
    structure = study.panel.atoms["structure"].to_numpy()
    found = [
        energy_in_leading(
            study.beyond_elements[name(m, LAST_LAYER)],
            structure,
            study.numbers,
            study.panel.datasets[m]["energy"].to_numpy(),
        )
        for m in study.models
    ]
    return float(np.mean(found))
