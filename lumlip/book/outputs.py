"""Outputs of an executed notebook: make them the same at each run, and weigh them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MAX_NOTEBOOK = 500_000  # bytes of the file
MAX_OUTPUT = 200_000  # bytes of one output, as stored


def tidy(notebook: Any) -> None:
    """Drop what differs between two equal runs, in place."""
    for cell in notebook.cells:
        if "outputs" in cell:
            cell["outputs"] = _joined(cell["outputs"])


def _joined(outputs: list[Any]) -> list[Any]:
    """Join what was printed in a row: where it was cut depends on how busy the machine is."""
    joined: list[Any] = []
    for output in outputs:
        stream = output.get("name") if output["output_type"] == "stream" else None
        if stream and joined and joined[-1].get("name") == stream:
            joined[-1]["text"] += output["text"]
        else:
            joined.append(output)
    return joined


def over_budget(ipynb: Path) -> list[str]:
    """Return what is too large in a notebook file: the file, an output, or any widget state."""
    faults = []
    if (size := ipynb.stat().st_size) > MAX_NOTEBOOK:
        faults.append(f"{ipynb.name} has {size:,} bytes, allowed {MAX_NOTEBOOK:,}")
    notebook = json.loads(ipynb.read_text(encoding="utf-8"))
    if "widgets" in notebook["metadata"]:
        faults.append(f"{ipynb.name} holds widget state")
    for number, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            if (size := len(json.dumps(output))) > MAX_OUTPUT:
                faults.append(f"an output of cell {number} has {size:,} bytes of {MAX_OUTPUT:,}")
    return faults
