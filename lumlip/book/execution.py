"""Run a chapter's notebook reproducibly: the same script gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lumlip.book.chapters import DATA_VARIABLE, convert, fix_ids, notebook_metadata, write
from lumlip.book.kernel import kernel_manager_class
from lumlip.book.outputs import over_budget, tidy
from lumlip.errors import ChapterError


def execute(
    source: Path,
    out_ipynb: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    cwd: Path,
    data: Path | None = None,
) -> None:
    """Run a script's notebook and write it with its outputs; twice gives the same bytes.

    Parameters
    ----------
    source, out_ipynb
        The py:percent script, and the notebook to write.
    parameters
        Values that replace those of the cell tagged ``parameters``.
    cwd
        Working directory of the kernel.
    data
        Folder that `data_folder` gives to the notebook.

    Raises
    ------
    ChapterError
        A cell failed (the notebook is written up to it), or the outputs are over the budget.
    """
    from nbclient.exceptions import CellControlSignal, DeadKernelError

    notebook = convert(source)
    if parameters:
        notebook = _with_parameters(notebook, parameters)
    failure: Exception | None = None
    try:
        _run_cells(notebook, source, cwd, data)
    except (CellControlSignal, DeadKernelError) as error:
        failure = error
    notebook.metadata = notebook_metadata()
    tidy(notebook)
    write(notebook, out_ipynb)
    if failure is not None:
        raise ChapterError(failure_message(notebook, source.name, out_ipynb)) from failure
    if faults := over_budget(out_ipynb):
        raise ChapterError(f"{source.name} is too large: " + "; ".join(faults))


def _with_parameters(notebook: Any, parameters: Mapping[str, Any]) -> Any:
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    return fix_ids(parameterize_notebook(load_notebook_node(notebook), dict(parameters)))


def _run_cells(notebook: Any, source: Path, cwd: Path, data: Path | None) -> None:
    from nbclient import NotebookClient

    NotebookClient(
        notebook,
        kernel_manager_class=kernel_manager_class(
            {DATA_VARIABLE: str(data)} if data else {}, source=source
        ),
        record_timing=False,
        timeout=None,
        resources={"metadata": {"path": str(cwd)}},
    ).execute()


def failure_message(notebook: Any, name: str, written: Path) -> str:
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
