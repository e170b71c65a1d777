"""A model that fails on some structures: they are named, or left out, and never averaged in."""

import json

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.io import write

import lumlip
from lumlip.cli import main
from lumlip.errors import ExtractionError
from lumlip.extraction.jobs import BATCHES
from lumlip.extraction.panel import panel
from lumlip.extraction.store import assemble, open_store, write_job
from lumlip.extraction.worker import _extract_batch, finished
from lumlip.families.base import Features
from lumlip.runtime import environments, records
from lumlip.zoo.features_file import attributes


class Failing:
    """An extractor that gives NaN for silver, and cannot take gold at all."""

    no_energy = ""

    def extract(self, structures, *, layers=False):
        numbers = np.concatenate([atoms.numbers for atoms in structures])
        if 79 in numbers:
            raise MemoryError("too large\nby far")
        values = np.where(numbers == 47, np.nan, 1.0)[:, None]
        return Features(values, values, np.ones(len(structures)))


METALS = [bulk(s) for s in ("Cu", "Ag", "Al", "Au", "Ni", "Pd", "Pt")]


def test_frames_that_fail_are_found_by_halving(tmp_path):
    failed = _extract_batch(Failing(), METALS, list(range(7)), tmp_path)
    assert failed == {1: "ValueError: NaN or inf in backbone", 3: "MemoryError: too large"}
    assert finished(tmp_path) == {0, 2, 4, 5, 6}


def test_frames_that_failed_have_no_numbers_in_the_store(tmp_path):
    (tmp_path / "partial").mkdir()
    write_job(tmp_path / "partial", METALS, {})
    failed = _extract_batch(Failing(), METALS, list(range(7)), tmp_path / "partial")
    assemble(tmp_path / "partial", tmp_path / "job.zarr", {}, failed=failed)
    dataset = open_store(tmp_path / "job.zarr")
    wrong = [False, True, False, True, False, False, False]
    assert np.isnan(dataset["last_layer"][:, 0]).to_numpy().tolist() == wrong
    assert np.isnan(dataset["energy"]).to_numpy().tolist() == wrong


@pytest.mark.heavy
def test_frame_is_named_or_left_out(nan_for_copper, own_cache, capsys):
    frames = [bulk(s) for s in ("Al", "Ni", "Cu", "Fe")]
    path = str(own_cache / "metals.xyz")
    write(path, frames)
    argv = [
        "extract",
        nan_for_copper,
        path,
        "--trust-checkpoint",
        "-o",
        str(own_cache / "out.zarr"),
    ]
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert "failed on 1 of 4 structures:\n  frame 2 (Cu): ValueError: NaN or inf in " in error
    assert "--on-error skip" in error
    assert not (own_cache / "out.zarr").exists()

    assert main([*argv, "--on-error", "skip"]) == 0
    kept = lumlip.features(nan_for_copper, path, trust_checkpoint=True, on_error="skip")
    assert kept["atomic_number"].to_numpy().tolist() == [13, 28, 26]
    assert kept["structure"].to_numpy().tolist() == [0, 1, 2]
    assert np.isfinite(kept["last_layer"]).all()
    assert np.isfinite(kept["energy"]).all()
    assert list(json.loads(kept.attrs["failed"])) == ["2"]
    with pytest.raises(ExtractionError, match=r"frame 2 \(Cu\).*\n.*remove that to try again"):
        lumlip.features(nan_for_copper, path, trust_checkpoint=True)

    how = {"trust_checkpoint": True, "on_error": "skip", "skip_unknown": True}
    more = [bulk("Am", "sc", a=3.4), *frames]  # which it does not know: all others move by one
    kept = lumlip.features(nan_for_copper, more, **how)
    assert list(json.loads(kept.attrs["failed"])) == ["3"]
    assert kept["frame"].to_numpy().tolist() == [1, 2, 4]
    (part,) = lumlip.extract_parts(nan_for_copper, more, own_cache / "parts", n_parts=1, **how)
    assert list(json.loads(attributes(part)["failed"])) == ["3"]

    models = ["chgnet-0.3.0", nan_for_copper]
    shown = panel(models, frames, trust_checkpoint=True, on_error="skip")
    assert [atoms.get_chemical_formula() for atoms in shown.structures] == ["Al", "Ni", "Fe"]
    assert shown.dropped[2].startswith(f"frame 2, Cu: {nan_for_copper} failed, ValueError: NaN")
    moved = panel(models, more, trust_checkpoint=True, on_error="skip")
    assert moved.frames == [1, 2, 4]
    assert moved.dropped[3].startswith(f"frame 3, Cu: {nan_for_copper} failed, ValueError: NaN")
    right, wrong = (shown.datasets[model] for model in models)
    assert right["atomic_number"].equals(wrong["atomic_number"])


@pytest.mark.faults
@pytest.mark.heavy
def test_frame_that_kills_the_worker_is_named_and_the_others_are_done(
    own_cache, monkeypatch, capfd
):
    """As the kernel does when memory runs out: without a word."""
    code = (
        "import os, signal, sys; sys.argv = sys.argv[1:]\n"
        "from lumlip.extraction import worker\n"
        "real = worker._extract_batch\n"
        "def killed(extractor, structures, batch, *rest, **options):\n"
        "    if any(len(structures[i]) == 9 for i in batch):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(extractor, structures, batch, *rest, **options)\n"
        "worker._extract_batch = killed\n"
        "sys.exit(worker.main())\n"
    )
    real = environments.command

    def deadly(family, module, *args):
        return [real(family, module)[0], "-c", code, module, *args]

    monkeypatch.setattr("lumlip.extraction.workers.command", deadly)
    frames = [molecule(name) for name in ("H2O", "CH3CH2OH", "NH3")]
    kept = lumlip.features("chgnet-0.3.0", frames, on_error="skip")
    assert kept.sizes["structure"] == 2
    told = "failed on 1 of 3 structures:\n  frame 1 (C2H6O): it ended the worker"
    assert told in capfd.readouterr().err


@pytest.mark.faults
@pytest.mark.heavy
def test_batches_that_memory_is_too_short_for_are_halved_and_that_is_remembered(
    own_cache, monkeypatch
):
    """A worker that gets 400 MB beyond the model, and a batch that takes several times that."""
    code = (
        "import resource, sys; sys.argv = sys.argv[1:]\n"
        "from lumlip.extraction import worker\n"
        "real = worker._loaded\n"
        "def limited(*given):\n"
        "    loaded = real(*given)\n"
        "    pages = int(open('/proc/self/statm').read().split()[0])\n"
        "    most = pages * resource.getpagesize() + 400 * 2**20\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (most, most))\n"
        "    return loaded\n"
        "worker._loaded = limited\n"
        "sys.exit(worker.main())\n"
    )
    real = environments.command
    frames = [bulk("Cu", cubic=True) * (3, 3, 3) for _ in range(24)]
    for i, atoms in enumerate(frames):
        atoms.rattle(0.05, seed=i)
    expected = lumlip.features("mace-mini", frames[:4], device="cpu")["energy"].to_numpy()
    assert not records.read(BATCHES)
    monkeypatch.setattr(
        "lumlip.extraction.workers.command",
        lambda family, module, *rest: [real(family, module)[0], "-c", code, module, *rest],
    )
    found = lumlip.features("mace-mini", frames, device="cpu", batch_atoms=10_000)
    np.testing.assert_allclose(found["energy"][:4], expected, rtol=1e-6)
    ((known,),) = (record.values() for record in records.read(BATCHES).values())
    assert 108 <= known <= 5000
