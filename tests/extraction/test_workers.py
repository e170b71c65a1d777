"""What is made of a worker that was killed in the middle of a batch."""

import json

import pytest

from lumlip.extraction.workers import _without_killers

pytestmark = pytest.mark.faults


def deaths(folder, dying, batches):
    """Let a worker die in every batch with one of some frames; return what is left out."""
    order = {"killers": [], "last": []}
    (folder / "job.json").write_text(json.dumps(order))
    facts, done, n_deaths = {}, set(), 0
    while True:
        order = json.loads((folder / "job.json").read_text())
        later = {i for b in order["last"] for i in b}
        left = [*([i for i in b if i not in later] for b in batches), *order["last"]]
        left = [[i for i in b if i not in {*done, *order["killers"]}] for b in left]
        hit = next((b for b in left if b and dying & set(b)), None)
        done |= {i for b in left[: left.index(hit) if hit else None] for i in b}
        if hit is None:
            return facts.get("killers", {}), done, n_deaths
        facts["begin"], n_deaths = {"frames": hit}, n_deaths + 1
        if not _without_killers(folder, facts):
            return None, done, n_deaths


def test_one_frame_is_found_by_halving_and_the_others_are_done(tmp_path):
    killers, done, n_deaths = deaths(tmp_path, {5}, [list(range(8)), [8, 9]])
    assert list(killers) == [5]
    assert done == set(range(10)) - {5}
    assert n_deaths == 4  # of 8, 4, 2 and 1


def test_a_frame_alone_is_tried_twice(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps({"killers": [], "last": []}))
    facts = {"begin": {"frames": [3]}}
    assert _without_killers(tmp_path, facts)
    assert not facts["killers"]
    assert [3] in json.loads((tmp_path / "job.json").read_text())["last"]
    assert _without_killers(tmp_path, facts | {"begin": {"frames": [3]}})
    assert json.loads((tmp_path / "job.json").read_text())["killers"] == [3]


@pytest.mark.parametrize("size", [1, 2, 30])
def test_a_worker_that_always_dies_is_given_up(tmp_path, size):
    batches = [list(range(i, i + size)) for i in range(0, 300, size)]
    killers, done, n_deaths = deaths(tmp_path, set(range(300)), batches)
    assert killers is None
    assert not done
    assert n_deaths < 40


def test_a_worker_that_dies_before_any_batch_is_not_started_again(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps({"killers": [], "last": []}))
    assert not _without_killers(tmp_path, {})
