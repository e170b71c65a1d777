"""compare(): real models, real features, numbers of scikit-matter."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from matplotlib.image import imread
from skmatter.metrics import global_reconstruction_error

import lumlip
from lumlip.comparison import compare, ends_text, intervals
from lumlip.datasets.sets import structures_sha256
from lumlip.extraction.files import write

MODELS = ["sevennet-0", "chgnet-0.3.0"]


@pytest.fixture(scope="module")
def structures():
    elements = ["Cu", "Al", "Ag", "Si", "Ge", "Fe", "W"] * 4
    made = [bulk(s, cubic=True) * (2, 2, 1) for s in elements]
    for i, atoms in enumerate(made):
        atoms.rattle(0.1, seed=i)
    return made


@pytest.fixture(scope="module")
def comparison(structures):
    return compare(MODELS, structures, n_bootstrap=50, protocol="scikit-matter")


@pytest.fixture(scope="module")
def files(comparison, structures, tmp_path_factory):
    """The features of both models as files, of which any part of the structures can be read."""
    paths = [tmp_path_factory.mktemp("features") / f"{model}.npz" for model in MODELS]
    for model, path in zip(MODELS, paths, strict=True):
        write(comparison.panel.datasets[model], structures, path)
    return [f"features:{path}" for path in paths]


@pytest.mark.heavy
def test_table_holds_the_numbers_of_scikit_matter(comparison, structures):
    X = comparison.panel.layer("last_layer")
    n_test = comparison.panel.atoms.sizes["atom"] // 5
    train, test = lumlip.split(comparison.panel.atoms, by="structure", n_test=n_test, seed=0)
    wanted = global_reconstruction_error(X[MODELS[0]], X[MODELS[1]], train_idx=train, test_idx=test)
    assert comparison.table.loc[MODELS[0], MODELS[1]] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.heavy
def test_intervals_hold_the_values(comparison):
    rows = intervals(comparison.table)
    assert list(zip(rows["source"], rows["target"], strict=True)) == [
        (MODELS[0], MODELS[1]),
        (MODELS[1], MODELS[0]),
    ]
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()


@pytest.mark.heavy
def test_saved_files_say_what_was_done(comparison, tmp_path):
    paths = comparison.save(tmp_path / "result")
    table = pd.read_csv(paths[0], index_col=0)
    assert np.allclose(table, comparison.table, atol=1e-6)
    with pytest.raises(FileExistsError, match="are there already"):
        comparison.save(tmp_path / "result")
    settings = json.loads(paths[2].read_text())
    assert settings["models"] == MODELS
    assert settings["split"] == "structure"
    image = imread(paths[3])
    edges = [image[0], image[-1], image[:, 0], image[:, -1]]
    assert all((edge == 1).all() for edge in edges)  # nothing is cut off


@pytest.mark.heavy
def test_too_few_atoms_are_warned_about(files, structures, capfd):
    few = compare(files, structures[:7], n_bootstrap=0)
    (line,) = [line for line in few.warnings() if "not converged" in line]
    assert f"lumlip: warning: {line}" in capfd.readouterr().err  # whoever calls it is told, too
    assert "low" not in intervals(few.table)


@pytest.mark.heavy
def test_structures_on_both_sides_are_found(comparison, files, structures):
    assert not any("training structures, too" in line for line in comparison.warnings())
    twice = compare(files, [*structures, *structures], n_bootstrap=0)
    both = twice.settings["n_repeated"]
    assert both > 0
    assert any(line.startswith(f"{both} test structures are tr") for line in twice.warnings())


@pytest.mark.heavy
def test_a_structure_that_carries_a_cell_is_named(comparison):
    table = comparison.table.copy()
    shares, groups = table.attrs["worst_share"], table.attrs["worst_group"]
    a, b = MODELS
    assert {int(groups[a][b]), int(groups[b][a])} <= set(range(len(comparison.panel.structures)))
    shares[a][b], shares[b][a], shares[a][a], groups[a][b] = 0.43, 0.19, 0.99, 5
    # Frame 2 suits one model alone: structure 5 of the panel is frame 6 of what was given.
    given = [i for i in range(len(comparison.panel.structures) + 1) if i != 2]
    datasets = {
        model: dataset.assign_coords(frame=("structure", given))
        for model, dataset in comparison.panel.datasets.items()
    }
    panel = replace(comparison.panel, datasets=datasets, dropped={2: "frame 2"})
    found = replace(comparison, table=table, panel=panel).warnings()
    formula = panel.structures[5].get_chemical_formula()
    assert [line for line in found if line.startswith("frame")] == [
        f"frame 6, {formula}, carries 43% of the square of {a} -> {b}; "
        "in 1 of 2 cells one structure carries over 20%"
    ]
    table.loc[a, b] = 1e-5  # features of the same model, say: it is rounding that is carried
    assert not [line for line in replace(comparison, table=table).warnings() if "carries" in line]
    table.loc[a, b], shares[a][b] = 0.5, 0.2
    assert not [line for line in replace(comparison, table=table).warnings() if "carries" in line]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "cka"}, "got metric 'cka'; expected one of: gfre, lfre, gfrd"),
        ({"layer": "head"}, "got layer 'head'; expected one of: backbone, last_layer, readout"),
        ({"by": "year"}, "'year'"),
        ({"n_bootstrap": -1}, "n_bootstrap"),
        ({"n_neighbors": 5}, "n_neighbors: got 5 with gfre, expected it with lfre only"),
    ],
)
def test_wrong_options_are_named_before_any_model_is_run(structures, monkeypatch, options, message):
    def refuse(*_args, **_options):
        raise AssertionError("a model was run before the options were checked")

    monkeypatch.setattr("lumlip.comparison.panel", refuse)
    with pytest.raises(ValueError, match=message):
        compare(MODELS, structures, **options)


def test_one_model_is_not_a_comparison(structures):
    with pytest.raises(ValueError, match="expected two or more"):
        compare(MODELS[:1], structures)


def test_one_test_structure_and_isolated_atoms_are_told(tmp_path):
    frames, files = [bulk("Cu", a=3.6, cubic=True), bulk("Ag", cubic=True), Atoms("Xe")], []
    rng = np.random.default_rng(0)
    for name in "ab":
        some = {"last_layer": rng.normal(size=(9, 3))}
        np.savez(tmp_path / f"{name}.npz", **some, structures_sha256=structures_sha256(frames))
        files.append(f"features:{tmp_path / name}.npz")
    one = compare(files, frames, n_test=1, seed=0, n_bootstrap=10)
    assert one.settings["n_test_structures"] == 1
    told = "\n".join(one.warnings())
    assert "one test structure: no interval over it" in told
    assert "intervals of 10 draws are too narrow; take 20 or more" in told
    assert "isolated atoms among the frames (2): " in told
    low, high = one.table.attrs["low"], one.table.attrs["high"]
    assert low.isna().all(axis=None)
    assert high.isna().all(axis=None)


def test_supercells_of_train_structures_are_found(tmp_path):
    """Their features are the same but for rounding, and so are those of copies that were moved."""
    frames = [bulk(s) for s in ("Cu", "Al", "Ag", "Au", "Ni", "Pd", "Pt", "Ir", "Rh", "Pb")]
    frames += [atoms * (2, 1, 1) for atoms in frames]
    rng, kind = np.random.default_rng(0), np.repeat(np.tile(range(10), 2), [1] * 10 + [2] * 10)
    for name in "ab":
        rows = rng.normal(size=(10, 3))[kind] + 1e-7 * rng.normal(size=(30, 3))
        np.savez(
            tmp_path / f"{name}.npz", last_layer=rows, structures_sha256=structures_sha256(frames)
        )
    files = [f"features:{tmp_path / name}.npz" for name in "ab"]
    made = compare(files, frames, n_bootstrap=0)
    _, test = lumlip.split(made.panel.atoms, by="structure", n_test=6)
    tested = np.unique(made.panel.atoms["structure"].to_numpy()[test])
    twins = [one for one in tested if (one + 10) % 20 not in tested]
    assert made.settings["n_repeated"] == len(twins) > 0
    assert any(f"{len(twins)} test structures are training s" in one for one in made.warnings())
    assert compare(files, frames, n_bootstrap=0, by="composition").settings["n_repeated"] == 0


def _labelled(tmp_path, n_parents, n_frames):
    """Frames of one parent have the same error: (files, frames)."""
    rng, frames = np.random.default_rng(0), []
    for parent in range(n_parents):
        frames += [bulk("Cu", cubic=True) for _ in range(n_frames)]
        for atoms in frames[-n_frames:]:
            atoms.rattle(0.05, seed=len(frames))
            atoms.info["parent"] = f"run-{parent}"
    X = rng.normal(size=(4 * len(frames), 3))
    error = np.repeat(np.exp(rng.normal(size=n_parents)), 4 * n_frames)[:, None]
    for name, rows in {"a": X, "b": X + error * rng.normal(size=X.shape)}.items():
        sha256 = structures_sha256(frames)
        np.savez(tmp_path / f"{name}.npz", last_layer=rows, structures_sha256=sha256)
    return [f"features:{tmp_path / name}.npz" for name in "ab"], frames


def test_a_split_by_parent_draws_parents(tmp_path):
    """Frames of a trajectory are not independent: intervals over them would be too narrow."""
    files, frames = _labelled(tmp_path, n_parents=30, n_frames=10)
    a, b = files
    ends = {}
    for by in ("structure", "parent"):
        made = compare(files, frames, by=by, n_test=240, seed=1)
        low, high = (made.table.attrs[end].at[a, b] for end in ("low", "high"))
        ends[by] = np.log(high / low)
    assert made.settings["drawn"] == "parent"
    assert made.settings["n_drawn"] == 6
    assert made.settings["n_test_structures"] == 60
    told = "\n".join(made.warnings())
    assert "6 test parents: fewer than ten" in told
    assert "the parent of frame " in told
    assert ends["parent"] > 2 * ends["structure"]
    X = made.panel.layer("last_layer")
    parents = made.panel.atoms["parent"].to_numpy()[made.panel.atoms["structure"].to_numpy()]
    train, test = lumlip.split(made.panel.atoms, by="parent", n_test=240, seed=1)
    table = lumlip.reconstruction_table(X, train=train, test=test, groups=parents)
    number = int(made.warnings()[-1].split(",")[0].removeprefix("the parent of frame "))
    assert frames[number].info["parent"] == table.attrs["worst_group"][a][b]


def test_intervals_that_say_nothing_are_words():
    table = pd.DataFrame([[0.0, 1e-9], [0.3, 0.0]], index=["a", "b"], columns=["a", "b"])
    table.attrs = {"low": table * 0.5, "high": table + 3181.0}
    exact, wide = intervals(table).itertuples()
    assert ends_text(exact.low, exact.high) == "(no interval: rebuilt but for rounding)"
    assert ends_text(wide.low, wide.high) == "[0.150, not known from above]"
