"""Numbers that change ask for another ``FEATURES_VERSION``, so that no old ones are used again.

Beside this file lie a few numbers of the first offline model of every family, with their version:
computed by the extractors themselves, which the conformance tests hold against the packages.
``python tests/families/test_features_version.py`` writes them anew.
"""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk, molecule

import lumlip
from chapters.depth.paths import depth_path
from lumlip.runtime.paths import ensured, home
from lumlip.zoo.table import resolve, shipped

REFERENCE = Path(__file__).with_name("features.json")
RENEW = f"run `python tests/families/{Path(__file__).name}`"
FIRST = {resolve(model).family: model for model in reversed(shipped())}
TOLERANCE = 1e-4  # of an array's norm; processors and threads differ by some 1e-6


#: Families whose last interaction leaves the backbone itself.
SAME = ("sevennet", "diep", "hienet", "pet", "dpa")


def features_of(family):
    """Features of a family; from the model itself if the cache is empty."""
    salt = bulk("NaCl", "rocksalt", a=5.64)
    salt.rattle(0.05, seed=0)
    return lumlip.features(FIRST[family], [salt, molecule("H2O")], device="cpu", layers=True)


def record(dataset):
    """Version and numbers of a family."""
    dataset = dataset.drop_vars("readout")  # one of the others
    known = {key: dataset.attrs[key] for key in ("model", "checkpoint_sha256", "features_version")}
    numbers = {str(name): summary(dataset[name].to_numpy()) for name in sorted(dataset.data_vars)}
    return known | {"numbers": numbers}


def summary(values):
    """Shape of an array, its norm, and its projections on three fixed waves."""
    flat = values.astype(float).ravel()
    waves = np.cos(np.outer([1, 2, 3], np.arange(flat.size)))
    return {
        "shape": list(values.shape),
        "norm": float(f"{np.linalg.norm(flat):.7g}"),
        "projections": [float(f"{x:.7g}") for x in waves @ flat],
    }


def fault(family, got, expected):
    """What is wrong with a family's numbers: a change without another version, or no record."""
    if {**got, "numbers": {}} != {**expected, "numbers": {}}:
        return f"{family} has another version or other weights than {REFERENCE.name}: {RENEW}"
    names = got["numbers"].keys() | expected["numbers"].keys()
    moved = [n for n in sorted(names) if differ(got["numbers"].get(n), expected["numbers"].get(n))]
    return moved and (
        f"{family}: other numbers in {', '.join(moved)}: bump FEATURES_VERSION in "
        f"lumlip/families/{family}.py (in lumlip/extraction/arrays.py, if all families changed) "
        f"and {RENEW}"
    )


def differ(one, other):
    if one is None or other is None or one["shape"] != other["shape"]:
        return True
    values = [np.array([x["norm"], *x["projections"]]) for x in (one, other)]
    return not np.allclose(*values, rtol=0, atol=TOLERANCE * other["norm"])


@pytest.mark.heavy
@pytest.mark.parametrize("family", FIRST)
@pytest.mark.usefixtures("own_cache")
def test_changed_numbers_have_another_version(family):
    expected = json.loads(REFERENCE.read_text(encoding="utf-8"))
    dataset = features_of(family)
    wrong = fault(family, record(dataset), expected.get(family, {}))
    assert not wrong, wrong
    ends_in_the_backbone(family, dataset["backbone"].to_numpy(), depth_path(dataset))


def ends_in_the_backbone(family, backbone, path):
    """Check the steps of a model: their names, and how the last ones make the backbone.

    That layers change nothing and are as invariant as the backbone is one of the conformance
    checks.
    """
    names = [name for name in path if name.startswith("interaction")]
    assert names == [f"interaction_{i + 1}" for i in range(len(names))]
    last = path[names[-1]]
    if family in SAME:
        assert np.array_equal(last, backbone)
    if family == "mace":  # the scalars of all products
        assert np.array_equal(np.hstack([path[name][:, :32] for name in names]), backbone)


def of(values, version="1.1"):
    return {"features_version": version, "numbers": {"backbone": summary(values)}}


def test_a_change_is_noticed_and_rounding_is_not():
    values = np.random.default_rng(0).normal(size=(10, 64))
    kept = of(values)
    assert not fault("mace", of(values * (1 + 1e-6)), kept)
    one_channel = values + 0.05 * (np.arange(64) == 5)
    for changed in (of(one_channel), of(values[:, ::-1]), of(values[:, :63])):
        assert "bump FEATURES_VERSION in lumlip/families/mace.py" in fault("mace", changed, kept)
    assert "another version" in fault("mace", of(one_channel, version="1.2"), kept)


def write():
    """Write the numbers anew, but none that changed while the version stayed."""
    old = json.loads(REFERENCE.read_text(encoding="utf-8")) if REFERENCE.exists() else {}
    made = {family: record(features_of(family)) for family in FIRST}
    wrong = [fault(family, made[family], old[family]) for family in made.keys() & old.keys()]
    if changed := [text for text in wrong if text and "bump" in text]:
        raise SystemExit("\n".join(changed))
    lines = (f"{json.dumps(family)}: {json.dumps(made[family])}" for family in sorted(made))
    REFERENCE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    environments = ensured(home() / "environments")
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / "environments").symlink_to(environments)
        os.environ["LUMLIP_HOME"] = empty
        write()
