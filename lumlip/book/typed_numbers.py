"""Result sentences take their numbers from the computation, never from the keyboard.

The rule: in the sections of `RESULT_SECTIONS` of a chapter, digits stand only in roles
(``{glue}``, ``{cite}``, ``{numref}``, ...), in code, in the address of a link, or within a name
such as SevenNet-0, R2SCAN or kappa_8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

RESULT_SECTIONS = ("The answer", "Paper against here")

HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*$")
ALLOWED = re.compile(
    r"""
      \{[\w:-]+\}`[^`]*`           # a role: glued values, citations, references
    | ``[^`]*`` | `[^`]*`          # inline code
    | \]\([^)]*\)                  # the address of a link
    | <https?://[^>]*>             # the same, bare
    """,
    re.VERBOSE,
)
FENCED = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1\s*$", re.MULTILINE | re.DOTALL)
LIST_MARK = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
# A number, unless it belongs to a name: after a letter, "_", "^" or a letter and a hyphen.
TYPED = re.compile(r"(?<![\w^.{])(?<![^\W\d]-)\d+(?:\.\d+)*(?!\w)")


def typed_numbers(sources: Iterable[str]) -> list[str]:
    r"""Return the typed numbers in result sections, each with the line it stands in.

    Parameters
    ----------
    sources
        Texts of a chapter's Markdown cells, in order.

    Examples
    --------
    >>> typed_numbers(["## The answer", "The error is {glue:text}`mean:.2f` for SevenNet-0."])
    []
    >>> typed_numbers(["## The answer\nThe error is 0.66."])
    ['0.66 in: The error is 0.66.']
    """
    return [
        f"{match[0]} in: {line.strip()}"
        for line in _result_lines("\n\n".join(sources))
        for match in TYPED.finditer(ALLOWED.sub(" ", line))
    ]


def missing_sections(sources: Iterable[str]) -> list[str]:
    """Return the result sections that a chapter lacks."""
    headings = {_heading(line) for source in sources for line in source.splitlines()}
    return [section for section in RESULT_SECTIONS if section not in headings]


def _heading(line: str) -> str | None:
    match = HEADING.match(line)
    return match[1] if match else None


def _result_lines(text: str) -> list[str]:
    """Return the lines below the headings of result sections; a heading of any level ends one."""
    inside, lines = False, []
    for line in LIST_MARK.sub("", FENCED.sub(_blank_code, text)).splitlines():
        heading = _heading(line)
        if heading is not None:
            inside = heading in RESULT_SECTIONS
        elif inside:
            lines.append(line)
    return lines


def _blank_code(match: re.Match[str]) -> str:
    """Drop a block of code, but keep the text of a directive such as an admonition."""
    first, _, rest = match[0].partition("\n")
    return rest if "{" in first and "code" not in first else ""
