"""A checkpoint by ``python -m mace.cli.run_train``."""

import sys

from common import run, tell

SETTINGS = {
    "name": "tiny",
    "model": "ScaleShiftMACE",
    "hidden_irreps": "8x0e + 8x1o",
    "MLP_irreps": "4x0e",
    "num_interactions": 2,
    "correlation": 2,
    "max_ell": 1,
    "r_max": 3.5,
    "E0s": "average",
    "energy_key": "ref_energy",
    "forces_key": "ref_forces",
    "max_num_epochs": 2,
    "batch_size": 4,
    "device": "cpu",
    "default_dtype": "float32",
    "plot": False,
}


def main() -> None:
    from mace.calculators import MACECalculator
    from mace.cli import run_train

    files = [f"--{part}_file={sys.argv[1]}" for part in ("train", "valid")]
    run(run_train.main, *files, *(f"--{key}={value}" for key, value in SETTINGS.items()))
    tell("tiny.model", MACECalculator(model_paths="tiny.model", device="cpu"))


if __name__ == "__main__":
    main()
