import hashlib

import pytest

from lumlip import environments, zoo
from lumlip.zoo import models, resolve


def test_every_id_resolves_to_its_row():
    table = models()
    assert len(table) >= 9
    for model in table.index:
        entry = resolve(model)
        assert entry.id == model
        assert entry.family in environments.families()
        assert entry.trusted
        assert entry.task == (model.split("@")[1] if "@" in model else None)


def test_shipped_models_have_all_their_facts():
    for model in models().query("weights == 'package'").index:
        entry = resolve(model)
        assert len(entry.sha256) == 64
        assert entry.parameters > 100_000
        assert entry.reference.startswith(("doi:", "arXiv:"))
        assert entry.training_data
        assert entry.licence


def test_elements_of_sevennet():
    # models.md and the type map in the checkpoint: 1 to 94 without Po At Rn Fr Ra
    assert resolve("sevennet-0").elements == frozenset(range(1, 95)) - {84, 85, 86, 87, 88}


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("chgnet-0.3", "did you mean chgnet-0.3.0"),
        ("mace", "known: chgnet-0.2.0"),
        ("sevennet-mf-0", "needs a task; known: sevennet-mf-0@PBE, sevennet-mf-0@R2SCAN"),
        ("sevennet-mf-0@pbe", "has no task 'pbe'; known: sevennet-mf-0@PBE"),
        ("chgnet-0.3.0@PBE", "has no tasks"),
        ("nonet:/a/file", "unknown family 'nonet'"),
        ("chgnet:/no/such/file.pt", "no checkpoint file '/no/such/file.pt'"),
    ],
)
def test_a_wrong_id_is_answered_with_the_known_ones(model, says):
    with pytest.raises(ValueError, match="^(?s:.*)" + says.replace("(", r"\(")):
        resolve(model)


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


def test_a_copy_of_a_known_file_is_trusted(tmp_path, monkeypatch):
    path = tmp_path / "copy.pt"
    path.write_bytes(b"known")
    row = {"family": "chgnet", "checkpoint": "x", "elements": "H-Pu"}
    row["sha256"] = hashlib.sha256(b"known").hexdigest()
    monkeypatch.setattr(zoo, "_table", lambda: {"x": zoo._entry("x", row)})
    assert resolve(f"chgnet:{path}").trusted
