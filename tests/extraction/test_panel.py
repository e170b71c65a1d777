"""Several models on the atoms that all of them take."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

import lumlip
from lumlip import features
from lumlip.choices import STOP
from lumlip.datasets.paper import PAPER_MODELS, paper_models
from lumlip.datasets.sets import structures_sha256
from lumlip.errors import ExtractionError, UntrustedCheckpointError
from lumlip.extraction import jobs, workers
from lumlip.extraction import panel as panel_module
from lumlip.extraction.given import Given
from lumlip.extraction.panel import Panel, panel
from lumlip.zoo import weights
from lumlip.zoo.table import resolve

MODELS = ["sevennet-0", "chgnet-0.3.0"]


@pytest.fixture(scope="module")
def structures():
    made = [bulk("Cu", cubic=True), bulk("Po", "sc", a=3.35), bulk("Si", cubic=True)]
    for i, atoms in enumerate(made):
        atoms.rattle(0.05, seed=i)
    return made


@pytest.mark.heavy
def test_structures_that_one_model_does_not_take_are_left_out_and_named(structures):
    shown = panel(MODELS, structures)  # SevenNet-0 has no polonium, CHGNet has
    assert [atoms.get_chemical_formula() for atoms in shown.structures] == ["Cu4", "Si8"]
    assert shown.dropped == {1: "frame 1, Po: not for sevennet-0"}
    assert "left out: 1 structures, such as frame 1, Po" in shown.report()
    for dataset in shown.datasets.values():
        assert dataset["atomic_number"].to_numpy().tolist() == [29] * 4 + [14] * 8
        assert dataset["structure"].to_numpy().tolist() == [0] * 4 + [1] * 8
        assert dataset.sizes["structure"] == 2
    layers = shown.layer("last_layer")
    assert {name: X.shape for name, X in layers.items()} == dict.fromkeys(MODELS, (12, 64))
    assert all(X.dtype == np.float64 for X in layers.values())
    widest = shown.layer("readout")
    assert np.array_equal(widest["sevennet-0"], shown.layer("backbone")["sevennet-0"])
    assert np.array_equal(widest["chgnet-0.3.0"], layers["chgnet-0.3.0"])


def test_copies_of_other_parents_are_told():
    """Folds keep parents whole: what one learns from is then tested, too."""
    one, two = bulk("Cu", cubic=True), bulk("Al", cubic=True)
    kin = [bulk("Ni"), bulk("Ni")]
    for atoms in kin:
        atoms.info["parent"] = "nickel"
    copies = "2 structures are copies of others, of other parents: errors are too small"
    for some, said in (([one, one, two, two, *kin], [copies]), ([one, two, *kin], [])):
        frames = xr.Dataset(coords={"frame": ("structure", range(len(some)))})
        shown = Panel(lumlip.structures(some), {"": frames})
        assert shown.remarks() == said


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda energies, n: energies + 3 * n, False),  # from other atoms
        (lambda energies, n: energies * 23.06, True),  # kcal/mol
        (lambda energies, n: energies / 27.2, True),  # Hartree
        (lambda energies, n: energies * 1000, True),  # meV
        (lambda energies, n: -energies, True),
        (lambda energies, n: energies / n, True),  # of an atom
        (lambda energies, n: energies[np.random.default_rng(1).permutation(len(n))], True),
    ],
)
@pytest.mark.parametrize("witness", ["a model", "the structures"])
def test_energies_of_a_file_in_another_unit_are_told(tmp_path, capfd, change, told, witness):
    """Chapters, compare and the report measured them without a word."""
    some = lumlip.structures("mini-mad:bulk")[:90]
    made, n = features("chgnet-0.3.0", some), np.array([len(atoms) for atoms in some])
    energies = made["energy"].to_numpy()
    arrays = {"last_layer": made["last_layer"].to_numpy(), "energy": change(energies, n)}
    arrays |= {"structure": made["structure"].to_numpy()}
    sums = [structures_sha256([atoms]) for atoms in some]
    np.savez(tmp_path / "mine.npz", **arrays, structures_sha256=sums)
    models = [f"features:{tmp_path / 'mine.npz'}"]
    if witness == "a model":
        models.append("chgnet-0.3.0")
    else:
        for atoms, energy in zip(some, energies, strict=True):
            atoms.info["energy"] = float(energy)
    shown = panel(models, some)
    said = [line for line in shown.remarks() if "beyond composition, other energies" in line]
    assert len(said) == told
    assert ("mine.npz: beyond composition, other" in capfd.readouterr().err) == told
    capfd.readouterr()
    assert panel(models, some[:30]).remarks() == []  # too few to tell anything


@pytest.mark.heavy
def test_failing_model_is_reported_and_the_others_go_on(structures, monkeypatch):
    real = panel_module.made

    def failing(job, *args, **options):
        if job.entry.id == "chgnet-0.3.0":
            raise ExtractionError("chgnet-0.3.0 failed: out of memory\n  | log")
        return real(job, *args, **options)

    monkeypatch.setattr(panel_module, "made", failing)
    shown = panel(MODELS, structures, skip_failing=True)
    assert list(shown.datasets) == ["sevennet-0"]
    assert "missing: chgnet-0.3.0 (chgnet-0.3.0 failed: out of memory)" in shown.report()
    assert panel_module.SKIPPED["chgnet-0.3.0"] == "chgnet-0.3.0 failed: out of memory"
    monkeypatch.setenv(STOP, "1")  # as in a chapter
    with pytest.raises(ExtractionError):
        panel(MODELS, structures, skip_failing=True)
    with pytest.raises(ExtractionError):
        panel(MODELS, structures)


def test_weights_of_all_models_are_looked_for_first(structures, monkeypatch, tmp_path):
    def refuse(*_args, **_options):
        raise AssertionError("a model was run before all weights were there")

    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))
    monkeypatch.delenv("LUMLIP_MODELS", raising=False)
    monkeypatch.setattr(panel_module, "made", refuse)
    with pytest.raises(UntrustedCheckpointError, match="no trusted weights for mace-omat-0"):
        panel(["sevennet-0", "mace-omat-0"], structures)


@pytest.mark.heavy
def test_model_without_weights_is_left_out_with_its_elements(structures, monkeypatch):
    monkeypatch.delenv("LUMLIP_MODELS", raising=False)
    shown = panel(["sevennet-0", "mace-off23-small"], structures, skip_failing=True)
    assert list(shown.datasets) == ["sevennet-0"]
    assert len(shown.structures) == 2  # polonium is not for SevenNet; copper not for the other
    assert "missing: mace-off23-small (no trusted weights" in shown.report()


def test_repeated_model_is_refused(structures):
    with pytest.raises(ValueError, match="got a model twice"):
        panel(["sevennet-0", "sevennet-0"], structures)


def test_unknown_model_is_an_error_even_when_failures_are_skipped(structures):
    with pytest.raises(ValueError, match="sevennet-0"):
        panel(["sevenet-0", "chgnet-0.3.0"], structures, skip_failing=True)


def test_nothing_in_common_is_an_error():
    with pytest.raises(ValueError, match="no structure suits all of the models: frame 0, Po"):
        panel(MODELS, [bulk("Po", "sc", a=3.35)])


def test_the_papers_models_by_one_word():
    assert paper_models(1)[0] == "mace-mp-0b3-medium"
    assert paper_models(2) == paper_models(1)
    with pytest.raises(ValueError, match="models of chapter 4 are known; name others"):
        paper_models(4)
    for ids in PAPER_MODELS.values():
        assert all(resolve(model).weights == "download" for model in ids)


@pytest.fixture
def worker_starts(monkeypatch):
    """Return the families whose worker was started, in order."""
    started = []
    real = workers.command
    monkeypatch.setattr(workers, "command", lambda f, *args: started.append(f) or real(f, *args))
    return started


@pytest.mark.heavy
def test_one_worker_runs_all_models_of_a_family(structures, worker_starts, request):
    models = ["sevennet-0", "chgnet-0.3.0", "sevennet-mf-0@PBE"]
    alone = features(models[-1], structures[:1]).load()
    del worker_starts[:]
    request.getfixturevalue("own_cache")
    together = panel(models, structures[:1])
    assert worker_starts == ["sevennet", "chgnet"]
    assert list(together.datasets) == models
    shared = together.datasets[models[-1]]
    assert shared.attrs == alone.attrs
    # Not bit by bit: rounding hangs on the processor's code for each address of an array.
    xr.testing.assert_allclose(shared, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.heavy
@pytest.mark.usefixtures("own_cache")
def test_worker_that_died_is_replaced(structures, worker_starts):
    def forged(entry, **options):
        right = weights.ready(entry, **options)
        return replace(right, sha256="0" * 64) if entry.id == "sevennet-0" else right

    with workers.WorkerPool() as pool:
        made = [
            jobs.Job(forged(resolve(m)), Given.of(structures[:1]), "float32")
            for m in ("sevennet-0", "sevennet-mf-0@PBE")
        ]
        with pytest.raises(ValueError, match="expected 0000"):
            jobs.made(made[0], pool, device="cpu")
        assert jobs.made(made[1], pool, device="cpu").sizes["structure"] == 1
    assert worker_starts == ["sevennet"] * 2


def test_jobs_that_no_other_process_is_at_come_first(structures, monkeypatch, tmp_path):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path / "home"))
    asked = [
        jobs.Job(weights.ready(resolve(m)), Given.of(structures[:1]), "float32")
        for m in ("sevennet-0", "sevennet-mf-0@PBE", "chgnet-0.3.0", "mace-mini")
    ]
    with subprocess.Popen([sys.executable, "-c", HOLD, asked[0].store], **PIPES) as other:
        other.stdout.readline()
        # Of its family later: what it is at may be done by then, and it has a worker already.
        assert list(jobs.free_first(asked)) == [*asked[2:], asked[1], asked[0]]
        other.stdin.close()
    assert list(jobs.free_first(asked)) == asked


PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
HOLD = """
import sys
from pathlib import Path
from filelock import FileLock
store = Path(sys.argv[1])
store.parent.mkdir(parents=True, exist_ok=True)
with FileLock(f"{store}.lock"):
    print("held", flush=True)
    sys.stdin.read()
"""
