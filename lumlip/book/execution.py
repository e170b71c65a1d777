"""Run a chapter's notebook reproducibly: the same script gives the same bytes.

Jupyter looks up the name ``python3`` among the kernels installed on the machine, which may be
another environment's. Here the kernel is always the interpreter that runs lumlip.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lumlip.book.chapters import convert, fix_ids, write
from lumlip.book.kernel import KERNEL_ENVIRONMENT
from lumlip.errors import ChapterError

MAX_NOTEBOOK = 500_000  # bytes of the file
MAX_OUTPUT = 200_000  # bytes of one output, as stored


def execute(
    source: Path,
    out_ipynb: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    cwd: Path,
    variables: Mapping[str, str] | None = None,
    progress: bool = False,
) -> None:
    """Run a script's notebook and write it with its outputs; twice gives the same bytes.

    ``parameters`` replace those of the cell tagged so; ``variables`` of the kernel come on top of
    `KERNEL_ENVIRONMENT`. ChapterError: a cell failed, and the notebook is written up to it.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, DeadKernelError
    from tqdm import tqdm

    notebook = _with_parameters(convert(source), parameters or {})
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[])),
        coalesce_streams=True,  # where it is cut depends on how busy the machine is
        extra_arguments=["--log-level=ERROR"],  # else it warns that local TCP is not encrypted
        record_timing=False,
        timeout=None,
    )
    env = {**os.environ, **KERNEL_ENVIRONMENT, **_path_with(source), **(variables or {})}
    try:
        with client.setup_kernel(cwd=str(cwd), env=env, cleanup_kc=True):
            for number, cell in enumerate(tqdm(notebook.cells, unit="cell", disable=not progress)):
                client.execute_cell(cell, number)
                write(notebook, out_ipynb)
    except (CellControlSignal, DeadKernelError) as error:
        raise ChapterError(_failure(notebook, source.name, out_ipynb)) from error
    finally:
        write(notebook, out_ipynb)


def _with_parameters(notebook: Any, parameters: Mapping[str, Any]) -> Any:
    """Set parameters, if any, by papermill, in a cell of its own below the declarations."""
    if not parameters:
        return notebook
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    return fix_ids(parameterize_notebook(load_notebook_node(notebook), dict(parameters)))


def _path_with(source: Path) -> dict[str, str]:
    """Let what lies beside a script be imported, as when Jupyter runs it; and the chapters."""
    folder = source.resolve().parent
    before = [part for part in (os.environ.get("PYTHONPATH"),) if part]
    parts = dict.fromkeys([str(folder), str(folder.parent / "notebooks"), *before])
    return {"PYTHONPATH": os.pathsep.join(parts)}


def _failure(notebook: Any, name: str, written: Path) -> str:
    """Say which cell failed, why, its first line, and where the partial notebook is."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                code = cell["source"].strip().splitlines()[0]
                where = f"cell In [{cell['execution_count']}] ({code!r})"
                reason = f"{output['ename']}: {output['evalue']}"
                return f"{name}: {where} failed with {reason}\nsee {written}"
    done = sum(bool(cell.get("execution_count")) for cell in notebook.cells)
    return f"{name}: the kernel died after {done} code cells (out of memory?)\nsee {written}"


def over_budget(ipynb: Path) -> list[str]:
    """Return what is too large in a notebook file: the file, or an output."""
    faults = []
    if (size := ipynb.stat().st_size) > MAX_NOTEBOOK:
        faults.append(f"{ipynb.name} has {size:,} bytes, allowed {MAX_NOTEBOOK:,}")
    notebook = json.loads(ipynb.read_text(encoding="utf-8"))
    for number, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            if (size := len(json.dumps(output))) > MAX_OUTPUT:
                faults.append(f"an output of cell {number} has {size:,} bytes of {MAX_OUTPUT:,}")
    return faults
