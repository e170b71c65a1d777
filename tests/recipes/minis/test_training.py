"""Learning rate and averaged weights."""

import numpy as np
import pytest
import torch

from recipes.minis.training import Ema, cosine, seeded


def test_the_learning_rate_rises_then_falls():
    rates = [cosine(step, 1000) for step in range(1001)]
    top = int(np.argmax(rates))
    assert 50 <= top <= 100
    assert (np.diff(rates[:top]) > 0).all()
    assert (np.diff(rates[top + 1 :]) < 0).all()
    assert rates[-1] == pytest.approx(0.01)


def test_a_short_run_warms_up_within_it():
    assert max(cosine(step, 10) for step in range(10)) > 0.1


def test_the_average_follows_the_weights_and_gives_them_back():
    module = torch.nn.Linear(2, 1, bias=False)
    ema = Ema(module, decay=0.5)
    start = module.weight.detach().clone()
    for target in (1.0, 2.0, 3.0):
        with torch.no_grad():
            module.weight.fill_(target)
        ema.update(module)
    # d_t = min(0.5, (1 + t) / (10 + t)), by hand for t = 1, 2, 3
    expected = start
    for target, d in ((1.0, 2 / 11), (2.0, 3 / 12), (3.0, 4 / 13)):
        expected = d * expected + (1 - d) * target
    with ema.applied(module):
        assert torch.allclose(module.weight, expected)
    assert (module.weight == 3).all()
    ema.copy_to(module)
    assert torch.allclose(module.weight, expected)


def test_a_seed_fixes_all_generators():
    drawn = []
    for _ in range(2):
        rng = seeded(7)
        drawn.append((rng.random(), np.random.random(), float(torch.rand(1))))  # noqa: NPY002
    assert drawn[0] == drawn[1]
