"""The glossary is in the order in which a reader looks a word up."""

import re
from pathlib import Path

GLOSSARY = Path(__file__).resolve().parents[2] / "book" / "glossary.md"


def test_terms_are_alphabetical():
    terms = [term.lower() for term in re.findall(r"^([^\s:#].*)\n  ", GLOSSARY.read_text(), re.M)]
    assert len(terms) > 40
    assert terms == sorted(terms)
