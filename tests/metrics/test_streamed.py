"""Tables of blocks against the same atoms in memory, in this process and in others."""

import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path

import numpy as np
import pytest

import lumlip
from lumlip.metrics._blocks import results
from lumlip.metrics.folds import Folds

RNG = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(240), 1 + np.arange(240) % 9)
FOLDS = RNG.integers(0, 6, size=240)
LATENT = RNG.normal(size=(len(GROUPS), 6))
FEATURES = {
    "plain": LATENT,
    "bent": np.tanh(LATENT @ RNG.normal(size=(6, 9))),
    # Singular values over ten orders of magnitude, far from the origin.
    "graded": (np.hstack([LATENT, LATENT**2]) + 5) * np.geomspace(1, 1e-10, 12),
    "dependent": np.hstack([LATENT, LATENT[:, :2] @ RNG.normal(size=(2, 3))]),
    "single": (1e3 + np.tanh(LATENT @ RNG.normal(size=(6, 30)))).astype(np.float32),
    # A direction that the atoms of one fold alone have.
    "rare": np.hstack([LATENT, LATENT[:, :1] ** 3 * (FOLDS[GROUPS] == 2)[:, None]]),
}
CUTS = [0, 3, 400, 401, 700, 1000, len(GROUPS)]


def read(block, features=FEATURES):
    atoms = slice(CUTS[block], CUTS[block + 1])
    return {name: x[atoms] for name, x in features.items()}, GROUPS[atoms]


def read_and_die(mark, block):
    """Kill the process, once, unless it is the first one."""
    if block == 3 and parent_process() is not None and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return read(block)


def streamed(some=read, **options):
    return lumlip.streamed_table(some, len(CUTS) - 1, folds=FOLDS, **options)


def in_memory(folds=FOLDS, **options):
    of_atoms = folds[GROUPS].view(Folds)
    of_atoms.groups = GROUPS
    return lumlip.reconstruction_table(FEATURES, folds=of_atoms, **options)


def test_blocks_give_the_table_of_all_atoms_in_memory():
    # "plain" rebuilds "dependent", and the first six of "rare", exactly, but for rounding.
    found, wanted = streamed(n_bootstrap=200, seed=3), in_memory(n_bootstrap=200, seed=3)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    for end in ("low", "high"):
        np.testing.assert_allclose(found.attrs[end], wanted.attrs[end], rtol=1e-9, atol=1e-12)
    assert found.index.tolist() == found.columns.tolist() == list(FEATURES)
    assert found.attrs["n_broken"] == wanted.attrs["n_broken"]
    for name in ("worst_share", "worst_group"):
        assert found.attrs[name]["plain"]["bent"] == pytest.approx(
            wanted.attrs[name]["plain"]["bent"]
        )


def in_another_order(block):
    """Names as a set or a folder may list them."""
    features, groups = read(block)
    return {name: features[name] for name in sorted(features, reverse=bool(block % 2))}, groups


def test_features_are_told_apart_by_name():
    orders = {tuple(in_another_order(block)[0]) for block in range(len(CUTS) - 1)}
    assert len(orders) > 1
    wanted = streamed()
    found = streamed(in_another_order).loc[wanted.index, wanted.columns]
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("change", "local"),
    [("moved", False), ("longer", False), ("drawn anew", False), ("drawn anew", True)],
)
def test_blocks_that_change_between_passes_are_refused(change, local):
    rng, seen = np.random.default_rng(0), []

    def changing(block):
        features, groups = read(block)
        seen.append(block)
        if len(seen) <= len(CUTS):  # the first pass, and a look at the first block
            return features, groups
        if change == "moved":
            return {name: x + 1e-2 * (name == "bent") for name, x in features.items()}, groups
        if change == "longer":
            longer = np.arange(len(groups) + 1) % len(groups)
            return {name: x[longer] for name, x in features.items()}, groups[longer]
        return {name: rng.normal(size=x.shape) for name, x in features.items()}, groups

    n_blocks = len(CUTS) - 1
    with pytest.raises(ValueError, match="other atoms or features when blocks were read again"):
        _ = (
            lumlip.streamed_lfre(changing, n_blocks, tested=FOLDS == 0, n_neighbors=20)
            if local
            else streamed(changing)
        )


def test_a_fold_of_one_group():
    folds = np.where(np.arange(240) == 100, 1, 2 * (np.arange(240) % 3))
    found = lumlip.streamed_table(read, len(CUTS) - 1, folds=folds, n_bootstrap=50)
    np.testing.assert_allclose(found, in_memory(folds), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n_runs", [1, 2, 64])
def test_threads_and_the_number_of_runs_change_no_more_than_rounding(n_runs, monkeypatch):
    monkeypatch.setitem(results.__kwdefaults__, "n_runs", n_runs)
    with ThreadPoolExecutor(2) as pool:
        found = streamed(executor=pool)
    np.testing.assert_allclose(found, streamed(), rtol=1e-12, atol=1e-14)


@pytest.mark.heavy
def test_processes_give_the_same_numbers_and_a_killed_one_loses_nothing(tmp_path):
    spawn = get_context("spawn")  # a fork may inherit locked threads
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        np.testing.assert_allclose(streamed(executor=pool), streamed(), rtol=1e-12, atol=1e-14)
    mark = tmp_path / "killed"
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        found = streamed(partial(read_and_die, mark), executor=pool)
    assert mark.exists()
    np.testing.assert_allclose(found, streamed(), rtol=1e-12, atol=1e-14)


def test_what_an_executor_cancels_is_done_here():
    gate = threading.Event()

    def close():
        while pool._work_queue.qsize() < 3:
            time.sleep(0.01)
        pool.shutdown(wait=False, cancel_futures=True)
        gate.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(gate.wait)
        threading.Thread(target=close).start()
        found = [run.tolist() for run in results(np.copy, 3, pool)]
    assert found == [[0], [1], [2]]


CONSTANT = {"a": LATENT, "b": np.full((len(GROUPS), 3), 0.1, dtype=np.float32)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_blocks": 0}, "n_blocks: got 0, expected 1 or more"),
        ({"folds": FOLDS / 2}, r"folds: got shape \(240,\) of float64, expected \(240,\) of int"),
        ({"folds": FOLDS[:50]}, r"block 1: got groups from .* to .*, expected 0 to 49"),
        ({"read": partial(read, features={})}, "features: got none"),
        ({"read": partial(read, features=CONSTANT)}, "b: got a total standard deviation of 0"),
        ({"read": lambda i: (read(i)[0], [0.5])}, r"block 0: got .* and groups of float64"),
        (
            {"read": lambda i: ({"a": LATENT[:9, : 2 + i]}, GROUPS[:9])},
            r"block 1: got {'a': \(9, 3\)} .* expected {'a': \(9, 2\)} and int",
        ),
    ],
)
def test_bad_input_is_refused(options, message):
    options = {"read": read, "n_blocks": 6, "folds": FOLDS, **options}
    with pytest.raises(ValueError, match=message):
        lumlip.streamed_table(options.pop("read"), options.pop("n_blocks"), **options)


def twice(block):
    return read(4 if block == 1 else block)


def heedless(block):
    """Groups by the number of the block, which the features do not heed."""
    features, groups = read(1)
    return features, 40 * block + groups % 40


def overlapping(block):
    atoms = slice(CUTS[block], CUTS[block + 1] + 200)
    return {name: x[atoms] for name, x in FEATURES.items()}, GROUPS[atoms]


@pytest.mark.parametrize("wrong", [twice, heedless, overlapping])
@pytest.mark.parametrize("local", [False, True])
def test_atoms_that_come_twice_are_refused(wrong, local):
    """Tables of such blocks were wrong without a word."""
    options = {"tested": FOLDS == 0, "n_neighbors": 20} if local else {"folds": FOLDS}
    table = lumlip.streamed_lfre if local else lumlip.streamed_table
    with pytest.raises(ValueError, match=r"read: got atoms of block . in block . again, expected"):
        table(wrong, 6, **options)


def crystals(block):
    """One structure that is a copy, or two of atoms that are all alike."""
    rows = np.random.default_rng(block % 6).normal(size=(4, 2))
    first = (3 * block + 1) // 2
    if block % 2:
        return {"some": rows}, np.full(4, first)
    return {"some": rows[[0] * 4]}, np.repeat([first, first + 1], 2)


def test_copies_and_atoms_that_are_all_alike_may_be_in_many_blocks():
    found = lumlip.streamed_table(crystals, 100, folds=np.arange(150) % 3)
    assert found.loc["some", "some"] < 1e-6


def test_a_forgotten_block_is_missed():
    """Its atoms were left out without a word."""
    with pytest.raises(ValueError, match=r"folds: got 240 groups; of .* in the 5 blocks"):
        lumlip.streamed_table(read, 5, folds=FOLDS)
    options = {"tested": np.arange(240) > 200, "n_neighbors": 20}
    with pytest.raises(ValueError, match=r"tested: got 240 groups; of .* in the 5 blocks"):
        lumlip.streamed_lfre(read, 5, **options)
