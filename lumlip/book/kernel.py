"""The process that runs a notebook: its threads, and everything else that sways numbers, fixed."""

import os
from pathlib import Path

from lumlip.choices import STOP

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # microseconds of all cores a container may use, of how many


def threads(n: int) -> dict[str, str]:
    """Variables that give a process n threads; they must stand before it imports numpy."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return dict.fromkeys(names, str(n))


def usable_cores() -> int:
    """Return how many cores this process may use; in a container it may see many more."""
    # Not everywhere can a process be bound to some cores.
    found = getattr(os, "sched_getaffinity", None)
    cores = len(found(0)) if found else os.cpu_count() or 1
    used, of = QUOTA.read_text(encoding="ascii").split() if QUOTA.is_file() else ("max", "")
    return cores if used == "max" else max(1, min(cores, int(used) // int(of)))


# One thread a notebook: sums are then split alike on every machine, and several notebooks side
# by side do not wait for each other's teams of threads.
KERNEL_ENVIRONMENT = {
    **threads(1),
    STOP: "1",
    "PYTHONHASHSEED": "0",
    "TQDM_DISABLE": "1",  # a bar redraws itself: every run would differ
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # reproducible matrix products on a GPU
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # silences a debugger hint on the console
}
