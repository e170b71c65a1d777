"""A checkpoint by metatrain's ``mtt train``."""

import sys
from pathlib import Path

from common import run, tell

OPTIONS = """\
seed: 1
device: cpu
architecture:
  name: pet
  model:
    cutoff: 3.5
    d_pet: 8
    d_head: 8
    d_node: 8
    d_feedforward: 8
    num_heads: 2
    num_attention_layers: 1
    num_gnn_layers: 2
  training:
    batch_size: 4
    num_epochs: 2
    learning_rate: 1.0e-3
    num_workers: 0
training_set: &data
  systems: {{read_from: {file}, length_unit: angstrom}}
  targets:
    energy: {{key: ref_energy, unit: eV, forces: {{key: ref_forces}}, stress: false}}
validation_set: *data
"""


def main() -> None:
    from metatrain.__main__ import main as mtt
    from upet.ase import UPETCalculator

    Path("options.yaml").write_text(OPTIONS.format(file=sys.argv[1]))
    run(mtt, "train", "options.yaml", "-o", "tiny.pt")
    tell("tiny.ckpt", UPETCalculator(checkpoint_path="tiny.ckpt", device="cpu"))


if __name__ == "__main__":
    main()
