"""The process that runs a notebook: this interpreter, with everything that sways numbers fixed.

Jupyter looks up the name ``python3`` among the kernels installed on the machine, which may be
another environment's. Here the kernel is always the interpreter that runs lumlip.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
COMMAND = [
    *(sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"),
    "--log-level=ERROR",  # else it warns at every start that local TCP is not encrypted
]


def kernel_manager_class(environment: Mapping[str, str], *, source: Path) -> Any:
    """Return a Jupyter kernel manager class that starts the current interpreter.

    Parameters
    ----------
    environment
        Variables for the kernel, on top of `KERNEL_ENVIRONMENT`.
    source
        The script of the notebook. What lies beside it can be imported, as when Jupyter runs it,
        whatever the working directory; and what lies beside the chapters.
    """
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class CurrentInterpreter(KernelSpecManager):
        """Gives the same kernel for every name."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(
                argv=COMMAND,
                display_name="Python 3",
                language="python",
                env=KERNEL_ENVIRONMENT | _path_with(source) | dict(environment),
            )

    class CurrentKernelManager(AsyncKernelManager):
        """Starts that kernel."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, kernel_spec_manager=CurrentInterpreter(), **kwargs)

    return CurrentKernelManager


def _path_with(source: Path) -> dict[str, str]:
    """Put the folders of a script and of the chapters before the path of modules."""
    folder = source.resolve().parent
    before = [part for part in (os.environ.get("PYTHONPATH"),) if part]
    parts = dict.fromkeys([str(folder), str(folder.parent / "notebooks"), *before])
    return {"PYTHONPATH": os.pathsep.join(parts)}
