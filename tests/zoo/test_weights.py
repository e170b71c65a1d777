"""Where weights come from: real official loaders, real files, no network."""

import hashlib
import json
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from ase.build import bulk

import lumlip
from lumlip.errors import UntrustedCheckpointError, WeightsError
from lumlip.minis.cards import card
from lumlip.runtime import environments, records
from lumlip.zoo import sources, table, weights
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import availability, ready
from tests.conftest import run_in

PUBLISHED = "mace-mp-0b3-medium"
FILE = "mace-mp-0b3-medium.model"


@pytest.fixture
def home(own_cache, monkeypatch):
    """An empty cache; no LUMLIP_MODELS."""
    monkeypatch.delenv("LUMLIP_MODELS", raising=False)
    return own_cache / "home"


@pytest.fixture
def folder(tmp_path, monkeypatch, home):
    """The user's folder of downloaded weights."""
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("LUMLIP_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """Let every package look for a network where there is none, and for caches where none is."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("HOME", "XDG_CACHE_HOME", "HF_HOME", "FAIRCHEM_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "user"


def digest(data):
    return hashlib.sha256(data).hexdigest()


def refuse(*_args, **_options):
    raise AssertionError("something was fetched or computed again")


def bundle(monkeypatch, folder, data, **facts):
    """Make a model of lumlip's own from some bytes."""
    (folder / "tiny-mini.model").write_bytes(data)
    row = {"family": "sevennet", "checkpoint": "tiny-mini.model", "weights": "bundled"}
    row |= {"mini": True, "sha256": digest(data), "elements": "H-Pu"} | facts
    entry = table._entry("tiny-mini", row)
    monkeypatch.setattr(weights, "CHECKPOINTS", folder)
    monkeypatch.setattr(table, "entries", lambda: {"tiny-mini": entry})
    return entry


def test_weights_in_a_package_are_left_to_the_package(home):
    entry = resolve("sevennet-0")
    assert ready(entry) == entry


def test_bundled_file_is_checked_and_trusted(home, tmp_path, monkeypatch):
    entry = bundle(monkeypatch, tmp_path, b"tiny")
    assert ready(entry).checkpoint == str(tmp_path / "tiny-mini.model")
    assert lumlip.models().loc["tiny-mini", ["available", "mini"]].tolist() == ["offline", True]
    (tmp_path / "tiny-mini.model").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"not the file in lumlip's table of models \(tiny-mini\)"):
        ready(entry)
    (tmp_path / "tiny-mini.model").unlink()
    with pytest.raises(WeightsError, match="reinstall lumlip"):
        ready(entry)


def test_every_bundled_file_is_there_with_its_card():
    bundled = lumlip.models().query("weights == 'bundled'").index
    assert "mace-mini" in bundled
    for model in bundled:
        entry = resolve(model)
        assert entry.sha256
        assert ready(entry).checkpoint
        assert card(Path(entry.checkpoint).stem.removesuffix("-untrained"))


def test_file_of_unknown_sum_needs_trust_once(folder, monkeypatch):
    (folder / FILE).write_bytes(b"weights")
    monkeypatch.setattr(sources, "_fetch", refuse)
    entry = resolve(PUBLISHED)
    with pytest.raises(UntrustedCheckpointError, match=r"run any code.*trust_checkpoint=True"):
        ready(entry)
    trusted = ready(entry, trust_checkpoint=True)
    assert trusted.checkpoint == str(folder / FILE)
    assert trusted.sha256 == digest(b"weights")
    monkeypatch.setattr(records, "sha256_file", refuse)  # same size and time: no need to read it
    assert ready(entry) == trusted


def test_file_that_changes_is_refused_or_warned_of(folder):
    entry = resolve(PUBLISHED)
    (folder / FILE).write_bytes(b"weights")
    ready(entry, trust_checkpoint=True)
    (folder / FILE).write_bytes(b"altered")
    with pytest.raises(UntrustedCheckpointError, match="it has changed"):
        ready(entry)
    with pytest.warns(UserWarning, match=f"{FILE}.*it has changed"):
        assert ready(entry, trust_checkpoint=True).sha256 == digest(b"altered")
    with warnings.catch_warnings(action="error"):
        assert ready(entry).sha256 == digest(b"altered")


@pytest.mark.parametrize("where", [0.5, None])
def test_damaged_numbers_of_a_file_of_torch_are_told(tmp_path, capfd, where):
    """Torch itself loads them without a word."""
    content = bytearray((weights.CHECKPOINTS / "mace-mini.model").read_bytes())
    if where is not None:
        content[int(where * len(content))] ^= 255
    (tmp_path / "mine.model").write_bytes(content)
    ready(resolve(f"mace:{tmp_path / 'mine.model'}"), trust_checkpoint=True)
    said = capfd.readouterr().err
    assert ("mine.model seems damaged: " in said) == (where is not None)


def test_a_file_of_another_model_is_told(folder, capfd):
    mini = (weights.CHECKPOINTS / "mace-mini.model").read_bytes()
    for data, twin in ((b"weights", ""), (mini, "mace-mini"), (b"others", "")):
        (folder / FILE).write_bytes(data)
        with warnings.catch_warnings(action="ignore"):
            ready(resolve(PUBLISHED), trust_checkpoint=True)
        said = capfd.readouterr().err
        assert (
            said.endswith(f"{FILE} is the file of {twin}, too: one of both has a wrong name\n")
            if twin
            else not said
        )
    other = resolve("mace-mpa-0")
    (folder / other.file).write_bytes(b"others")
    ready(other, trust_checkpoint=True)
    assert f"{other.file} is the file of mace:" in capfd.readouterr().err


def test_known_sum_is_trusted_and_enforced(folder):
    entry = replace(resolve(PUBLISHED), sha256=digest(b"weights"))
    (folder / FILE).write_bytes(b"weights")
    assert ready(entry).checkpoint == str(folder / FILE)
    (folder / FILE).write_bytes(b"altered")
    with pytest.raises(ValueError, match=f"{FILE} is not the file in lumlip's table") as caught:
        ready(entry, trust_checkpoint=True)
    assert f"mace:PATH/{FILE}" in str(caught.value)  # what to do with one of one's own


def test_file_is_found_again_where_it_was(folder, monkeypatch):
    entry = resolve(PUBLISHED)
    (folder / FILE).write_bytes(b"weights")
    before = ready(entry, trust_checkpoint=True)
    monkeypatch.delenv("LUMLIP_MODELS")
    assert ready(entry) == before
    assert availability([entry]) == ["offline"]


def test_records_of_many_processes_are_all_kept(home):
    program = (
        "import sys; from pathlib import Path; from lumlip.runtime import records\n"
        "records.remember(sys.argv[1], records.facts(Path(sys.executable), {}))\n"
    )
    argv = [sys.executable, "-c", program]
    running = [subprocess.Popen([*argv, str(i)]) for i in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert sorted(records.read()) == ["0", "1", "2", "3"]
    assert json.loads((home / "weights.json").read_text())["0"]["size"] > 0


def test_availability_is_told_without_loading(folder, monkeypatch):
    monkeypatch.setattr(environments, "_make", refuse)
    (folder / FILE).write_bytes(b"weights")
    ids = ["sevennet-0", PUBLISHED, "mace-omat-0", "uma-s-1.1@omol", "dpa-4-neo"]
    told = ["offline", "offline", "download", "gated download", "not supported"]
    assert availability(map(resolve, ids)) == told
    assert lumlip.models().loc[ids, "available"].tolist() == told


def test_error_says_what_to_do(home):
    with pytest.raises(UntrustedCheckpointError) as caught:
        ready(resolve("uma-m-1.1@expert:3"))
    text = str(caught.value)
    assert "uma-m-1p1.pt" in text
    assert "official source: https://huggingface.co/facebook/UMA" in text
    assert "HF_TOKEN" in text
    assert "hf auth login" in text
    assert "$LUMLIP_MODELS/uma-m-1p1.pt" in text
    assert "uma:PATH/uma-m-1p1.pt@expert:3" in text
    with pytest.raises(UntrustedCheckpointError) as caught:
        ready(resolve(PUBLISHED))
    assert "HF_TOKEN" not in str(caught.value)


@pytest.mark.parametrize("model", ["dpa-4-neo", "mace-polar-1-medium"])
def test_a_model_without_features_is_refused_before_its_download(folder, monkeypatch, model):
    monkeypatch.setattr(sources, "_fetch", refuse)
    with pytest.raises(ValueError, match=f"^no features of {model}: it"):
        ready(resolve(model), trust_checkpoint=True)


FETCHED = {
    PUBLISHED: FILE,
    "pet-mad-s-1.0.2": "pet-mad-s-v1.0.2.ckpt",
    "pet-mad-dos": "pet-mad-dos-v1.0.ckpt",
    "dpa-3.1-3m@SPICE2": "DPA-3.1-3M.pt",
    "uma-s-1.1@omat": "uma-s-1p1.pt",
    "sevennet-omni@mpa": "checkpoint_sevennet_omni.pth",
    "mace-off24-medium": "MACE-OFF24_medium.model",
}


def refused(entry):
    with pytest.raises(WeightsError) as caught:
        ready(entry, trust_checkpoint=True)
    return str(caught.value)


@pytest.mark.heavy
def test_official_loaders_without_a_network(folder, no_network_after):
    entries = [resolve(model) for model in FETCHED]
    no_network_after(*(entry.family for entry in entries))
    with ThreadPoolExecutor(4) as pool:  # some try for half a minute
        said = list(pool.map(refused, entries))
    for (model, file), entry, text in zip(FETCHED.items(), entries, said, strict=True):
        assert text.startswith(f"no weights for {model}: {file} is not in LUMLIP_MODELS ({folder})")
        assert f"the loader of {entry.family} cannot fetch it (" in text
        assert f"official source: {entry.source}" in text
        assert f"put it at {folder / file}" in text
        assert ("HF_TOKEN" in text) == (entry.family == "uma")
    assert not records.read()


@pytest.fixture
def no_network_after(request):
    """Make families' environments first, which needs a package index, then cut the network."""

    def cut(*families):
        for family in families:
            environments.python(family)
        return request.getfixturevalue("no_network")

    return cut


@pytest.mark.heavy
def test_official_loader_finds_what_it_has_fetched_before(home, no_network_after):
    cache = no_network_after("mace") / "mace"
    cache.mkdir(parents=True)
    (cache / "macemp0b3mediummodel").write_bytes(b"weights")  # mace's name for it
    trusted = ready(resolve(PUBLISHED), trust_checkpoint=True)
    assert Path(trusted.checkpoint) == (cache / "macemp0b3mediummodel").resolve()
    assert trusted.sha256 == digest(b"weights")
    assert ready(resolve(PUBLISHED)) == trusted  # no flag, no loader


def sevennet_file():
    """SevenNet-0's own file, in the environment of its family."""
    code = "import importlib.util as u; print(u.find_spec('sevenn').submodule_search_locations[0])"
    return next(Path(run_in("sevennet", "-c", code).strip()).rglob("checkpoint_sevennet_0.pth"))


@pytest.mark.heavy
def test_features_of_a_bundled_and_of_a_downloaded_file(folder, tmp_path, monkeypatch):
    data = sevennet_file().read_bytes()
    entry = bundle(monkeypatch, tmp_path, data)
    published = replace(
        entry, id="tiny", weights="download", sha256=None, file="tiny.pth", mini=False, source="us"
    )
    copper = [bulk("Cu", cubic=True)]
    expected = lumlip.features("tiny-mini", copper).load()
    assert expected.attrs["checkpoint_sha256"] == digest(data)
    monkeypatch.setattr(table, "entries", lambda: {"tiny": published})
    (folder / "tiny.pth").write_bytes(data)
    with pytest.raises(UntrustedCheckpointError):
        lumlip.features("tiny", copper)
    assert lumlip.features("tiny", copper, trust_checkpoint=True)["energy"].size == 1
    os.utime(folder / "tiny.pth")
    assert lumlip.features("tiny", copper)["energy"].equals(expected["energy"])


@pytest.mark.faults
@pytest.mark.parametrize("known", [True, False], ids=["sum in the table", "sum of its first use"])
def test_damaged_records_are_refused_or_made_right(folder, home, known):
    """A bit of every byte of ``weights.json`` flipped, and the file cut anywhere."""
    data = b"weights"
    row = {"family": "sevennet", "checkpoint": "tiny", "weights": "download", "file": "tiny.pth"}
    row |= {"elements": "H-Pu", "source": "us"} | ({"sha256": digest(data)} if known else {})
    entry = table._entry("tiny", row)
    (folder / "tiny.pth").write_bytes(data)
    assert ready(entry, trust_checkpoint=True).sha256 == digest(data)
    book = home / "weights.json"
    whole = book.read_bytes()
    flipped = (whole[:i] + bytes([c ^ 1 << i % 8]) + whole[i + 1 :] for i, c in enumerate(whole))
    for content in [*flipped, *(whole[:end] for end in range(len(whole)))]:
        book.write_bytes(content)
        try:
            found = ready(entry)
        except UntrustedCheckpointError:  # nothing says any more that it was trusted
            assert not known
        except ValueError as error:
            told = f"{book} is damaged: remove it, lumlip fills it again"
            assert str(error) == told  # noqa: PT017
        else:  # a wrong sum no worker takes for that of the file
            assert found.sha256 == digest(data) or not known
