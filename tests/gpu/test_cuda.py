"""What a GPU changes: nothing but rounding and the size of batches. Skipped where there is none."""

import numpy as np
import pytest
import torch
from ase.build import bulk, molecule

import lumlip
from lumlip.conformance.bounds import CHECKS
from lumlip.conformance.check_model import check_models
from lumlip.conformance.subject import energy_error
from lumlip.extraction.batching import DEFAULT_BATCH_ATOMS
from lumlip.extraction.jobs import BATCHES
from lumlip.runtime import environments, records
from lumlip.zoo.table import resolve, shipped

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here"),
]
MODELS = list({resolve(model).family: model for model in reversed(shipped())}.values())
#: A GPU adds up the same numbers in another order, and so does another batch: that check's bounds,
#: ten times the largest error of the models that ship in wheels.
BOUND = CHECKS["batching"].bound


def some_structures(n_repeats=1):
    made = [bulk("Cu", cubic=True) * (2, 2, 2), bulk("NaCl", "rocksalt", a=5.64, cubic=True)]
    made = [*made, bulk("Si", cubic=True), molecule("C6H6"), molecule("CH3CH2OH")] * n_repeats
    for i, atoms in enumerate(made):
        atoms.rattle(0.05, seed=i)
        atoms.info.clear()
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", MODELS)
def test_cuda_gives_what_the_cpu_gives(model, dtype, own_cache, monkeypatch, shared_environments):
    found, frames = {}, some_structures()
    for device in ("cpu", "cuda"):  # each with a cache of its own: features are not made twice
        (own_cache / device).mkdir()
        (own_cache / device / "environments").symlink_to(shared_environments)
        monkeypatch.setenv("LUMLIP_HOME", str(own_cache / device))
        found[device] = lumlip.features(model, frames, device=device, dtype=dtype).load()
        assert found[device].attrs["device"] == device
    cpu, cuda, bound = found["cpu"], found["cuda"], getattr(BOUND, dtype)
    for layer in ("backbone", "last_layer"):
        size = float(np.sqrt((cpu[layer] ** 2).mean()))
        assert float(abs(cuda[layer] - cpu[layer]).max()) <= bound * size
    energies = (cuda["energy"].to_numpy(), cpu["energy"].to_numpy())
    assert energy_error(*energies, frames) <= bound


def test_every_family_passes_its_checks_on_a_gpu():
    for model, report in check_models(MODELS, "mini-mad", device="cuda").items():
        assert report["ok"].all(), f"{model}\n{report}"


def test_batches_grow_on_a_gpu_and_that_is_remembered(own_cache):
    frames = some_structures(n_repeats=200)
    lumlip.features("mace-mini", frames, device="cuda")
    (found,) = records.read(BATCHES).values()
    assert found[torch.cuda.get_device_name()] > DEFAULT_BATCH_ATOMS["cuda"]


def test_batches_shrink_where_a_gpu_has_little_memory(own_cache, monkeypatch):
    code = (
        "import sys, torch; sys.argv = sys.argv[1:]\n"
        "from lumlip.extraction import worker\n"
        "share = 3e8 / torch.cuda.mem_get_info()[1]\n"
        "torch.cuda.set_per_process_memory_fraction(share)\n"
        "sys.exit(worker.main())\n"
    )
    real = environments.command
    monkeypatch.setattr(
        "lumlip.extraction.workers.command",
        lambda family, module, *rest: [real(family, module)[0], "-c", code, module, *rest],
    )
    frames = some_structures(n_repeats=200)
    lumlip.features("mace-mini", frames, device="cuda", batch_atoms=sum(map(len, frames)))
    (found,) = records.read(BATCHES).values()
    assert found[torch.cuda.get_device_name()] < sum(map(len, frames))
