"""Outputs of a notebook are the same at each run, however they came in."""

import nbformat.v4 as v4

from lumlip.book.outputs import tidy


def printed(*chunks):
    outputs = [v4.new_output("stream", name=name, text=text) for name, text in chunks]
    notebook = v4.new_notebook(cells=[v4.new_code_cell("...", outputs=outputs)])
    tidy(notebook)
    return [(output.name, output.text) for output in notebook.cells[0].outputs]


def test_what_was_printed_in_a_row_is_one_output():
    cut = printed(("stdout", "a\n"), ("stdout", "b\n"), ("stderr", "c"), ("stdout", "d"))
    assert cut == [("stdout", "a\nb\n"), ("stderr", "c"), ("stdout", "d")]


def test_text_between_results_stays_where_it_is():
    outputs = [v4.new_output("stream", text="a"), v4.new_output("display_data"),
               v4.new_output("stream", text="b")]  # fmt: skip
    notebook = v4.new_notebook(cells=[v4.new_code_cell("...", outputs=outputs)])
    tidy(notebook)
    assert len(notebook.cells[0].outputs) == 3
