"""Where a mixture of experts sends structures: numbers and figures."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from chapters.variants import routing
from lumlip.extraction.panel import Panel
from tests.artists import rows, texts


def mixture(shift=0.0):
    """Three structures of lithium or fluorine and two experts, one for each."""
    coefficients = np.repeat([[0.9, 0.1], [0.2, 0.8]], 3, axis=0) + np.array([shift, -shift])
    return xr.Dataset(
        {"routing": (("structure", "routing_channel"), coefficients)},
        coords={
            "structure": ("atom", np.arange(6)),
            "atomic_number": ("atom", [3] * 3 + [9] * 3),
            "subset": ("structure", ["salt"] * 3 + ["gas"] * 3),
        },
    )


def test_routing_by_element_and_subset():
    values = routing.by_element(mixture())
    assert values.loc[3].tolist() == pytest.approx([0.9, 0.1])
    assert routing.by_subset(mixture()).loc["gas"].tolist() == pytest.approx([0.2, 0.8])
    assert routing.spread(mixture()) == pytest.approx(0.35 * np.sqrt(2))
    assert routing.shift(mixture(), mixture(0.1)) == pytest.approx(0.1 * np.sqrt(2))
    assert routing.by_element(mixture().isel(structure=slice(2), atom=slice(2))).empty


def test_mixtures_are_whole_tasks_of_one_model():
    names = ["mace-mini", "uma-mini@omat", "uma-mini@expert:0", "uma-mini-untrained@omat"]
    datasets = {name: mixture() for name in names}
    datasets["mace-mini"] = datasets["mace-mini"].drop_vars("routing")
    assert list(routing.mixtures([None, Panel([], datasets)])) == ["uma-mini@omat"]
    assert routing.mixtures([None]) == {}


def test_maps_have_a_periodic_table_per_expert_and_a_table_per_task():
    figure = Figure(layout="constrained")
    tasks = {"uma-mini@omat": mixture(), "uma-mini@omol": mixture(0.1)}
    routing.routing_figure(figure, tasks)
    figure.draw_without_rendering()
    first, second, bar, of_first, of_second = figure.axes
    for expert, (ax, lithium, fluorine) in enumerate([(first, 0.9, 0.2), (second, 0.1, 0.8)]):
        assert texts(ax.texts)[-1] == f"expert {expert}"
        shade = {
            t.get_text(): p.get_facecolor() for t, p in zip(ax.texts, ax.patches, strict=False)
        }
        bright = {name: sum(shade[name][:3]) for name in ("Li", "F")}
        assert (bright["Li"] < bright["F"]) == (lithium > fluorine)  # dark: a large coefficient
        assert to_hex(shade["H"]) == "#eeeeee"  # in no structure
    assert bar.get_ylabel() == "coefficient"
    assert rows(of_first) == ["gas", "salt"]
    assert texts(of_first.texts) == ["0.20", "0.80", "0.90", "0.10"]
    assert texts(of_second.texts) == ["0.30", "0.70", "1.00", "0.00"]
    assert of_second.get_xlabel() == "expert, uma-mini@omol"
    assert of_first.collections[0].get_clim() == of_second.collections[0].get_clim() == (0, 1)


def test_a_run_without_a_mixture_says_so():
    routing.routing_figure(figure := Figure(), {})
    assert texts(figure.texts) == ["no mixture of experts in this run"]
