"""The public names: listed, found, and imported no sooner than they are used."""

import subprocess
import sys

import pytest

import lumlip


def python(code):
    """Run code in a fresh interpreter and return what it printed."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", sorted(set(lumlip.__all__) - {"similarity"}))
def test_a_listed_name_is_what_it_says(name):
    found = getattr(lumlip, name)
    assert callable(found)
    assert found.__name__ == name


def test_the_main_names_and_every_error_are_listed():
    names = {"compare", "panel", "similarity", "features", "structures", "models"}
    assert names <= set(lumlip.__all__)
    assert {name for name in vars(lumlip.errors) if name.endswith("Error")} <= set(lumlip.__all__)
    assert set(lumlip.__all__) <= set(dir(lumlip))


def test_similarity_is_there_without_an_import_of_its_own():
    assert "cka" in python("import lumlip; print(lumlip.similarity.__all__)")
    assert "cka" in python("from lumlip import similarity; print(similarity.__all__)")


def test_compare_stays_a_function_after_its_module_is_imported():
    said = python("import lumlip.comparison, lumlip.cli; print(callable(lumlip.compare))")
    assert said == "True\n"


def test_unknown_names_are_refused_with_the_known():
    with pytest.raises(AttributeError, match=r"no attribute 'gfr'; known: .*gfre"):
        _ = lumlip.gfr


def test_importing_lumlip_imports_no_library():
    heavy = "{'numpy', 'torch', 'pandas', 'xarray', 'matplotlib', 'ase'}"
    assert python(f"import sys, lumlip; print({heavy} & set(sys.modules))") == "set()\n"
