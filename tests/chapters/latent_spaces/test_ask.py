"""The numbers behind the two pickers of the front page."""

import json

import numpy as np

from chapters.latent_spaces.ask import FILE, measured, published, write
from lumlip.metrics.repeated import CrossFit


def test_a_cell_is_what_the_row_recovers_of_the_column():
    # Ten parents of one atom each: squared errors of 0.36 from a to b, of 0.04 from b to a.
    sums = np.zeros((2, 2, 2, 10))
    sums[:, 0, 1], sums[:, 1, 0] = 0.36, 0.04
    fit = CrossFit(["a", "b"], ["a", "b"], sums, np.ones(10), n_bootstrap=50)
    found = measured({"last_layer": fit}, title="here")
    assert found["models"] == ["a", "b"]
    assert found["layers"] == {"last layer": [[None, [64, 64, 64]], [[96, 96, 96], None]]}


def test_published_numbers_are_the_study_s():
    lists = {some["title"]: some for some in published()}
    families = lists["published: four families"]
    mace, pet = (families["models"].index(m) for m in ("MACE-MP-0b3-medium", "PET-MAD-1.0.2"))
    # Published GFRE from PET-MAD to MACE: 0.261, so 1 - 0.261^2 = 93 %.
    assert families["layers"]["last layer"][pet][mace] == [93]
    assert set(families["layers"]) == {"last layer", "backbone"}
    assert "published: UMA tasks" in lists


def test_what_is_written_cannot_end_the_script(tmp_path):
    lists = [{"title": "</script>", "models": [], "layers": {}}]
    write(tmp_path, lists)
    text = (tmp_path / FILE).read_text()
    assert text.count("</script>") == 1
    body = text.removeprefix('<script type="application/json" id="ask-data">')
    assert json.loads(body.removesuffix("</script>\n")) == lists
