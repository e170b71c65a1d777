"""Every family's extractor against the same checks, on real weights: one process per family.

The page of the models runs all checks on the published models that are here, in single precision
and on mini-mad. Here the first model of every family passes them on structures made by hand, and on
every third of these in double precision; the others pass those in `BRIEF`, on every third, too. A
process loads all the family's models, as importing its packages takes longest.
"""

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, graphene, molecule
from ase.spacegroup import crystal

from lumlip.conformance.bounds import CHECKS, LOOSER
from lumlip.conformance.check_model import measure
from lumlip.conformance.symmetries import BY_DESIGN
from lumlip.runtime import environments
from lumlip.zoo.listing import models
from lumlip.zoo.relations import NAMES
from lumlip.zoo.table import resolve
from lumlip.zoo.weights import ready
from tests.conftest import run_in

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import bench_extraction

#: Enough for a model of an architecture that another one has shown to pass all checks.
BRIEF = (
    "energy_identity",
    "linearity",
    "package_energy",
    "rotation",
    "batching",
    "extras",
    "layers_harmless",
    "layers_form",
    "layers_batching",
    "unknown_element",
)

EXPERTS = ("uma-mini@expert:2", "uma-mini@omol:expert:2")


OFFLINE = models().query("weights in ['package', 'bundled']").index.tolist()
# Rows may take tasks that have no row of their own: an expert of a mixture, say.
OFFLINE += [m for m in EXPERTS if m.split("@")[0] in {row.split("@")[0] for row in OFFLINE}]
FAMILY_OF = {m: resolve(m).family for m in OFFLINE}
FIRST = {family: m for m, family in reversed(FAMILY_OF.items())}
FULL = list(FIRST.values())
# Chapter 04 runs all that were fine-tuned; one of each family is enough here.
TUNED = [m for m in OFFLINE if "-lps-" in m and not m.endswith("-bespoke")]
# Other seeds and shorter trainings are the same networks with other weights.
SAME = [m for m in OFFLINE if m.endswith(("-quarter", "-sixteenth", "-seed3", "-seed4", "-seed5"))]
REDUCED = [m for m in OFFLINE if m not in (*FULL, *TUNED, *SAME)]
FAMILY_OF |= {family: family for family in FIRST}  # tests may name either


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
    frames = [  # every third: what all families know
        bulk("Fe"),
        bulk("U", "bcc", a=3.43),
        bulk("CeO2", "fluorite", a=5.41),
        bulk("NaCl", "rocksalt", a=5.64),
        bulk("Si"),
        alloy,
        molecule("CH3CH2OH"),
        slab,
        rutile,
        graphene(vacuum=8.0),
        molecule("SO2"),
        Atoms("H2", [[0, 0, 0], [0, 0, 0.74]]),
    ]
    for atoms in frames:
        atoms.info.clear()  # fcc111 leaves notes that extxyz cannot keep
    for atoms in frames:  # off the symmetric sites, where a mistake could hide
        if len(atoms) > 1:
            atoms.positions += rng.normal(scale=0.04, size=atoms.positions.shape)
    return frames


def check_family(family: str) -> dict[tuple[str, str], dict]:
    """Check all offline models of a family: reports by model and precision."""
    full, brief = ([m for m in ms if FAMILY_OF[m] == family] for ms in (FULL, REDUCED))
    runs = [
        *((m, {"dtype": "float32"}) for m in full),
        *((m, {"dtype": "float32", "checks": BRIEF, "every": 3}) for m in brief),
        (FIRST[family], {"dtype": "float64", "every": 3}),
    ]
    entries = [ready(resolve(m)) for m, _ in runs]
    options = [{"device": "auto", "sampled": False, **own} for _, own in runs]
    names = [(m, own["dtype"]) for m, own in runs]
    return dict(zip(names, measure(entries, some_structures(), options), strict=True))


@pytest.fixture(scope="session")
def reports(request) -> dict[str, Future]:
    """Reports of the families that the chosen tests need, two processes at a time."""
    calls = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    values = [value for call in calls for value in call.params.values()]
    wanted = {FAMILY_OF[v]: None for v in values if isinstance(v, str) and v in FAMILY_OF}
    pool = ThreadPoolExecutor(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield {family: pool.submit(check_family, family) for family in wanted}
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def measured(reports):
    """Report of a model, in single or double precision."""
    return lambda model, dtype="float32": reports[FAMILY_OF[model]].result()[model, dtype]


def test_every_family_of_the_book_has_a_model_that_is_here():
    assert set(FIRST) >= set(NAMES)


@pytest.mark.heavy
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("model", FULL)
def test_keeps_the_bound(model, check, measured):
    result = measured(model)
    error, bound = result["errors"][check], result["bounds"][check]
    if error is None:
        assert check in ("package_features", "extras")
        assert (result["family"], check) not in MEASURED
    else:
        assert error <= bound


# Families whose packages return features themselves; with extra variables.
MEASURED = {
    *((family, "package_features") for family in ("chgnet", "dpa", "mace", "pet")),
    ("uma", "extras"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("model", REDUCED)
def test_other_models_keep_the_main_bounds(model, measured):
    result = measured(model)
    assert list(result["errors"]) == list(BRIEF)
    assert result["failed"] == []


@pytest.mark.heavy
@pytest.mark.parametrize("model", FIRST.values())
def test_double_precision_is_double(model, measured):
    assert measured(model, "float64")["failed"] == []


@pytest.mark.parametrize("family", environments.families())
def test_energy_identity_is_as_tight_as_promised(family):
    bound = LOOSER.get((family, "energy_identity"), CHECKS["energy_identity"].bound)
    assert bound.float32 <= 1e-5
    assert bound.float64 <= 1e-10


@pytest.mark.heavy
@pytest.mark.parametrize("model", FULL)
def test_enough_of_the_structures_are_taken(model, measured):
    assert measured(model)["n_structures"] >= 6


@pytest.mark.heavy
@pytest.mark.parametrize("model", FIRST.values())
def test_only_what_is_not_invariant_has_the_looser_measure(model, measured):
    result = measured(model)
    assert ((result["family"], "rotation") in BY_DESIGN) == (not result["invariant"])


@pytest.mark.heavy
@pytest.mark.parametrize("model", FULL + REDUCED)
def test_the_table_of_models_tells_what_loading_would(model, measured):
    result, entry = measured(model), resolve(model)
    assert frozenset(result["elements"]) == entry.elements
    assert result["cutoff"] == entry.cutoff
    assert result["linear_head"] == (entry.family in ("sevennet", "hienet"))
    assert environments.pins(entry.family).linear_head == result["linear_head"]


CODE = """
import sys
from lumlip.families import {family}
try:
    {family}.Extractor(sys.argv[1], task=None, device="cpu", dtype="float32")
except ValueError as error:
    print(error)
"""


def refusal(family: str, path: str) -> str:
    return run_in(family, "-c", CODE.format(family=family), path)


# A ring: each family gets a real checkpoint of the next. Damaged files are one of the CHECKS;
# three get other foreign ones in test_odd_files.py.
RING = list(zip(FIRST, [*list(FIRST)[1:], *list(FIRST)[:1]], strict=True))
RING = [pair for pair in RING if pair[0] not in ("mace", "pet", "dpa")]


@pytest.mark.heavy
@pytest.mark.parametrize(("family", "other"), RING)
def test_checkpoint_of_another_family_is_refused_by_name(family, other, measured):
    path = measured(FIRST[other])["checkpoint_file"]
    message = refusal(family, path)
    assert path in message
    assert f"is not a {family} checkpoint" in message


@pytest.mark.heavy
def test_batches_are_five_times_faster_than_the_packages_loop(tmp_path):
    file = tmp_path / "crystals.extxyz"
    ase.io.write(file, bench_extraction.crystals(60))
    found = bench_extraction.run("chgnet-0.3.0", str(file), repeats=1)
    assert found["loop"] >= 5 * found["ours"]
