"""Stand-ins of published checkpoints have the names, tasks and layers of these."""

from dataclasses import replace

import pytest
from ase.build import bulk

import lumlip
from lumlip.datasets.paper import PAPER_MODELS
from lumlip.zoo.table import entries, resolve
from recipes.stand_ins.__main__ import files, write


def test_every_file_of_the_papers_models_has_all_its_tasks():
    found = files(model for ids in PAPER_MODELS.values() for model in ids)
    assert {family: len(names) for family, names in found.items()} == {
        "mace": 8,
        "pet": 9,
        "dpa": 1,
        "uma": 1,
    }
    assert len(found["dpa"]["DPA-3.1-3M.pt"]) == 31
    assert found["uma"]["uma-s-1p1.pt"] == ["omat", "omol", "oc20", "odac", "omc"]
    assert found["mace"]["mace-mp-0b3-medium.model"] == []


@pytest.mark.heavy
def test_a_small_one_is_taken_in_the_place_of_the_large(tmp_path, own_cache, monkeypatch):
    monkeypatch.setenv("LUMLIP_MODELS", str(tmp_path))
    model = "mace-mh-1@omat_pbe"
    (path,) = write(tmp_path, [model], small=True)
    assert path.name == "mace-mh-1.model"
    # The table may be wrong about the elements of a file: the file counts.
    entry = replace(resolve(model), elements=frozenset(range(1, 95)))
    monkeypatch.setitem(entries(), model, entry)
    panel = lumlip.panel([model], [bulk("Cu"), bulk("Po", "sc", a=3.35)], trust_checkpoint=True)
    assert list(panel.dropped.values()) == [f"frame 1, Po: not for {model}"]
    made = panel.datasets[model]
    assert made.sizes["backbone_channel"] == 16  # 8 scalars of each layer
    assert made.sizes["last_layer_channel"] == 24  # those of the first, and 16 of the readout
