"""Structures as points, and the most different of them, on a real model."""

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk, molecule
from scipy.spatial.distance import cdist

import lumlip
from lumlip.datasets.sets import structures_sha256
from lumlip.embedding import save_embedding

pytestmark = pytest.mark.heavy
MODEL = "mace-mini"


@pytest.fixture(scope="module")
def frames():
    """Copper twice, tungsten, which MACE-mini does not know, aluminum, water."""
    made = [bulk("Cu", cubic=True), bulk("W"), bulk("Cu", cubic=True), bulk("Al", cubic=True)]
    return [*made, molecule("H2O")]


@pytest.mark.parametrize("scale", [1e-200, 1e160])
def test_distances_of_very_small_and_large_features_are_right(tmp_path, scale):
    frames, tables = [bulk("Si", a=5.4 + i / 10) for i in range(6)], []
    X, path = np.random.default_rng(0).normal(size=(12, 3)), tmp_path / "a.npz"
    for size in (1.0, scale):
        np.savez(path, last_layer=size * X, structures_sha256=structures_sha256(frames))
        tables.append(lumlip.select(frames, model=f"features:{path}", n=5, order=1))
    one, other = tables
    assert one["frame"].tolist() == other["frame"].tolist()
    assert np.allclose(one["distance"][1:], other["distance"][1:] / scale)


def test_embedding_is_that_of_cumulants_and_keeps_the_numbers_of_frames(frames, capfd):
    found = lumlip.embed(MODEL, frames, order=3)
    assert "left out: 1 structures, such as frame 1, W: not for mace-mini" in capfd.readouterr().err
    assert found.index.tolist() == [0, 2, 3, 4]
    ds = lumlip.features(MODEL, frames, skip_unknown=True)
    expected = lumlip.cumulant_features(ds["last_layer"], ds["structure"], order=3)
    assert np.array_equal(found.to_numpy(), expected)
    n = ds.sizes["last_layer_channel"]
    assert found.columns[[0, n, 2 * n]].tolist() == ["mean_0", "kappa2_0", "kappa3_0"]


def test_selected_is_the_farthest_from_all_selected_before(frames, capfd):
    found = lumlip.select(frames, model=MODEL, n=4)
    assert "left out: 1 structures, such as frame 1, W: not for mace-mini" in capfd.readouterr().err
    points = lumlip.embed(MODEL, frames)
    away = cdist(points, points)
    order = [points.index.get_loc(frame) for frame in found["frame"]]
    for k in range(1, 4):
        nearest = away[order[:k]].min(axis=0)
        assert np.isclose(nearest[order[k]], nearest.max())
        assert np.isclose(found["distance"][k], nearest.max(), atol=1e-6)
    assert found["frame"][0] == 0
    assert set(found["frame"][:3]) == {0, 3, 4}  # the second copper comes last, at no distance
    assert found["formula"][0] == "Cu4"


def test_what_all_features_share_does_not_change_the_choice(frames, tmp_path):
    some = [frames[0]] * 8
    X = np.random.default_rng(0).normal(size=(32, 6)) + 1e8
    owner = np.repeat(np.arange(8), 4)
    known = structures_sha256(lumlip.structures(some))
    np.savez(tmp_path / "far.npz", last_layer=X, structures_sha256=known)
    found = lumlip.select(some, model=f"features:{tmp_path / 'far.npz'}", n=8, order=1)
    away = cdist(*[lumlip.cumulant_features(X - 1e8, owner, order=1)] * 2)
    for k in range(1, 8):
        nearest = away[found["frame"][:k]].min(axis=0)
        assert found["frame"][k] == nearest.argmax()
        assert np.isclose(found["distance"][k], nearest.max(), rtol=1e-6)


def test_atoms_are_selected_with_their_numbers(frames):
    found = lumlip.select(frames, model=MODEL, n=4, by="atom")
    assert set(found["element"]) == {"Cu", "Al", "O", "H"}
    for row in found.itertuples():
        assert frames[row.frame][row.atom].symbol == row.element


def test_more_than_there_are_is_refused(frames):
    with pytest.raises(ValueError, match="n: got 5, expected 1 to 4 of these structures"):
        lumlip.select(frames, model=MODEL, n=5)
    with pytest.raises(ValueError, match="got by 'element'; expected one of: structure, atom"):
        lumlip.select(frames, model=MODEL, n=1, by="element")


def test_saved_embeddings_are_read_again(tmp_path):
    table = pd.DataFrame([[1.5, 2.5]], index=pd.Index([3], name="frame"), columns=["a", "b"])
    save_embedding(table, tmp_path / "one.csv")
    assert pd.read_csv(tmp_path / "one.csv", index_col="frame").equals(table)
    save_embedding(table, tmp_path / "one.npz")
    with np.load(tmp_path / "one.npz") as found:
        assert found["frame"].tolist() == [3]
        assert found["features"].tolist() == [[1.5, 2.5]]
    save_embedding(table, tmp_path / "one.parquet")
    assert pd.read_parquet(tmp_path / "one.parquet").equals(table)
