"""Steps in order of depth, and the stages at which models are compared."""

import pytest

from chapters.depth.paths import STAGES, depth_path, stages


def test_path_leads_from_the_embedding_to_the_last_layer(panel):
    path = depth_path(panel.datasets["chgnet-0.3.0"])
    assert list(path) == ["embedding", *(f"interaction_{i}" for i in (1, 2, 3)), "last_layer"]
    assert [X.shape[1] for X in path.values()] == [3, 5, 6, 3, 2]


def test_data_set_without_layers_is_refused(panel):
    dataset = panel.datasets["chgnet-0.3.0"]
    bare = dataset.drop_vars([name for name in dataset.data_vars if name.startswith("layer_")])
    with pytest.raises(ValueError, match="layers=True"):
        depth_path(bare)


@pytest.mark.parametrize(("n", "middle"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_middle_is_half_way(n, middle):
    steps = ["embedding", *(f"interaction_{i + 1}" for i in range(n)), "last_layer"]
    found = stages(steps)
    assert list(found) == list(STAGES)
    assert found["middle"] == f"interaction_{middle}"
    assert (found["first"], found["last"]) == ("interaction_1", f"interaction_{n}")


def test_edges_of_uma_are_a_step_of_their_own():
    steps = ["embedding", "edges", "interaction_1", "interaction_2", "last_layer"]
    assert list(stages(steps).values()) == [
        "embedding", "edges", "interaction_1", "interaction_2", "last_layer",
    ]  # fmt: skip
