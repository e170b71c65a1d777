"""One part of a task of UMA swapped for that of another task: what changes, and what cannot.

The energy identity and the package's own energy of such tasks are checked with those of all models,
in test_conformance.
"""

import json
import subprocess

import ase.io
import numpy as np
import pytest
from ase.build import bulk, fcc111, molecule

from lumlip.runtime import environments
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import ready

TASKS = (
    "omat",
    "omol",
    "omat:routing:omat",
    "omat:routing:omol",
    "omol:routing:omat",
    "omat:embedding:omol",
    "omat:head:omol",
)
CODE = """
import json, sys
import ase.io, numpy as np
from lumlip.families import uma
frames = ase.io.read(sys.argv[2], index=":")
found = {}
for task in sys.argv[3:]:
    extractor = uma.Extractor(sys.argv[1], task=task, device="cpu", dtype="float64")
    got = extractor.extract(frames)
    found[task] = {
        "backbone": got.backbone.tolist(),
        "last_layer": got.last_layer.tolist(),
        "routing": got.extra["routing"].tolist(),
        "energy": got.energy.tolist(),
        "identity": extractor.energy_from_last_layer(got.last_layer, frames).tolist(),
    }
for task in ("omat:routing:nothing", "omat:nothing:omol"):
    try:
        uma.Extractor(sys.argv[1], task=task, device="cpu", dtype="float64")
    except ValueError as error:
        found[task] = str(error)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Features and energies of every task on five structures, one with a spin of its own."""
    path = tmp_path_factory.mktemp("swapped") / "frames.extxyz"
    radical = molecule("CH3")
    radical.info["spin"] = 2
    frames = [bulk("Cu"), bulk("NaCl", "rocksalt", a=5.6), molecule("H2O"), radical]
    frames.append(fcc111("Pt", (1, 1, 3), vacuum=6.0))
    for atoms in frames:
        atoms.info.pop("adsorbate_info", None)
        atoms.rattle(0.03, seed=0)
    ase.io.write(path, frames)
    checkpoint = ready(resolve("uma-mini@omat")).checkpoint
    argv = [str(environments.python("uma")), "-c", CODE, checkpoint, str(path), *TASKS]
    env = {**environments.variables(), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True, timeout=600)
    return json.loads(done.stdout.splitlines()[-1])


def same(results, name, one, other, *, tolerance=1e-10):
    a, b = (np.array(results[task][name]) for task in (one, other))
    return np.abs(a - b).max() <= tolerance * max(1.0, np.abs(a).max())


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["backbone", "last_layer", "routing", "energy"])
def test_a_task_with_its_own_routing_is_the_task(results, name):
    assert same(results, name, "omat:routing:omat", "omat")


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
def test_the_energy_is_still_known_from_the_last_layer(results, task):
    found = results[task]
    assert np.allclose(found["identity"], found["energy"], rtol=1e-10)


@pytest.mark.heavy
def test_the_routing_is_that_of_the_other_task(results):
    assert same(results, "routing", "omat:routing:omol", "omol")
    assert same(results, "routing", "omol:routing:omat", "omat")
    assert not same(results, "routing", "omat", "omol", tolerance=1e-3)


@pytest.mark.heavy
@pytest.mark.parametrize("part", ["routing", "embedding"])
def test_parts_before_the_head_change_the_backbone(results, part):
    for other in ("omat", "omol"):
        assert not same(results, "backbone", f"omat:{part}:omol", other, tolerance=1e-3)


@pytest.mark.heavy
def test_the_head_changes_the_last_layer_alone(results):
    assert same(results, "backbone", "omat:head:omol", "omat")
    assert not same(results, "last_layer", "omat:head:omol", "omat", tolerance=1e-3)


@pytest.mark.heavy
def test_embedding_and_routing_complete_each_other(results):
    # the embedding of omol with the routing of omat, reached from either side
    assert same(results, "backbone", "omat:embedding:omol", "omol:routing:omat")
    assert same(results, "routing", "omat:embedding:omol", "omat")


@pytest.mark.heavy
@pytest.mark.parametrize("task", ["omat:routing:nothing", "omat:nothing:omol"])
def test_unknown_parts_are_answered_with_the_known_ones(results, task):
    assert f"has no task {task!r}; known: omat" in results[task]
    assert "TASK:embedding|routing|head:TASK" in results[task]
