"""A small Sphinx extension: repairs in the pages that the book's other extensions leave to do.

- sphinx-thebe declares one script twice, an error in the console of every page; the book does
  not use Thebe.
- The chemiscope directive asks a delivery network for a library that only compressed data need,
  and leaves a ``<div>`` open.
- The theme complains when the color mode is not named.
"""

from __future__ import annotations

from typing import Any

BODY_REPAIRS = {
    '<script src="https://cdnjs.cloudflare.com/ajax/libs/pako/2.0.4/pako.min.js"></script>': "",
    '<div style="padding: 0.5rem 1.25rem" />': '<div style="padding: 0.5rem 1.25rem"></div>',
}


def repair_page(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Change the context that a page is written from, in place."""
    context["default_mode"] = "auto"
    context["script_files"] = [
        script for script in context.get("script_files", []) if not _is_thebe(script)
    ]
    for wrong, right in BODY_REPAIRS.items():
        context["body"] = context.get("body", "").replace(wrong, right)


def _is_thebe(script: Any) -> bool:
    name, attributes = str(getattr(script, "filename", script)), getattr(script, "attributes", {})
    return "sphinx-thebe" in name or "THEBE_JS_URL" in attributes.get("body", "")


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", repair_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
