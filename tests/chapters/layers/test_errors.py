"""Backbone against last layer on made-up models with known answers."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from chapters.layers import claims as knows_more
from chapters.layers import errors as layers
from chapters.layers import intervals
from chapters.layers import tables as layer_reports
from chapters.layers import words as layer_words
from chapters.layers.study import LayerStudy, kinds_of
from chapters.shared.studies import studies_of
from lumlip.book.findings import Claim
from lumlip.errors import NothingLeftError
from lumlip.extraction.panel import Panel, panel_if_any
from lumlip.metrics.probes import ProbeScore
from lumlip.metrics.reconstruction import gfre

N_STRUCTURES, PER = 80, 5


def dataset(seed, n_backbone, head):
    rng = np.random.default_rng(seed)
    backbone = rng.normal(size=(N_STRUCTURES * PER, n_backbone))
    structure = np.repeat(np.arange(N_STRUCTURES), PER)
    return xr.Dataset(
        {
            "backbone": (("atom", "backbone_channel"), backbone),
            "last_layer": (("atom", "last_layer_channel"), head(backbone)),
            "energy": ("structure", rng.normal(size=N_STRUCTURES)),
        },
        coords={
            "structure": ("atom", structure),
            "atomic_number": ("atom", rng.choice([1, 8], size=len(structure))),
            "subset": ("structure", np.repeat(["a", "b"], N_STRUCTURES // 2)),
        },
    )


@pytest.fixture(scope="module")
def panel():
    """A linear head that drops half of the channels, a nonlinear one, an equally wide one."""
    return Panel(
        [],
        {
            "sevennet-0": dataset(0, 8, lambda x: x[:, :4]),
            "chgnet-0.3.0": dataset(1, 6, lambda x: np.maximum(x, 0)),
            "mace-mini-untrained": dataset(2, 4, lambda x: np.hstack([x, x**2])),
        },
    )


@pytest.fixture(scope="module")
def study(panel):
    return LayerStudy.of(panel, controls=["mace-mini-untrained"], n_test=75)


def test_blocks_are_the_errors_of_single_pairs(panel, study):
    options = {"train": study.train, "test": study.test}
    table = intervals.root_mean_square(study.tables["backbone", "last_layer"])
    wanted = gfre(
        panel.layer("backbone")["chgnet-0.3.0"], panel.layer("last_layer")["sevennet-0"], **options
    )
    assert float(table.sel(source="chgnet-0.3.0", target="sevennet-0")) == pytest.approx(wanted)


def test_linear_head_is_rebuilt_and_half_of_its_backbone_is_not(study):
    found = intervals.root_mean_square(study.within).sel(model="sevennet-0")
    assert float(found.sel(direction="forth")) < 1e-6
    assert float(found.sel(direction="back")) == pytest.approx(np.sqrt(0.5), abs=0.08)
    assert knows_more.nonlinear(study.within) == ["chgnet-0.3.0", "mace-mini-untrained"]


def test_both_ways_of_computing_within_agree(panel, study):
    both = (panel.layer(name) for name in ("backbone", "last_layer"))
    direct = layers.back_and_forth(*both, train=study.train, test=study.test)
    xr.testing.assert_allclose(direct, study.within, atol=1e-8)


def test_controls_are_within_and_nowhere_else(study):
    assert list(study.within["model"].values)[-1] == "mace-mini-untrained"
    assert study.models == ["sevennet-0", "chgnet-0.3.0"]
    assert study.tables["backbone", "backbone"].shape == (2, 2, len(study.test))
    assert study.wider == ["sevennet-0"]


def test_only_models_of_unequal_widths_are_cut(study):
    cut = study.cut("random")
    assert list(cut["model"].values) == ["sevennet-0", "mace-mini-untrained"]
    rms = intervals.root_mean_square(cut).sel(model="sevennet-0")
    # four random of eight directions: each holds half of the other
    assert float(rms.sel(direction="forth")) == pytest.approx(np.sqrt(0.5), abs=0.15)
    even = {"m": np.random.default_rng(0).normal(size=(50, 3))}
    options = {"train": range(40), "test": range(40, 50)}
    assert layers.cut_to_one_width(even, even, how="pca", **options) is None


def test_local_errors_on_a_part_of_the_test_atoms(study):
    local = study.local(n_neighbors=16, every=5)
    assert local.shape == (2, 3, len(study.test[::5]))


def test_spectra_and_stripped_targets(study):
    spectra = layer_reports.spectra(study)
    assert spectra.loc["sevennet-0", "backbone"] == pytest.approx(8, abs=0.5)
    assert spectra.loc["sevennet-0", "last_layer"] == pytest.approx(4, abs=0.3)
    table = layer_reports.stripped(study, [0, 1], n_bootstrap=20)
    assert list(table["directions"]) == [0, 0, 1, 1]
    assert table["typical"].between(0.5, 1.5).all()
    zero = table[table["directions"] == 0].set_index("layer")
    backbone, last = (
        intervals.root_mean_square(study.tables[x, x]).to_numpy()[study.pairs].mean()
        for x in ("backbone", "last_layer")
    )
    assert zero["value"].to_dict() == pytest.approx({"backbone": backbone, "last_layer": last})
    assert zero["above"].iloc[0] == pytest.approx(last - backbone)


def test_difference_has_an_interval_and_shares_its_draws():
    rng = np.random.default_rng(0)
    errors = rng.random((3, 200)) + 1
    groups = np.arange(200) // 4
    value, low, high = intervals.difference_with_interval(
        errors + 0.5, errors, groups=groups, n_bootstrap=200
    )
    assert low <= value <= high
    assert value == pytest.approx(0.5, abs=0.02)
    assert high - low < 0.02
    empty = np.empty((0, 200))
    assert np.isnan(intervals.difference_with_interval(empty, errors, groups=groups)).all()


def test_rows_have_intervals(study):
    rows = intervals.rms_rows(study.within.sel(direction="back"), study.groups, n_bootstrap=50)
    assert list(rows.index) == list(study.within["model"].values)
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()


def test_equal_weights_and_widths_leave_no_asymmetry():
    # what the page says of canonical correlations
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=(20_000, 2))
    backbone, last_layer = drawn * [10, 1], np.c_[np.sign(drawn[:, 0]), 10 * drawn[:, 1]]
    white = {}
    for name, X in {"backbone": backbone, "last_layer": last_layer}.items():
        centered = X - X.mean(axis=0)
        white[name] = centered @ np.linalg.inv(np.linalg.cholesky(np.cov(centered.T))).T
    split = {"train": np.arange(19_000), "test": np.arange(19_000, 20_000)}
    forth, back = (gfre(white[a], white[b], **split) for a, b in layers.DIRECTIONS.values())
    assert forth == pytest.approx(back, abs=0.01)
    assert abs(gfre(backbone, last_layer, **split) - gfre(last_layer, backbone, **split)) > 0.4


def test_fewer_atoms_than_channels():
    rng = np.random.default_rng(0)
    wide, narrow = {"m": rng.normal(size=(30, 60))}, {"m": rng.normal(size=(30, 40))}
    cut = layers.cut_to_one_width(wide, narrow, how="pca", train=range(25), test=range(25, 30))
    assert np.isfinite(cut).all()


def test_studies_leave_out_what_cannot_be_run(monkeypatch, panel, capsys):
    def fake(models, *_args, **_options):
        return panel if "sevennet-0" in models else None

    monkeypatch.setattr("lumlip.extraction.panel.panel_if_any", fake)
    named = {"real": ["sevennet-0"], "minis": []}
    studies = studies_of(
        LayerStudy.of, named, "mini-mad", controls=["mace-mini-untrained"], n_test=75
    )
    assert list(studies) == ["real"]
    assert "minis: nothing to study" in capsys.readouterr().out
    assert kinds_of(studies) == {
        "sevennet-0": "published model",
        "chgnet-0.3.0": "published model",
        "mace-mini-untrained": "untrained twin",
    }
    with pytest.raises(ValueError, match="expected a model that can be run"):
        studies_of(LayerStudy.of, {"real": []}, "mini-mad")
    with pytest.raises(ValueError, match="expected a model that can be run"):  # controls alone
        studies_of(LayerStudy.of, named, "mini-mad", controls=list(panel.datasets))


def test_no_models_no_panel(monkeypatch):
    assert panel_if_any([], "mini-mad") is None
    refusals = [NothingLeftError("no structure suits all of the models: frame 0")]
    reasons = iter([*refusals, ValueError("got a model twice")])

    def refuse(*_args, **_options):
        raise next(reasons)

    monkeypatch.setattr("lumlip.extraction.panel.panel", refuse)
    assert panel_if_any(["sevennet-0"], "mini-mad") is None
    with pytest.raises(ValueError, match="twice"):
        panel_if_any(["sevennet-0"], "mini-mad")


def claims_of(study):
    return knows_more.claims(study, n_bootstrap=50)


def test_claims_leave_linear_heads_and_controls_out(study):
    first, second, third = claims_of(study)
    rms = intervals.root_mean_square(study.within).sel(model="chgnet-0.3.0")
    assert first.value == pytest.approx(float(rms.sel(direction="back") - rms[0]))
    assert second.low <= second.value <= second.high
    cut = intervals.root_mean_square(study.cut("pca")).sel(model="sevennet-0")
    assert third.value == pytest.approx(float(cut.sel(direction="back") - cut[0]))


def test_claims_without_models_are_not_tested(panel):
    alone = Panel([], {"sevennet-0": panel.datasets["sevennet-0"]})
    first, second, third = claims_of(LayerStudy.of(alone, n_test=75))
    assert np.isnan([first.value, second.value]).all()
    assert np.isfinite(third.value)


def test_reports_have_a_row_per_model_and_per_pair_of_layers(study):
    local = study.local(n_neighbors=16, every=5)
    table = layer_reports.within_table(study, local, every=5, n_bootstrap=20)
    assert list(table.index) == ["sevennet-0", "chgnet-0.3.0", "mace-mini-untrained"]
    assert table.loc["sevennet-0", "GFRE forth"] == "0.00 (0.00 to 0.00)"
    assert table.loc["sevennet-0", "backbone channels"] == 8
    between = layer_reports.between_families(study, n_bootstrap=20)
    assert between.shape == (4, 3)
    assert between["value"].notna().all()


@pytest.fixture
def one_family(panel):
    return LayerStudy.of(Panel([], {"sevennet-0": panel.datasets["sevennet-0"]}), n_test=75)


def test_one_family_has_nothing_between(one_family):
    assert layer_reports.between_families(one_family)["value"].isna().all()
    assert layer_reports.stripped(one_family, [0, 1]).empty


def test_sentences_with_everything(study):
    studies = {"real": study}
    tables = {"real": layer_reports.between_families(study, n_bootstrap=20)}
    stripped = layer_reports.stripped(study, [0, 1], n_bootstrap=20)
    spectra = layer_reports.spectra(study)
    assert layer_words.within(studies).startswith("Within a model whose head is not linear")
    assert " for 1 published model (" in layer_words.within(studies)
    assert "a single direction holds" in layer_words.content({"real": spectra}, {})
    assert "on average; the energy" in layer_words.leading(spectra, "minis")
    assert "the local map" in layer_words.local(studies, {"real": study.local(n_neighbors=16)})
    claims = {"real": claims_of(study)}
    for low, high, words in (
        (0.1, 0.2, "agree better than"),
        (-0.2, -0.1, "agree worse than"),
        (-0.1, 0.1, "agree like"),
    ):
        second = Claim("", 0.0, low, high, bound=0.0)
        assert words in layer_words.between(tables, {"real": [second, second]})
    assert "For 1 published model whose" in layer_words.cut(claims, studies)
    assert "from backbones" in layer_words.cross(tables)
    assert "without the leading direction" in layer_words.stripped(stripped, "minis")
    assert layer_words.number_of(claims, "real", 0).count("+") >= 1
    assert " and " in layer_words.pair_of(tables, "real")


def test_sentences_with_nothing(one_family):
    studies = {"real": one_family}
    tables = {"real": layer_reports.between_families(one_family)}
    assert "no model with" in layer_words.within(studies)
    assert "no models of" in layer_words.between(tables, {})
    assert "no model with" in layer_words.local(studies, {})
    assert "no models of" in layer_words.cross(tables)
    assert layer_words.why(None) == ""
    assert "no minis of" in layer_words.stripped(None, "minis")
    assert "no untrained twins" in layer_words.twins(None, ["mace-mini-untrained"])
    assert "no probes" in layer_words.probes({}, ["sevennet-0"], "minis")
    assert "no probes" in layer_words.training({}, ["mace-mini-untrained"])
    assert layer_words.number_of({}, "real", 0) == "not known from this run"
    assert layer_words.pair_of(tables, "real") == "not known from this run"


def test_contradiction_is_explained_only_if_the_check_explains_it():
    numbers = {"above": [-0.1, 0.1], "above_low": [-0.2, 0.05], "above_high": [-0.05, 0.2]}
    layer = ["backbone", "last_layer"] * 2
    table = pd.DataFrame({"directions": [0, 1], **numbers}).iloc[[0, 0, 1, 1]]
    table = table.assign(layer=layer, typical=[0.5, 0.4, 0.5, 0.6])
    assert "The check" in layer_words.why(table)
    assert "does not turn it around" in layer_words.why(table.assign(above_low=-0.1))
    assert layer_words.why(table.assign(above_high=0.2)) == ""


def test_twins_need_their_trained_models(study):
    assert "no untrained twins" in layer_words.twins(study, ["mace-mini-untrained"])


def test_training_and_gains_are_read_off_scores():
    def score(value):
        return ProbeScore(value, value, value, (value,), np.full(3, value))

    scores = {
        (model, layer, "force magnitude"): score(value)
        for model, values in {"m": (0.3, 0.5), "m-untrained": (0.1, 0.0)}.items()
        for layer, value in zip(("backbone", "last_layer"), values, strict=True)
    }
    assert "force magnitude 0.10 and 0.30" in layer_words.training(scores, ["m-untrained"])
    assert "m (force magnitude)" in layer_words.gains(scores)
    assert "No last layer" in layer_words.gains(scores, controls=["m"])
    assert "force magnitude 0.30 and 0.50" in layer_words.probes(scores, ["m"], "minis")
