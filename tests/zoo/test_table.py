import hashlib
import json
import re

import numpy as np
import pytest

from lumlip.runtime import environments
from lumlip.zoo import table as zoo
from lumlip.zoo.listing import models
from lumlip.zoo.table import resolve, shipped


def test_every_id_resolves_to_its_row():
    table = models()
    assert len(table) >= 9
    for model in table.index:
        entry = resolve(model)
        assert entry.id == model
        assert entry.family in environments.families()
        assert entry.trusted
        assert entry.task == (model.split("@")[1] if "@" in model else None)
        assert entry.mini == (entry.weights == "bundled")


def test_shipped_models_have_all_their_facts():
    shipped = models().query("weights == 'package'").index
    assert "sevennet-0" in shipped
    for model in shipped:
        entry = resolve(model)
        assert len(entry.sha256) == 64
        assert entry.parameters > 100_000
        assert entry.reference.startswith(("doi:", "arXiv:"))
        assert entry.training_data
        assert entry.licence


def test_shipped_ones_need_no_network():
    table = models().loc[shipped()]
    assert {"chgnet-0.3.0", "sevennet-0"} <= set(table.index)
    assert set(table["available"]) == {"offline"}
    assert not table["weights"].isin(["download"]).any()
    assert sorted(shipped(mini=True) + shipped(mini=False)) == sorted(shipped())


def test_published_models_say_where_they_come_from():
    table = models().query("weights == 'download'")
    assert {"mace", "pet", "dpa", "uma"} <= set(table["family"])
    for model in table.index:
        entry = resolve(model)
        assert entry.source.startswith("https://")
        pages = entry.checkpoint == "DPA-2.4-7M" or entry.family == "nequip"  # files have no names
        assert entry.source.endswith(entry.file) or pages
        assert "/blob/" not in entry.source
        assert entry.file.endswith((".model", ".ckpt", ".pt", ".pth", ".tar.gz", ".nequip.zip"))
        assert entry.reference.startswith(("doi:", "arXiv:")) or not entry.reference
        assert entry.training_data
        assert entry.licence
        assert entry.access or entry.family != "uma"


def test_models_of_the_paper_are_in_the_table():
    # paper.md, table of features: checkpoints of each family
    names = set(models().index)
    assert {"mace-mp-0b3-medium", "mace-off23-large", "mace-matpes-r2scan-0"} <= names
    assert {"mace-mh-1@omat_pbe", "pet-mad-s-1.0.2", "pet-omat-xs", "pet-omad-l"} <= names
    assert {f"uma-s-1.1@{task}" for task in ("omat", "oc20", "odac", "omc", "omol")} <= names
    branches = ("Omat24", "MP_traj_v024_alldata_mixu", "OC20M", "ODAC23", "SPICE2")
    assert {f"dpa-3.1-3m@{branch}" for branch in branches} <= names


def test_row_has_the_facts_of_the_row_it_is_like():
    base, other = resolve("mace-mh-1@omat_pbe"), resolve("mace-mh-1@matpes_r2scan")
    assert (other.checkpoint, other.licence) == (base.checkpoint, base.licence)
    assert (base.functional, other.functional) == ("PBE(+U)", "r2SCAN")


@pytest.mark.parametrize(
    "task",
    ["expert:2", "omat:expert:31", "omol:expert:2"],
)
def test_task_without_a_row_of_its_own(task):
    entry = resolve(f"uma-s-1.1@{task}")
    assert entry.id == f"uma-s-1.1@{task}"
    assert entry.task == task
    dataset = "omol" if task.startswith("omol") else "omat"
    assert entry.functional == resolve(f"uma-s-1.1@{dataset}").functional


def test_listed_tasks_are_rows():
    base, other = resolve("uma-s-1.2.1@omat"), resolve("uma-s-1.2.1@oc25")
    assert (base.functional, other.functional) == ("PBE(+U)", "RPBE-D3")
    assert (base.checkpoint, other.checkpoint) == ("uma-s-1p2p1", "uma-s-1p2p1")
    assert (base.task, other.task) == ("omat", "oc25")
    assert resolve("uma-s-1.2.1@oc25:expert:0").functional == "RPBE-D3"
    assert resolve("sevennet-omni-i8@mp_r2scan").functional == "r2SCAN"
    # not of another model that it is like
    assert resolve("dpa-3-omol-large").task_pattern is None


def test_tasks_that_the_file_alone_names():
    assert resolve("dpa-2.4-7m").task is None
    assert resolve("dpa-2.4-7m@H2O_H2O-PD").task == "H2O_H2O-PD"
    assert resolve("dpa-3.3-1m@Omat24").functional == resolve("dpa-3.3-1m@OMat24").functional


def test_elements_of_sevennet():
    # models.md and the type map in the checkpoint: 1 to 94 without Po At Rn Fr Ra
    assert resolve("sevennet-0").elements == frozenset(range(1, 95)) - {84, 85, 86, 87, 88}


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("chgnet-0.3", "did you mean chgnet-0.3.0"),
        ("mace", "expected one that `lumlip models` lists"),
        ("sevennet-mf-0", "needs a task; known: sevennet-mf-0@PBE, sevennet-mf-0@R2SCAN"),
        ("sevennet-mf-0@pbe", "has no task 'pbe'; known: sevennet-mf-0@PBE"),
        ("chgnet-0.3.0@PBE", "has no tasks"),
        ("uma-s-1.1@expert:two", "has no task 'expert:two'; known: uma-s-1.1@omat, "),
        ("uma-s-1.1@expert", "uma-s-1.1@(omat:)?expert:[0-9]+|omat:expert:[0-9]+"),
        ("uma-s-1.1@oc25", "has no task 'oc25'; known: uma-s-1.1@omat, "),
        ("dpa-2.4-7m@no branch", r"has no task 'no branch'; known: dpa-2.4-7m, dpa-2.4-7m@[\w.-]+"),
        ("uma-s-9@expert:2", "unknown model 'uma-s-9@expert:2'; did you mean"),
        ("nonet:/a/file", "unknown family 'nonet'"),
        ("chgnet:/no/such/file.pt", "no checkpoint file '/no/such/file.pt'"),
    ],
)
def test_a_wrong_id_is_answered_with_the_known_ones(model, says):
    with pytest.raises(ValueError, match="^(?s:.*)" + re.escape(says)):
        resolve(model)


def test_a_file_without_its_family_is_seen(tmp_path):
    (tmp_path / "mine.model").touch()
    with pytest.raises(ValueError, match=r"it is a file, .* as in mace:.*mine\.model; expected"):
        resolve(str(tmp_path / "mine.model"))


def test_a_users_file_is_not_trusted(tmp_path):
    path = tmp_path / "mine@home.pt"
    path.write_bytes(b"weights")
    entry = resolve(f"sevennet:{path}@PBE")
    assert entry.checkpoint == str(path)
    assert entry.task == "PBE"
    assert entry.weights == "file"
    assert entry.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert entry.elements is None
    assert not entry.trusted
    assert resolve(f"sevennet:{path}").task is None


@pytest.mark.parametrize("name", ["~backup.model", "a@b.model", "a b.model"])
def test_a_users_file_may_have_any_name(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(b"weights")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for given in (name, f"~/{name}"):
        assert resolve(f"mace:{given}@head").task == "head"
        assert resolve(f"mace:{given}").checkpoint.endswith(name)


def test_elements_may_be_listed():
    assert resolve("mace-off23-small").elements == {1, 6, 7, 8, 9, 15, 16, 17, 35, 53}
    assert len(resolve("mace-mp-0b3-medium").elements) == 89
    assert len(resolve("pet-mad-s-1.0.2").elements) == 85
    assert resolve("dpa-3.1-3m@Omat24").elements is None
    assert models()["elements"].isna()["dpa-3.1-3m@Omat24"]


def test_a_copy_of_a_known_file_is_trusted(tmp_path, monkeypatch):
    path = tmp_path / "copy.pt"
    path.write_bytes(b"known")
    row = {"family": "chgnet", "checkpoint": "x", "elements": "H-Pu"}
    row["sha256"] = hashlib.sha256(b"known").hexdigest()
    monkeypatch.setattr(zoo, "entries", lambda: {"x": zoo._entry("x", row)})
    assert resolve(f"chgnet:{path}").trusted


@pytest.mark.parametrize("model", ["mace-matpes-pbe-0", "uma-mini@expert:2"])
def test_features_are_those_of_their_model_as_far_as_the_table_knows_it(tmp_path, model):
    path = tmp_path / "a@b.npz"
    np.savez(path, attributes=json.dumps({"model": model, "family": "?"}))
    entry, theirs = resolve(f"features:{path}"), resolve(model)
    assert (entry.id, entry.file) == (f"features:{path}", str(path))
    assert (entry.weights, entry.features_of, entry.elements) == ("features", model, None)
    for name in ("family", "checkpoint", "task", "functional", "parent", "mini"):
        assert getattr(entry, name) == getattr(theirs, name)


@pytest.mark.parametrize("told", [{}, {"model": "mine"}, {"model": "mace:no.model"}])
def test_features_of_an_unknown_model_are_a_family_of_their_own(tmp_path, told):
    np.savez(tmp_path / "mace.npz", attributes=json.dumps(told))
    entry = resolve(f"features:{tmp_path / 'mace.npz'}")
    assert (entry.family, entry.features_of, entry.parent) == ("mace.npz", "", "")
    np.savez(tmp_path / "mace.npz", attributes=json.dumps({**told, "family": "mace"}))
    assert resolve(f"features:{tmp_path / 'mace.npz'}").family == "mace"
