"""Cumulants, order by order, on made-up models with known answers."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from chapters.cumulants import claims, imitation_tests, maps, probing, words
from chapters.cumulants import facts as order_facts
from chapters.cumulants import tables as order_reports
from chapters.cumulants.study import OrderStudy, curves
from chapters.cumulants.targets import MIX, SUBSET
from lumlip.extraction.panel import Panel, as_samples
from lumlip.metrics.probe_targets import ENERGY, VOLUME
from lumlip.metrics.probes import ProbeScore
from lumlip.zoo.relations import first_of_families

N, PER = 120, 4
OPTIONS = {"n_bootstrap": 60, "seed": 0}


def dataset(seed, *, spread_from_mean):
    """Atoms at mean +- spread: order 2 holds the spread, the higher ones repeat it or are zero."""
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=(N, 3))
    spread = np.abs(mean) if spread_from_mean else rng.uniform(1, 3, size=(N, 3))
    mean = np.abs(mean) if spread_from_mean else mean
    signs = np.tile([-1.0, -1, 1, 1], N)[:, None]
    features = np.repeat(mean, PER, axis=0) + signs * np.repeat(spread, PER, axis=0)
    return xr.Dataset(
        {
            "last_layer": (("atom", "last_layer_channel"), features),
            "backbone": (("atom", "backbone_channel"), features[:, :2]),
            "energy": ("structure", PER * mean[:, 0]),
        },
        coords={
            "structure": ("atom", np.repeat(np.arange(N), PER)),
            "atomic_number": ("atom", np.full(N * PER, 29)),
            "subset": ("structure", np.where(spread[:, 0] > 2, "wide", "narrow")),
            "parent": ("structure", np.array([f"p{i // 2}" for i in range(N)])),
        },
    )


@pytest.fixture(scope="module")
def panel():
    data = {
        "sevennet-0": dataset(0, spread_from_mean=False),
        "chgnet-0.3.0": dataset(1, spread_from_mean=True),
    }
    subset = data["sevennet-0"]["subset"].to_numpy()
    cell = 4 * np.eye(3)
    frames = [
        Atoms("Cu4", positions=np.diag([0, 1, 2, 3])[:, :3] * 0.9, cell=cell, info={"subset": s})
        for s in subset
    ]
    return Panel(frames, data)


@pytest.fixture(scope="module")
def study(panel):
    return OrderStudy.of(panel, order=5, n_test=24)


def test_test_structures_are_whole_families_and_at_most_a_fifth(study):
    assert not set(study.groups[study.train]) & set(study.groups[study.test])
    assert 24 <= len(study.test) <= 26  # drawn by subset, in whole groups
    assert len(np.unique(study.groups)) == N // 2


def test_kinds_of_splits(panel):
    assert len(set(as_samples(panel, by="structure")["parent"].values)) == N
    assert set(as_samples(panel, by="composition")["parent"].values) == {"29:1"}
    with pytest.raises(ValueError, match="expected one of: parent, composition, structure"):
        as_samples(panel, by="atom")
    with pytest.raises(ValueError, match="order: got 9, expected 2 to 8"):
        OrderStudy.of(panel, order=9)


def test_spread_that_the_mean_knows_is_rebuilt_and_others_not(study):
    errors = study.from_mean()
    assert dict(errors.sizes) == {"model": 2, "order": 4, "structure": len(study.test)}
    found = order_reports.values_of(errors)
    assert found.sel(model="chgnet-0.3.0").max() < 1e-6
    F, train, test = study.features["sevennet-0"], study.train, study.test
    unit = F[train, :6].var(axis=0).sum()
    alone = np.square(F[test, 3:6] - F[train, 3:6].mean(axis=0)).sum(axis=1).mean() / unit
    assert found.sel(model="sevennet-0", order=2) == pytest.approx(np.sqrt(alone), rel=0.05)


def test_orders_that_repeat_the_second_add_nothing(study):
    steps = order_reports.values_of(study.steps())
    assert list(steps["order"].to_numpy()) == [1, 2, 3, 4]
    assert steps.sel(model="sevennet-0", order=1) > 0.3
    assert steps.sel(order=[2, 3, 4]).max() < 1e-6
    assert claims.smallest_step(study.steps(), study, **OPTIONS)[0] < 1e-6


def test_a_change_of_the_features_comes_first(study):
    doubled = study.from_mean(lambda F: 2 * F)
    assert doubled.to_numpy() == pytest.approx(study.from_mean().to_numpy(), abs=1e-9)


def test_draws_take_whole_groups(study):
    errors = study.from_mean()
    values, draws = curves(errors, study.groups, n_bootstrap=7)
    assert draws.shape == (2, 4, 7)
    assert values.to_numpy() == pytest.approx(np.sqrt((errors**2).mean("structure").to_numpy()))
    curve = claims.mean_curve(errors, study, **OPTIONS)
    assert list(curve) == [2, 3, 4, 5]
    for value, low, high in curve.values():
        assert low <= value <= high


def score(value):
    draws = np.array([value - 0.01, value + 0.01])
    return ProbeScore(value, value - 0.01, value + 0.01, (value,), draws)


def scores_of(**values):
    """Scores of one model for the subset, by way of pooling."""
    return {("m", way.replace("_", " "), SUBSET): score(v) for way, v in values.items()}


def test_claims_and_what_they_hang_on(study):
    errors = study.from_mean(), study.steps()
    gained = scores_of(mean=0.5, cumulants_up_to_5=0.6)
    found = claims.claims(study, *errors, gained, **OPTIONS)
    assert [claim.holds for claim in found] == [False, False, True]
    assert found[2].value == pytest.approx(0.1)
    assert len(claims.claims(study, *errors, {}, **OPTIONS)) == 2
    assert claims.claims(None, None, None, gained) == []


def test_tables_say_what_was_counted(study):
    contents = order_reports.contents(study)
    assert contents["structures"].sum() == N
    assert contents["test"].sum() == len(study.test)
    assert contents["one atom"].sum() == 0
    curve = claims.mean_curve(study.from_mean(), study, **OPTIONS)
    steps = claims.mean_curve(study.steps(), study, **OPTIONS)
    both = {"real": {order_reports.FROM_MEAN: curve, order_reports.STEP: steps}}
    table = order_reports.order_table(both, 5)
    assert table.loc[4, ("order 1 → K", "paper: PET-MAD")] == "0.600"
    assert table.loc[1, ("order 1 → K", "here: real")] == ""
    assert table.loc[5, ("K → K + 1", "here: real")] == ""
    agreement = words.agreement(both["real"], 5)
    assert agreement.startswith("The two numbers from the mean differ. The order that adds least")


def test_tables_between_models(study):
    table, mean = order_reports.families_apart(study, 1, **OPTIONS)
    assert list(table.index) == study.models
    assert mean[0] == pytest.approx(table.to_numpy()[~np.eye(2, dtype=bool)].mean())
    one = OrderStudy.of(
        Panel(study.panel.structures, {"sevennet-0": study.panel.datasets["sevennet-0"]})
    )
    assert np.isnan(order_reports.families_apart(one, 1, **OPTIONS)[1]).all()
    text = words.between_families({1: (0.5,) * 3, 8: (np.nan,) * 3}, 8)
    assert text["cross_sentence"] == "This run has no two models."


def test_kappa_table_and_its_sentence(study):
    without = order_reports.kappa_table(study, **OPTIONS)
    assert without.loc["κ₈ of a distribution with variance 1: normal"].tolist() == ["0", "420"]
    assert words.formulas(without) == "This run stops at a lower order."
    whole = OrderStudy.of(study.panel, order=8, n_test=24)
    assert "changes only little" in words.formulas(order_reports.kappa_table(whole, **OPTIONS))


def test_a_bent_function_of_the_mean_is_found_by_cosines(study):
    lost = float(order_reports.values_of(study.from_mean()).sel(order=5).mean())
    assert order_reports.from_widened_mean(study) == pytest.approx(lost, abs=0.1)
    assert words.bent(0.8, 0.82).startswith("Nor is it all there but curved")
    assert words.bent(0.8, 0.5).startswith("A part is there")


def test_paper_numbers():
    assert order_reports.paper_value(8) == 0.804
    assert np.isnan(order_reports.paper_value(9))
    assert order_reports.paper_between() == pytest.approx(0.866, abs=0.001)


def test_first_of_families_prefers_the_minis_teacher():
    models = ["chgnet-r2scan", "sevennet-l3i5", "sevennet-0", "chgnet-0.3.0"]
    assert first_of_families(models) == ["chgnet-r2scan", "sevennet-0"]
    assert first_of_families(models[:2]) == models[:2]


def test_tasks_of_a_study(study):
    scores = probing.probe_scores(study, full=["sevennet-0"], **OPTIONS)
    # The subset is the spread: the mean does not know it, the standard deviation does.
    assert scores["sevennet-0", "mean", SUBSET].value < 0.7
    assert scores["sevennet-0", "mean and std", SUBSET].value > 0.9
    assert ("sevennet-0", "sum", SUBSET) in scores
    assert ("chgnet-0.3.0", "sum", SUBSET) not in scores
    assert ("chgnet-0.3.0", "mean", SUBSET) in scores
    tables = probing.score_tables(scores, ["sevennet-0"])
    assert list(tables[SUBSET].columns) == ["baseline", "sevennet-0"]
    assert VOLUME not in tables  # all alike


def test_side_by_side_keeps_the_order():
    assert probing.side_by_side(lambda x: x**2, range(5)) == [0, 1, 4, 9, 16]


def test_imitations_fool_the_mean_and_no_more(study):
    found = imitation_tests.fool(study, ["sevennet-0"], n=40, n_bootstrap=50)
    one = found["sevennet-0"]
    assert (one.made.distance < 0.01).mean() > 0.5
    assert one.scores[1].value == pytest.approx(0.5, abs=0.1)
    assert one.scores[2].low > 0.6
    assert one.distances.shape == (40, 5)
    assert one.others > 0.1
    value, low, high = imitation_tests.mean_accuracy(found, 2)
    assert low <= value <= high
    example = imitation_tests.most_striking(one, n_parts=N)
    assert one.made.distance[example] < 0.01
    assert imitation_tests.most_striking(one, n_parts=0) == one.made.distance.argmin()
    assert "for models of other families" in words.seen_by_others(found)
    facts = order_facts.fooled_facts(study, found)
    assert facts["example"].startswith("Cu4 (")
    assert len(imitation_tests.example_table(study, one)) >= 1


def test_maps_explain_what_they_were_asked_for(study):
    drawn = maps.order_maps(study, "sevennet-0")
    assert {order: xy.shape for order, xy in drawn.points.items()} == {1: (N, 2), 5: (N, 2)}
    assert drawn.new[1] > 0.5  # the energy is linear in the mean
    facts = order_facts.map_facts(drawn, drawn)
    assert facts["map_first"] == pytest.approx(100 * drawn.new[1])
    assert min(facts.values()) >= 0


def test_viewer_of_maps(study, tmp_path):
    drawn = maps.order_maps(study, "sevennet-0")
    maps.write_map_viewer(tmp_path / "v.json", study, drawn, every=40)
    text = (tmp_path / "v.json").read_text()
    for name in ("averages, axis 1", "all orders, axis 2", "energy beyond composition"):
        assert name in text


def test_facts_of_a_study(study):
    curve = claims.mean_curve(study.from_mean(), study, **OPTIONS)
    steps = claims.mean_curve(study.steps(), study, **OPTIONS)
    both = {order_reports.FROM_MEAN: curve, order_reports.STEP: steps}
    facts = order_facts.study_facts(study, both, {})
    assert facts["n_models"] == "2 models"
    assert facts["lost"] == curve[5][0]
    assert facts["gains_sentence"] == "This run has no property to predict."
    lines = {
        "one": np.array([0.2, 0.4]),
        "equal": np.array([0.5, 0.6]),
        "none": np.array([0.3, 0.7]),
    }
    found = order_facts.scaling_facts(np.array([[0.5, 0.2, 0.3]]), lines)
    assert found["first_share"] == 50
    assert found["high_share"] == pytest.approx(50)
    assert found["bound"] == 0.7
    assert found["scaling_sentence"] == "That the error grows with every order holds with both."


def test_sentences_on_targets():
    scores = scores_of(mean=0.5, mean_and_std=0.6, cumulants_up_to_8=0.5)
    scores |= {("m", "mean", VOLUME): score(0.4), ("m", "cumulants up to 8", VOLUME): score(0.2)}
    scores |= {("m", "mean", MIX): score(0.1), ("m", "cumulants up to 8", MIX): score(0.3)}
    scores["baseline", "composition", VOLUME] = score(0.7)
    assert words.gains(scores, "cumulants up to 8", instead="all") == (
        "With all in the place of the mean, the score rises for the spread of coordination numbers "
        "(+0.20, +0.20 to +0.20), falls for the volume per atom (-0.20, -0.20 to -0.20), and does "
        "not clearly change for the subset (+0.00, +0.00 to +0.00)."
    )
    assert "changes the accuracy by +0.10" in words.useful(scores, 8)
    assert words.useful({}, 8).startswith("This run has no subsets")
    assert words.against_composition(scores) == (
        "The composition alone does better than every way of pooling for the volume per atom "
        "(for 1 of 1 model)."
    )
    assert ENERGY in words.CALLED
