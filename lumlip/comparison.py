"""Compare models in one call: features, split, table with intervals, csv and heat map."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms

from lumlip.array_types import BoolArray, FloatArray, IntArray
from lumlip.choices import (
    ANY_LAYER,
    FEWEST_DRAWS,
    METRICS,
    PROTOCOLS,
    SPLITS,
    check_choice,
    check_count,
)
from lumlip.datasets.validation import concerns
from lumlip.extraction.panel import Panel, panel
from lumlip.metrics._device import resolve_device
from lumlip.metrics._input import as_features
from lumlip.metrics._neighbors import nearest_train_atoms
from lumlip.metrics._protocol import BROKEN, LARGEST_MAP, LARGEST_WEIGHTS, ROBUST
from lumlip.metrics._scaling import scale
from lumlip.metrics.reconstruction import neighborhood_size
from lumlip.metrics.splits import _groups, split
from lumlip.metrics.tables import LARGE_SHARE, reconstruction_table
from lumlip.runtime.environments import say
from lumlip.runtime.paths import ensured, refuse_existing

_PAPER_TEST_ATOMS = 1000
#: Errors up to here are the rounding of features in single precision.
EXACT = 1e-5
#: What `Comparison.save` writes.
FILES = ("table.csv", "intervals.csv", "settings.json", "heatmap.png")


@dataclass(frozen=True)
class Comparison:
    """A table of reconstruction errors, rows = source, columns = target, and how it was made."""

    table: pd.DataFrame
    panel: Panel
    settings: dict[str, Any]

    def describe(self) -> str:
        """Say what the table shows."""
        has = self.settings
        neighbours = f", {has['n_neighbors']} neighbours" if has["n_neighbors"] else ""
        return (
            f"{has['metric'].upper()} of {has['layer']} features, row = source, column = target; "
            f"{has['n_train']} training and {has['n_test']} test atoms, split by {has['split']}"
            f"{neighbours}"
        )

    def warnings(self) -> list[str]:
        """Say where the numbers cannot be trusted."""
        has, broken = self.settings, self.table.attrs["n_broken"]
        widest = max(x.shape[1] for x in self.panel.layer(has["layer"]).values())
        n_train, n_draws, k = (has[name] for name in ("n_train", "n_bootstrap", "n_neighbors"))
        n_tested, kind, local = has["n_drawn"], has["drawn"], has["metric"] == "lfre"
        size = LARGEST_WEIGHTS if local else LARGEST_MAP
        found = {
            f"one test {kind}: no interval over it; give more structures": (
                n_tested == 1 and n_draws
            ),
            f"{n_tested} test {kind}s: fewer than ten do not tell how large errors may be, and "
            "intervals over them say little; give more structures": 1 < n_tested < 10 and n_draws,
            f"intervals of {n_draws} draws are too narrow; take {FEWEST_DRAWS} or more": (
                0 < n_draws < FEWEST_DRAWS
            ),
            f"{n_train} training atoms for up to {widest} features: the errors are not converged; "
            "give more structures": not local and n_train < 2 * widest,
            f"{k} neighbours out of {n_train} training atoms are hardly local; give more "
            "structures or a smaller number of neighbours": local and n_train < 10 * k,
            f"{has['n_repeated']} test structures are training structures, too, atom by atom: the "
            "errors are too small; give each structure once, or one parent to those of a kind": (
                has["n_repeated"]
            ),
            f"{broken} maps broke down (error above {BROKEN:.0f}, or a map so large that rounding "
            f"shows: norm above {size:.0e}, all without unit)": broken,
        }
        said = [text for text, true in found.items() if true]
        return concerns(self.panel.structures, self.panel.frames) + said + self._outliers()

    def _outliers(self) -> list[str]:
        """Name what carries the largest part of a cell's square, by its first frame, if much."""
        names, attrs = list(self.table.index), self.table.attrs
        pairs = [(a, b) for a in names for b in names if a != b]
        shown = self.table > 5e-4  # what is printed as 0.000 may be rounding
        large = [(attrs["worst_share"][a][b], a, b) for a, b in pairs if shown.at[a, b]]
        if not (large := [cell for cell in large if cell[0] > LARGE_SHARE]):
            return []
        share, source, target = max(large)
        number = attrs["worst_group"][source][target]
        formula, kind = self.panel.structures[number].get_chemical_formula(), self.settings["drawn"]
        whose = "" if kind == "structure" else f"the {kind} of "
        return [
            f"{whose}frame {self.panel.frames[number]}, {formula}, carries {share:.0%} of the "
            f"square of {source} -> {target}; in {len(large)} of {len(pairs)} cells one {kind} "
            f"carries over {LARGE_SHARE:.0%}"
        ]

    def save(self, folder: Path) -> list[Path]:
        """Write table.csv, intervals.csv, settings.json and heatmap.png, none over another."""
        from lumlip.plotting.style import heat_map_figure

        paths = [ensured(folder) / name for name in FILES]
        refuse_existing(*paths)
        self.table.to_csv(paths[0], float_format="%.6f")
        intervals(self.table).to_csv(paths[1], float_format="%.6f", index=False)
        paths[2].write_text(json.dumps(self.settings, indent=2) + "\n", encoding="utf-8")
        figure = heat_map_figure(self.table, metric=self.settings["metric"])
        figure.savefig(paths[3], dpi=200, facecolor="white", bbox_inches="tight")
        return paths


def compare(
    models: Sequence[str],
    structures: str | os.PathLike[str] | Sequence[Atoms],
    *,
    metric: str = "gfre",
    layer: str = "last_layer",
    by: str = "structure",
    n_test: int | None = None,
    n_neighbors: int | None = None,
    n_bootstrap: int = 200,
    seed: int = 0,
    device: str = "auto",
    protocol: str = "robust",
    **options: Any,
) -> Comparison:
    """Rebuild the features of each model from those of each other, and warn on standard error.

    Parameters
    ----------
    metric : {"gfre", "lfre", "gfrd"}
    layer : {"last_layer", "backbone", "readout"}
    by : {"structure", "atom", "composition", "parent"}
        What is kept whole when test and training atoms are drawn.
    n_test : int, optional
        Test atoms; by default 1000 as in the paper, or a fifth of the atoms if that is fewer.
    n_neighbors : int, optional
        Training atoms in a neighbourhood, for LFRE; by default 64, or a quarter of the training
        atoms if that is fewer.
    n_bootstrap : int
        Resamples of the test structures, parents or compositions that are kept whole, for the 95 %
        intervals; 0 for none.
    protocol : {"robust", "scikit-matter"}
        See :func:`lumlip.gfre` and :func:`lumlip.lfre`.
    options
        Passed on to :func:`lumlip.panel`.
    """
    if isinstance(models, str) or len(models) < 2:
        raise ValueError(f"got {models!r}; expected two or more models to compare")
    check_choice("metric", metric, METRICS)
    check_choice("layer", layer, ANY_LAYER)
    check_choice("split", by, SPLITS)
    check_choice("protocol", protocol, PROTOCOLS)
    check_count("n_bootstrap", n_bootstrap, 0)
    check_count("seed", seed, 0)
    for name, value in (("n_test", n_test), ("n_neighbors", n_neighbors)):
        check_count(name, 1 if value is None else value, 1)
    if n_neighbors is not None and metric != "lfre":
        raise ValueError(
            f"n_neighbors: got {n_neighbors} with {metric}, expected it with lfre only"
        )
    shown = panel(models, structures, device=device, **options)
    X, atoms = shown.layer(layer), shown.atoms
    n_atoms = atoms.sizes["atom"]
    n_test = n_test or min(_PAPER_TEST_ATOMS, max(1, n_atoms // 5))
    train, test = split(atoms, by=by, n_test=n_test, seed=seed)
    owner, drawn = atoms["structure"].to_numpy(), "structure" if by == "atom" else by
    whole = _groups(atoms, owner, drawn)
    first = owner[np.unique(whole, return_index=True)[1]][whole]  # a group by its first structure
    k = (n_neighbors or neighborhood_size(len(train), 64)) if metric == "lfre" else None
    table = reconstruction_table(
        X,
        metric=metric,
        train=train,
        test=test,
        n_neighbors=k,
        n_bootstrap=n_bootstrap,
        groups=first,
        seed=seed,
        device=device,
        protocol=protocol,
    )
    tested = np.unique(owner[test])
    new = owner[test][~_seen(X, train, test, device)] if by != "atom" else tested
    settings = {
        "models": list(X),
        "metric": metric,
        "layer": layer,
        "split": by,
        "n_train": len(train),
        "n_test": len(test),
        "n_test_structures": len(tested),
        "drawn": drawn,
        "n_drawn": len(np.unique(first[test])),
        "n_repeated": len(tested) - len(np.unique(new)),
        "n_neighbors": k,
        "n_bootstrap": n_bootstrap,
        "seed": seed,
        "protocol": protocol,
    }
    made = Comparison(table, shown, settings)
    for line in made.warnings():
        say(f"lumlip: warning: {line}")
    return made


def _seen(
    features: Mapping[str, FloatArray], train: IntArray, test: IntArray, device: str
) -> BoolArray:
    """Tell which test atoms (n_test,) have near-copies in train, in all models: supercells, too."""
    found = np.ones(len(test), dtype=bool)
    for name, X in features.items():
        both = scale(as_features(X, name), train, test, name, resolve_device(device))
        near = both.train[nearest_train_atoms(both, 1)[:, 0]]
        found &= ((both.test - near).norm(dim=1) < ROBUST.copies).cpu().numpy()
    return found


def ends_text(low: Any, high: Any) -> str:
    """Write the ends of an interval; one far above 1 says no more than that nothing is known.

    >>> ends_text(0.294, 0.646), ends_text(0.2, 3181.0), ends_text(float("nan"), float("nan"))
    ('[0.294, 0.646]', '[0.200, not known from above]', '(no interval: rebuilt but for rounding)')
    """
    if not low <= high:
        return "(no interval: rebuilt but for rounding)"
    return f"[{low:.3f}, {f'{high:.3f}' if high < BROKEN else 'not known from above'}]"


def intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair: source, target, value, and the 95 % interval if there is one.

    An error that is rounding has none: its ends are NaN.
    """
    low, high = table.attrs.get("low"), table.attrs.get("high")
    given = {} if low is None or high is None else {"low": low, "high": high}
    ends = {name: end.where(table > EXACT) for name, end in given.items()}
    pairs = [(a, b) for a in table.index for b in table.columns if a != b]
    columns = {"value": table, **ends}.items()
    return pd.DataFrame(
        {"source": a, "target": b, **{name: x.loc[a, b] for name, x in columns}} for a, b in pairs
    )
