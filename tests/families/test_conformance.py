import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, graphene, molecule
from ase.cluster import Octahedron
from ase.spacegroup import crystal

from lumlip import environments
from lumlip.conformance import CHECKS
from lumlip.zoo import models, resolve

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import bench_extraction

SHIPPED = models().query("weights == 'package'").index.tolist()
TIMEOUT = 600


def some_structures() -> list[Atoms]:
    rng = np.random.default_rng(0)
    alloy = bulk("Cu", cubic=True) * (2, 1, 1)
    alloy.numbers = rng.permutation([29, 29, 29, 79, 79, 28, 28, 13])
    slab = fcc111("Pt", (1, 1, 4), vacuum=6.0)
    slab += Atoms("O", [slab.positions[-1] + [0, 0, 1.6]])
    rutile = crystal(
        ["Ti", "O"],
        [(0, 0, 0), (0.3, 0.3, 0)],
        spacegroup=136,
        cellpar=[4.6, 4.6, 2.95, 90, 90, 90],
    )
    frames = [
        bulk("Fe"),
        bulk("Mg"),
        bulk("Si"),
        bulk("W", cubic=True),
        bulk("NaCl", "rocksalt", a=5.64),
        bulk("CsCl", "cesiumchloride", a=4.12),
        bulk("GaAs", "zincblende", a=5.65, cubic=True),
        bulk("CeO2", "fluorite", a=5.41),
        bulk("U", "bcc", a=3.43),
        rutile,
        alloy,
        slab,
        graphene(vacuum=8.0),
        molecule("CH3CH2OH"),
        molecule("C6H6"),
        molecule("SO2"),
        Octahedron("Ag", 3),
        Atoms("H2", [[0, 0, 0], [0, 0, 0.74]]),
    ]
    for atoms in frames:
        atoms.info.clear()  # fcc111 leaves notes that extxyz cannot keep
    for atoms in frames:  # off the symmetric sites, where a mistake could hide
        if len(atoms) > 1:
            atoms.positions += rng.normal(scale=0.04, size=atoms.positions.shape)
    return frames


@pytest.fixture(scope="session")
def structure_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("conformance") / "structures.extxyz"
    ase.io.write(path, some_structures())
    return str(path)


@cache
def measured(model: str, structures: str, dtype: str = "float32") -> dict:
    entry = resolve(model)
    argv = environments.command(entry.family, "lumlip.conformance", entry.family, entry.checkpoint)
    argv += ["--structures", structures, "--dtype", dtype]
    argv += ["--task", entry.task] if entry.task else []
    env = {**environments.variables(), "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        argv, env=env, capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


@pytest.mark.heavy
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("model", SHIPPED)
def test_keeps_the_bound(model, check, structure_file):
    result = measured(model, structure_file)
    error, bound = result["errors"][check], result["bounds"][check]
    if error is None:
        assert check == "package_features"
        assert result["family"] != "chgnet"
    else:
        assert error <= bound


@pytest.mark.heavy
@pytest.mark.parametrize("model", ["chgnet-0.3.0", "sevennet-0", "diep-matpes-r2scan"])
def test_double_precision_is_double(model, structure_file):
    result = measured(model, structure_file, "float64")
    assert result["failed"] == []


@pytest.mark.heavy
@pytest.mark.parametrize("model", SHIPPED)
def test_the_table_of_models_tells_what_loading_would(model, structure_file):
    result, entry = measured(model, structure_file), resolve(model)
    assert frozenset(result["elements"]) == entry.elements
    assert result["cutoff"] == entry.cutoff
    assert result["linear_head"] == (entry.family == "sevennet")


CODE = """
import sys
from lumlip.families import {family}
try:
    {family}.Extractor(sys.argv[1], task=None, device="cpu", dtype="float32")
except ValueError as error:
    print(error)
"""


def refusal(family: str, path: str) -> str:
    argv = [str(environments.python(family)), "-c", CODE.format(family=family), path]
    done = subprocess.run(
        argv, env=environments.variables(), capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.heavy
@pytest.mark.parametrize("family", ["chgnet", "sevennet", "diep"])
def test_a_file_that_is_no_checkpoint_is_refused_by_name(family, tmp_path):
    path = tmp_path / "state.pt"
    path.write_bytes(np.random.default_rng(0).bytes(3000))
    message = refusal(family, str(path))
    assert str(tmp_path) in message
    assert f"is not a {family} checkpoint" in message


@pytest.mark.heavy
def test_batches_are_five_times_faster_than_the_packages_loop(tmp_path):
    file = tmp_path / "crystals.extxyz"
    ase.io.write(file, bench_extraction.crystals(60))
    assert bench_extraction.run("chgnet-0.3.0", str(file), sample=20)["ratio"] >= 5
