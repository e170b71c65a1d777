"""Weights along a training run: kept in 8 bits, restored as checkpoints."""

import subprocess

import numpy as np
import pytest

from lumlip import features, structures
from lumlip.minis import snapshots
from lumlip.minis.cards import CHECKPOINTS
from lumlip.runtime import environments
from lumlip.zoo.listing import models
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import ready

ALONG = [f"{m}.step{s:04d}" for m in models().index for s in resolve(m).steps]


def test_there_are_steps_of_three_protocols_in_two_families():
    runs = {model.partition(".step")[0] for model in ALONG}
    wanted = {f"{f}-mini-lps-{p}" for f in ("mace", "pet") for p in ("ff", "hf", "bespoke")}
    assert runs == wanted
    for run in runs:
        steps = [*resolve(run).steps, resolve(run).steps[0] * 5]  # and the end: evenly spaced
        assert len(steps) == 5
        assert np.ptp(np.diff(steps)) == 0


@pytest.mark.parametrize("model", ALONG)
def test_a_step_has_a_file_and_a_hash_of_its_own(model):
    entry = resolve(model)
    final = CHECKPOINTS / entry.checkpoint
    assert snapshots.step_file(final, entry.step).is_file()
    digests = {snapshots.step_sha256(final, step) for step in entry.steps}
    assert len(digests) == len(entry.steps)
    assert entry.elements == resolve(model.partition(".step")[0]).elements


CODE = """
import sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
import torch
from lumlip.minis import snapshots
family, final, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
whole, weights = snapshots.weights(family, final)
torch.manual_seed(0)
for tensor in weights.values():
    tensor += 0.01 * torch.randn_like(tensor)
torch.save(whole, folder / "step")
snapshots.keep(family, final, folder / "step", folder / "step.npz")
snapshots.restore(family, final, folder / "step.npz", folder / "again")
loaded = [snapshots.weights(family, p)[1] for p in (final, folder / "step", folder / "again")]
norms = [
    sum(float(((one[k] - two[k]) ** 2).sum()) for k in one) ** 0.5
    for one, two in (loaded[:2], loaded[1:])
]
print(norms[1] / norms[0])
"""


@pytest.mark.heavy
@pytest.mark.parametrize("model", ["mace-mini-lps-ff", "pet-mini-lps-ff"])
def test_restored_weights_are_those_of_the_step(model, tmp_path):
    entry = resolve(model)
    argv = [str(environments.python(entry.family)), "-c", CODE, entry.family]
    argv += [str(CHECKPOINTS / entry.checkpoint), str(tmp_path)]
    done = subprocess.run(
        argv, env=environments.variables(), capture_output=True, text=True, check=True
    )
    # Rounding to 1/127 of the largest of normal numbers, 4 deviations: 4 / 127 / sqrt(12).
    assert 0.002 < float(done.stdout.split()[-1]) < 0.015


@pytest.mark.heavy
def test_features_of_a_step_are_not_those_of_the_end():
    frames = structures("mini-lps:test")[:4]
    run = "mace-mini-lps-ff"
    first, last = (features(m, frames) for m in (f"{run}.step{resolve(run).steps[0]:04d}", run))
    change = np.abs(first["last_layer"].to_numpy() - last["last_layer"].to_numpy()).max()
    assert 1e-4 < change < np.abs(last["last_layer"].to_numpy()).max()
    assert first.attrs["checkpoint_sha256"] != last.attrs["checkpoint_sha256"]


def test_a_checkpoint_is_restored_once():
    entry = resolve("pet-mini-lps-hf.step0240")
    made = ready(entry)
    assert made.checkpoint == ready(entry).checkpoint
    assert made.checkpoint.endswith(".ckpt")
