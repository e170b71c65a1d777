"""Result sentences take their numbers from the computation, never from the keyboard.

The rule: in the text that a page fills with numbers (`shown`, `Page.answer`), digits stand only in
braces and in the places below; in a chapter's sections of `RESULT_SECTIONS`, only in roles
(``{glue}``, ``{cite}``, ``{numref}``, ...), in code, in the address of a link, or within a name
such as SevenNet-0, R2SCAN or kappa_8.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

RESULT_SECTIONS = ("The answer", "Paper against here")
REQUIRED_SECTION = "Paper against here"
#: Functions that show text with numbers filled in.
FILLED = ("shown", "answer")

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


def typed_in_code(sources: Iterable[str]) -> list[str]:
    """Return the typed numbers in text that code cells fill with numbers.

    Parameters
    ----------
    sources
        Texts of a chapter's code cells.

    Examples
    --------
    >>> typed_in_code(["shown(f'It is {100 * x:.0f} %.')", "page.answer('It is 66 %.')"])
    ['66 in: It is 66 %.']
    """
    return [
        f"{match[0]} in: {text.strip()}"
        for source in sources
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in FILLED
        for text in _constants(call)
        for match in TYPED.finditer(ALLOWED.sub(" ", text))
    ]


def _constants(call: ast.Call) -> list[str]:
    """Text of a call's strings, without the format of what is filled in."""
    parts = []
    for argument in call.args:
        pieces = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        parts += [
            p.value for p in pieces if isinstance(p, ast.Constant) and isinstance(p.value, str)
        ]
    return parts


def missing_sections(sources: Iterable[str]) -> list[str]:
    """Return the section that every chapter has, if this one lacks it."""
    headings = {_heading(line) for source in sources for line in source.splitlines()}
    return [] if REQUIRED_SECTION in headings else [REQUIRED_SECTION]


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
