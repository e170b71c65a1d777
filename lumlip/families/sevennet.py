# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "sevenn==0.13.0",
#   "torch==2.13.0", "numpy==2.4.6", "ase==3.29.0", "e3nn==0.6.0", "torch-geometric==2.8.1",
#   "matscipy==1.3.1",
# ]
# ///
"""SevenNet: an equivariant network after NequIP (Park et al. 2024).

Backbone: the 128 scalars after the last gate. Last layer: the 64 numbers between the two linear
maps that follow. All else is in :mod:`lumlip.families._sequential`.
"""

from pathlib import Path
from typing import Any

from sevenn.checkpoint import SevenNetCheckpoint
from sevenn.nn.sequential import AtomGraphSequential
from sevenn.util import pretrained_name_to_path

from lumlip.families import _sequential, base

PACKAGE = "sevenn"
FEATURES_VERSION = 1
NAMES = ("7net-0", "7net-0_22May2024", "7net-l3i5", "7net-mf-0")


class Extractor(_sequential.Extractor):
    """A SevenNet checkpoint: a name of the package's, or a file written by its trainer."""

    linear_head = True

    def package_calculator(self) -> Any:
        """SevenNetCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        from sevenn.calculator import SevenNetCalculator

        return SevenNetCalculator(str(self.checkpoint_file), modal=self.task, device=self.device)

    def _path(self, checkpoint: str) -> Path:
        return Path(pretrained_name_to_path(checkpoint) if checkpoint in NAMES else checkpoint)

    def _load(self) -> AtomGraphSequential:
        model = SevenNetCheckpoint(self.checkpoint_file).build_model()
        if _sequential.TO_HIDDEN not in dict(model.named_children()):
            raise base.UnsupportedError("readout_as_fcn", "its readout is no row of linear maps")
        model.set_is_batch_data(True)
        return model


def download(name: str) -> Path:
    """Fetch a published checkpoint, such as "7net-omni", into the package's own folder."""
    return Path(pretrained_name_to_path(name))
