"""Faults of the form of a notebook are named."""

import pytest

from lumlip.book.chapters import Chapter, convert
from lumlip.book.execution import execute
from tests.notebook_checks import figure_faults, output_faults, shape_faults


def replace(path, old, new):
    text = path.read_text()
    assert old in text, f"{old!r} is not there to be changed"
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("# Number of steps", "", "parameter 'n' lacks its type or its help"),
        ("n: int = 100", "n = 100", "parameter 'n' lacks its type or its help"),
        ('tags=["parameters"]', "", "has no cell tagged `parameters`"),
        ("squares = x**2", "squares = x**2\n" * 31, "code cell 3 has 32 lines, allowed 30"),
        ("# %%\nprint(", "print(", "has 7 code cells, expected 8 to 15"),
    ],
)
def test_faults_of_shape_are_named(checkout, old, new, fault):
    script = checkout / "notebooks" / "01_squares.py"
    assert shape_faults(Chapter(script)) == []
    replace(script, old, new)
    assert fault in "; ".join(shape_faults(Chapter(script)))


def test_a_figure_without_a_caption_is_found(checkout):
    committed = checkout / "notebooks" / "01_squares.ipynb"
    execute(committed.with_suffix(".py"), committed, cwd=checkout)
    assert figure_faults(committed) == []
    replace(committed, '"name": "fig-squares"', '"name": "squares"')
    assert len(figure_faults(committed)) == 1
    replace(committed, "A dot for each step", "_images/0123456789abcdef0123.png")
    assert len(figure_faults(committed)) == 2


UNCLEAN = {
    "import sys; print('late', file=sys.stderr)": "cell 1: writes to stderr: 'late",
    "print('/home/someone/data')": "cell 2: shows a path of one machine: /home/someone/data",
    "1 / 0": "cell 3: ends in ZeroDivisionError",
}


def test_unclean_outputs_are_named(tmp_path):
    script = tmp_path / "unclean.py"
    cells = [f'# %% tags=["raises-exception"]\n{code}\n' for code in UNCLEAN]
    script.write_text("\n".join(cells))
    execute(script, tmp_path / "unclean.ipynb", cwd=tmp_path)
    assert [cell.source for cell in convert(script).cells] == list(UNCLEAN)
    faults = output_faults(tmp_path / "unclean.ipynb")
    for found, expected in zip(faults, UNCLEAN.values(), strict=True):
        assert expected in found
