"""Properties of structures without what composition tells."""

import numpy as np
from ase.build import bulk

from chapters.report.probes import properties
from tests.chapters.disagreement.conftest import panel_of


def test_composition_is_gone_and_the_energy_is_a_strangers():
    frames = [bulk(s, cubic=True, a=a) for s in ("Cu", "Ag") for a in (3.6, 4.0, 4.4, 6.0)]
    panel = panel_of(frames, ["mace-mini", "chgnet-0.3.0"])
    found = properties(panel, ["mace-mini"])
    assert set(found) == {"mean coordination", "energy of chgnet-0.3.0"}  # no spread in these
    for numbers in found.values():
        assert np.allclose(numbers.reshape(2, 4).mean(axis=1), 0, atol=1e-9)
    assert set(properties(panel, ["mace-mini", "chgnet-0.3.0"])) == {"mean coordination"}
