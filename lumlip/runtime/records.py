"""What was found out and is kept in lumlip's cache folder, one entry per file or model.

``weights.json``: of downloaded weights, where they lie and their sha256. ``batches.json``: of
models, the largest batches that the memory of a device allowed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lumlip.runtime.environments import locked
from lumlip.runtime.paths import home, sha256_file


def read(subject: str = "weights") -> dict[str, dict[str, Any]]:
    """Return all records, by the key that they were kept under."""
    book = _book(subject)
    try:
        found: dict[str, dict[str, Any]] = json.loads(book.read_text(encoding="utf-8"))
        if not all(isinstance(record, dict) for record in found.values()):
            raise ValueError("a record is no table")
    except FileNotFoundError:
        return {}
    except (AttributeError, ValueError) as error:
        raise ValueError(f"{book} is damaged: remove it, lumlip fills it again") from error
    return found


def remember(key: str, facts: Mapping[str, Any], subject: str = "weights") -> None:
    """Keep one record; the others stay, also those that another process writes meanwhile."""
    book = _book(subject)
    with locked(book, f"records of {subject}"):
        part = book.with_suffix(".part")
        text = json.dumps({**read(subject), key: dict(facts)}, indent=1, sort_keys=True)
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(book)


def facts(path: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a file; the sum in its record holds while its place, size and times stay the same.

    Some files have 10 GB. Whoever loads one computes the sum anew (see
    :mod:`lumlip.runtime.verified`).
    """
    stat = path.stat()
    times = {"modified": stat.st_mtime_ns, "changed": stat.st_ctime_ns}  # the latter cannot be set
    seen = {"path": str(path), "size": stat.st_size, **times}
    same = all(record.get(name) == value for name, value in seen.items())
    return {**seen, "sha256": (same and record.get("sha256")) or sha256_file(path)}


def _book(subject: str) -> Path:
    return home() / f"{subject}.json"
