"""Where the heavy linear algebra runs: the device, and how work is spread over the processor."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from lumlip.runtime.devices import available

Item = TypeVar("Item")
Result = TypeVar("Result")


def resolve_device(device: str) -> torch.device:
    """Return the device of a name, see :func:`lumlip.runtime.devices.available`.

    ``"mps"`` is the CPU here: it lacks double precision, which the metrics need.
    """
    found = available(device)
    return torch.device("cpu" if found == "mps" else found)


def map_in_threads(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    device: torch.device,
    *,
    large: bool = False,
) -> list[Result]:
    """Apply ``function`` to each item: one item per core, or one after the other on a GPU.

    Many small matrices keep no team of threads busy, so on the CPU every item gets one thread and
    several items run side by side. A single ``large`` item keeps all threads.
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
