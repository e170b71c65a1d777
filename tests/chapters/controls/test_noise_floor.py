"""Floors, numbering and baselines on made-up tables of distances."""

import numpy as np
import pandas as pd
import pytest

from chapters.controls import baselines as knowledge
from chapters.controls import element_numbering, noise_floor
from chapters.shared import baselines
from chapters.shared.variations import Sample
from lumlip.metrics.bootstrap import Distances, interval

REAL = ["chgnet-0.3.0", "sevennet-0"]
MINIS = ["mace-mini", "pet-mini"]
CONTROLS = ["mace-mini-seed2", "mace-mini-untrained", "pet-mini-untrained"]
DPA = "dpa-mini@inorganic"


def distances(models, value=0.5, **pairs):
    table = pd.DataFrame(value, index=models, columns=models)
    for key, error in pairs.items():
        a, b = key.split("__")
        table.loc[a.replace("_", "-"), b.replace("_", "-")] = error
    return Distances.exact(table)


def test_rows_of_the_floor_are_means_over_the_right_pairs():
    found = distances([*REAL, *MINIS, *CONTROLS])
    found.draws[2, 4] = 0.2  # mace-mini to its other seed
    found.draws[4, 2] = 0.4
    found.draws[2, 3] = found.draws[3, 2] = 0.6
    rows = noise_floor.floor_rows(found, REAL, MINIS, CONTROLS).set_index("name")
    assert np.isclose(rows.loc["two seeds, MACE", "value"], 0.3)
    assert np.isclose(rows.loc["minis, other families", "value"], 0.6)
    assert "published models, variants" not in rows.index
    assert np.isclose(rows.loc["untrained, other families", "value"], 0.5)
    assert np.isclose(noise_floor.share_of_seeds(found, MINIS, CONTROLS)[0], 0.25)


@pytest.mark.parametrize(("minis", "controls"), [([], []), (MINIS, []), ([], CONTROLS[1:])])
def test_without_seeds_there_is_no_floor(minis, controls):
    found = distances([*REAL, *minis, *controls])
    rows = noise_floor.floor_rows(found, REAL, minis, controls)
    assert not rows["name"].str.startswith("two seeds").any()
    assert np.isnan(noise_floor.share_of_seeds(found, minis, controls)[0])


def test_wrong_numbers_move_what_they_move():
    wrong = DPA + element_numbering.ENDING
    found = distances([*REAL, DPA, wrong])
    found.draws[3, :2] = 0.9  # the wrong one as a source
    moved = element_numbering.moved(found, [*REAL, DPA])
    assert set(moved["model"]) == set(REAL)
    from_dpa = moved[moved["direction"] == "from DPA"]
    assert np.allclose(from_dpa["wrong"] - from_dpa["right"], 0.4)
    assert np.isclose(interval(element_numbering.change(found, REAL, "from DPA"))[0], 0.4)
    assert np.isclose(interval(element_numbering.change(found, REAL, "to DPA"))[0], 0.0)
    assert element_numbering.own_change(found)[0] == 0.5


def test_without_dpa_nothing_moves():
    found = distances(REAL)
    assert element_numbering.misnumbered(REAL) == []
    assert element_numbering.moved(found, REAL).empty
    assert np.isnan(element_numbering.change(found, REAL, "to DPA")[0])
    assert np.isnan(element_numbering.own_change(found)[0])


def test_noise_tells_nothing_and_the_element_what_it_should():
    rng = np.random.default_rng(0)
    element = baselines.one_hot(rng.integers(1, 6, size=400))
    X = element @ rng.normal(size=(5, 3))
    sample = Sample(np.arange(300), np.arange(300, 400), np.arange(300, 400) // 4)
    unlearned = {
        baselines.NOISE: rng.normal(size=(400, 3)),
        baselines.ELEMENT: element,
        baselines.ALL: np.hstack([element, rng.normal(size=(400, 4))]),
    }
    unlearned = knowledge.with_cut(unlearned, sample, width=2)
    assert list(unlearned) == [baselines.NOISE, baselines.ELEMENT, baselines.ALL, knowledge.CUT]
    tables = knowledge.table_of_controls({"sevennet-0": X}, unlearned, sample, n_bootstrap=5)
    told = {
        name: knowledge.mean_of(tables["from baselines"], [name], ["sevennet-0"])[0]
        for name in unlearned
    }
    assert told[baselines.ELEMENT] < 1e-6
    assert told[baselines.NOISE] > 0.9
    assert np.isnan(knowledge.mean_of(tables["from baselines"], ["none"], ["sevennet-0"])[0])
    rows = knowledge.source_rows(tables, distances(["sevennet-0"]), ["sevennet-0"])
    assert list(rows["name"]) == list(unlearned)


def test_errors_from_other_families_leave_out_the_own():
    found = distances(["sevennet-0", "sevennet-l3i5", "chgnet-0.3.0"], value=0.5)
    found.draws[0, 1] = found.draws[1, 0] = 9.0
    models = list(found.table.index)
    assert knowledge.from_others(found, models, models)[0] == 0.5
    assert np.isnan(knowledge.from_others(found, [], [])[0])


def test_intervals_are_written_and_missing_ones_left_out():
    table = knowledge.as_text({"a": {"x": (0.1, 0.0, 0.2)}, "b": {"x": (np.nan,) * 3}})
    assert table.to_dict() == {"a": {"x": "0.10 (0.00 to 0.20)"}}


def test_two_sources_of_different_things_tell_more_together():
    rng = np.random.default_rng(0)
    seen, learned = rng.normal(size=(2, 400, 3))
    models = {
        "sevennet-0": np.hstack([seen, learned]),
        "chgnet-0.3.0": np.hstack([learned, seen**2]),
    }
    sample = Sample(np.arange(300), np.arange(300, 400), np.arange(300, 400) // 4)
    of_baseline = {baselines.ALL: seen, baselines.NET: np.tanh(seen)}
    found = knowledge.added(models, of_baseline, sample, n_bootstrap=5)
    assert found["both"][0] < min(found["baseline"][0], found["learned"][0], found["random"][0])
    alone = knowledge.added({"sevennet-0": seen}, of_baseline, sample, n_bootstrap=5)
    assert np.isnan(alone["both"][0])
