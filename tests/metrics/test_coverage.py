"""How often the 95 % intervals hold the truth, on simulated errors of known distribution.

`coverage` made the tables of book/methods.md, with more simulations than are run here.
"""

import numpy as np
import pytest
from scipy.stats import norm

from lumlip.metrics.cross_fit import cross_fitted_errors
from lumlip.metrics.group_intervals import difference_interval, group_sums, mean_rms_interval
from lumlip.metrics.pointwise import pointwise_errors

#: Root mean square of a structure from a standard normal number, and its mean square.
LAWS = {
    "lognormal, sigma 0.5": (lambda z: np.exp(0.5 * z), np.exp(2 * 0.5**2)),
    "lognormal, sigma 1": (np.exp, np.exp(2)),
    "lognormal, sigma 1.5": (lambda z: np.exp(1.5 * z), np.exp(2 * 1.5**2)),
    # Of squares: finite variance if alpha > 4, finite mean if alpha > 2.
    "Pareto, alpha 5": (lambda z: norm.sf(z) ** (-1 / 5), 5 / 3),
    "Pareto, alpha 3": (lambda z: norm.sf(z) ** (-1 / 3), 3),
}


def draw_sums(law, n_groups, rng, n_series=1, shared=0.5, structures=(1, 6)):
    """Sums of squares (n_series, n_groups) and counts of parents with 1 to 6 structures each.

    Structures have 2 to 40 atoms. Half of the variance of a structure's logarithmic error comes
    from its parent, and a share of that is the same for all series, which are pairs of models.
    """
    sums, counts = np.zeros((n_series, n_groups)), np.zeros(n_groups)
    number = rng.integers(structures[0], structures[1] + 1, size=n_groups)
    weights = np.sqrt([shared / 2, (1 - shared) / 2, 0.5])
    parent, own = rng.normal(size=n_groups), rng.normal(size=sums.shape)
    for k in range(structures[1]):
        atoms = np.where(number > k, rng.integers(2, 41, size=n_groups), 0)
        if law == "normal":
            squares = rng.chisquare(np.maximum(atoms, 1), size=sums.shape)
        else:
            mixed = np.tensordot(weights, [parent + 0 * own, own, rng.normal(size=sums.shape)], 1)
            squares = atoms * LAWS[law][0](mixed) ** 2
        sums += np.where(atoms > 0, squares, 0)
        counts += atoms
    return sums, counts


def true_value(law):
    return 1.0 if law == "normal" else float(np.sqrt(LAWS[law][1]))


def plain_interval(sums, counts, statistic, n_bootstrap, seed):
    """Middle 95 % of the draws: what the chosen intervals are better than."""
    draws = np.random.default_rng(seed).multinomial(
        len(counts), np.full(len(counts), 1 / len(counts)), size=n_bootstrap
    )
    return np.quantile(statistic(np.sqrt(sums @ draws.T / (draws @ counts))), [0.025, 0.975])


def coverage(law, n_groups, what="one", *, n_simulations=400, n_bootstrap=400, structures=(1, 6)):
    """Share of simulations whose interval holds the truth: (plain percentiles, chosen)."""
    rng = np.random.default_rng(n_groups)
    n_series = {"one": 1, "mean": 12, "difference": 12}[what]
    truth = true_value(law)
    held = np.zeros(2)
    for seed in range(n_simulations):
        sums, counts = draw_sums(law, n_groups, rng, n_series, structures=structures)
        settings = {"n_bootstrap": n_bootstrap, "seed": seed}
        if what == "difference":
            # Of six pairs with errors of half the size, to six others.
            expected, statistic = truth / 2, lambda r: r[:6].mean(axis=0) - r[6:].mean(axis=0)
            sums[6:] /= 4
            found = difference_interval(sums[:6], sums[6:], counts, **settings)
        else:
            expected, statistic = truth, lambda r: r.mean(axis=0)
            found = mean_rms_interval(sums, counts, **settings)
        low, high = plain_interval(sums, counts, statistic, n_bootstrap, seed)
        held += [low <= expected <= high, found[1] <= expected <= found[2]]
    return tuple(float(share) for share in held / n_simulations)


#: Least coverage with 40 groups. The squares of the last two have hardly a mean, and no variance.
FLOORS = {
    "lognormal, sigma 0.5": 0.9,
    "lognormal, sigma 1": 0.9,
    "Pareto, alpha 5": 0.9,
    "lognormal, sigma 1.5": 0.8,
    "Pareto, alpha 3": 0.85,
}


@pytest.mark.heavy
@pytest.mark.parametrize("what", ["one", "mean", "difference"])
def test_normal_errors_are_covered(what):
    _, chosen = coverage("normal", 40, what)
    # 400 simulations: 0.95 +- 0.011.
    assert 0.93 <= chosen <= 0.97


@pytest.mark.heavy
@pytest.mark.parametrize("law", FLOORS)
def test_heavy_tails_are_covered(law):
    plain, chosen = coverage(law, 40)
    assert chosen >= FLOORS[law]
    assert chosen > plain + 0.03


@pytest.mark.heavy
def test_widest_lognormal_errors_are_covered_with_100_groups():
    plain, chosen = coverage("lognormal, sigma 1.5", 100)
    assert plain < 0.6
    assert chosen >= 0.9


@pytest.mark.heavy
def test_four_structures_a_parent_are_covered():
    _, chosen = coverage("lognormal, sigma 1", 40, structures=(4, 4))
    assert chosen >= 0.9


@pytest.mark.heavy
@pytest.mark.parametrize("what", ["mean", "difference"])
def test_means_over_pairs_and_their_differences_are_covered(what):
    plain, chosen = coverage("lognormal, sigma 1", 40, what)
    assert chosen >= 0.9
    assert chosen > plain


def random_features(n_groups, maps, rng):
    """Two models, random networks of what the surroundings of an atom are: group, X, Y."""
    n_structures = rng.integers(1, 7, size=n_groups)
    parent = np.repeat(np.arange(n_groups), n_structures)
    structure = np.repeat(np.arange(len(parent)), rng.integers(2, 9, size=len(parent)))
    hidden = rng.normal(size=(n_groups, 6))[parent] + 0.7 * rng.normal(size=(len(parent), 6))
    hidden = hidden[structure] + 0.3 * rng.normal(size=(len(structure), 6))
    return parent[structure], np.tanh(hidden @ maps[0]), np.tanh(hidden @ maps[1])


@pytest.mark.heavy
def test_cross_fitted_errors_are_covered_when_train_sets_are_drawn_anew():
    rng = np.random.default_rng(0)
    maps = 0.6 * rng.normal(size=(2, 6, 10))
    intervals, squares = [], []
    for seed in range(120):
        group, X, Y = random_features(100, maps, rng)
        own = group < 40
        fold = rng.permutation(np.arange(40) % 10)[group[own]]
        errors = cross_fitted_errors({"X": X[own]}, {"Y": Y[own]}, folds=fold)
        sums, counts = group_sums(errors.to_numpy()[0], group[own])
        intervals.append(mean_rms_interval(sums, counts, n_bootstrap=300, seed=seed)[1:])
        # Maps of as many groups, on groups that no map has seen.
        train = own & (group >= 4)
        unseen = pointwise_errors({"X": X}, {"Y": Y}, train=train, test=~own)
        squares.append(np.square(unseen.to_numpy()).mean())
    truth = np.sqrt(np.mean(squares))
    low, high = np.array(intervals).T
    assert np.mean((low <= truth) & (truth <= high)) >= 0.9
