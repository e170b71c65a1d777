"""Names of devices: those that torch has here are taken, all others refused in one line."""

import pytest
import torch

from lumlip.choices import DEVICES, check_choice
from lumlip.metrics._device import resolve_device
from lumlip.runtime.devices import available


@pytest.fixture
def machine(monkeypatch):
    """A machine with two GPUs and a Mac's; torch is not asked to use them."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0", "cuda:1", "mps"])
def test_a_device_that_is_there_is_taken(name, machine):
    assert available(name) == name
    assert available("auto") == "cuda"


@pytest.mark.parametrize("name", ["cuda:2", "cuda:10"])
def test_a_gpu_beyond_those_here_is_refused(name, machine):
    with pytest.raises(ValueError, match=f"^got device '{name}', but torch .* sees 2 cuda here$"):
        available(name)


@pytest.mark.parametrize(
    "name", ["tpu", "cuda:", "cuda:N", "cuda:-1", "cpu:0", "mps:1", "", "0", None]
)
def test_what_is_no_device_is_refused_with_the_known_names(name):
    with pytest.raises(ValueError, match=r"^got device .*: auto, cpu, cuda, cuda:N, mps$"):
        available(name)
    with pytest.raises(ValueError, match="got device"):
        check_choice("device", name, DEVICES)


def test_what_torch_does_not_have_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for name in ("cuda", "cuda:0", "mps"):
        with pytest.raises(ValueError, match=f"got device '{name}', but torch .* sees no"):
            available(name)


def test_metrics_need_double_precision(machine):
    assert resolve_device("mps").type == "cpu"
    assert resolve_device("cuda:1") == torch.device("cuda:1")
