"""Where the heavy linear algebra runs: the device, and how work is spread over the processor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def resolve_device(device: str) -> torch.device:
    """Turn ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"`` into a device that is there.

    Raises
    ------
    ValueError
        If the name is unknown, or CUDA is asked for and missing.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, number = device.partition(":")
    if kind not in {"cpu", "cuda"} or not (number == "" or number.isdigit()):
        raise ValueError(f"device: got {device!r}, expected 'auto', 'cpu', 'cuda' or 'cuda:N'")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise ValueError(
            f"device: got {device!r}, but this machine has {torch.cuda.device_count()} CUDA devices"
        )
    return torch.device(device)


def map_in_threads(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    device: torch.device,
    *,
    large: bool = False,
) -> list[Result]:
    """Apply ``function`` to each item: one item per core, or one after the other on a GPU.

    Many small matrices keep no team of threads busy (on a machine with other work the team even
    slows them down a hundred times), so on the CPU every item gets one thread and several items run
    side by side. A single ``large`` item keeps all threads.
    """
    n_threads = min(torch.get_num_threads(), len(items))
    if device.type != "cpu" or (large and n_threads < 2):
        return [function(item) for item in items]
    with one_thread_per_call():
        if n_threads < 2:
            return [function(item) for item in items]
        with ThreadPoolExecutor(
            n_threads, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            return list(pool.map(function, items))


@contextmanager
def one_thread_per_call() -> Iterator[None]:
    """Keep each call of torch to one thread, where several processes or threads call it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
