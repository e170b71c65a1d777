"""The parameters of a chapter: what the script declares, and values that fit the declaration.

A chapter's cell tagged ``parameters`` holds lines like ``n: int = 100  # Number of samples``.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lumlip.choices import DEVICES, FEWEST_DRAWS, LAYERS, SPLITS, check_choice, check_count
from lumlip.errors import ParameterError

#: Lists of model ids, and words that stand for whole lists.
MODELS = ("models", "minis", "controls")
WORDS = ("published", "paper")
#: What a parameter of this name may be in any chapter, or the items of a list: least and most.
BOUNDS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("n_seeds", "n_local_seeds", "n_few", "n_local", "n_redraws"), (1, 1000)),
    **dict.fromkeys(("n_neighbors", "neighbors", "n_folds"), (2, None)),
    **dict.fromkeys(("local_every", "tested_every", "every", "n_test", "local_atoms"), (1, None)),
    **dict.fromkeys(("n_imitated", "n_forces", "n_changed", "widest"), (1, None)),
    "n_samples": (20, None),  # half of them have ten neighbors each, without themselves
    "n_halves": (2, 1000),
    "n_bootstrap": (FEWEST_DRAWS, 100_000),
    "seed": (0, 2**31 - 1),
}
#: The same, of names.
CHOICES = {"layer": LAYERS, "device": DEVICES, "split": SPLITS}
#: Types of lists that a chapter declares as ``list`` alone.
LISTS = {**dict.fromkeys(MODELS, "list[str]"), "neighbors": "list[int]"}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter; ``type`` and ``default`` as they stand in the script."""

    name: str
    type: str
    default: str
    help: str

    def __str__(self) -> str:
        return f"{self.name}: {self.type} = {self.default}  # {self.help}"


def declared_parameters(notebook: Any) -> dict[str, Parameter]:
    """Return the parameters of a notebook, by name."""
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            return read_declarations(cell.source)
    return {}


def read_declarations(source: str) -> dict[str, Parameter]:
    """Return the parameters that Python lines declare.

    >>> print(read_declarations("n: int | None = 1  # How many")["n"])
    n: int | None = 1  # How many
    """
    lines, found = source.splitlines(), {}
    for node in ast.parse(source).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and value is not None:
            annotation = getattr(node, "annotation", None)
            kind = ast.unparse(annotation) if annotation else "Any"
            rest = lines[(node.end_lineno or 1) - 1].encode()[node.end_col_offset or 0 :].decode()
            default = ast.get_source_segment(source, value) or ""
            found[target.id] = Parameter(target.id, kind, default, rest.strip(" #"))
    return found


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """Return ``{"name": "value"}`` of command line items ``name=value``.

    >>> parse_assignments(["n_test=500", "models=[a, b]"])
    {'n_test': '500', 'models': '[a, b]'}
    """
    values: dict[str, str] = {}
    for item in assignments:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"got {item!r}, expected name=value")
        if name.strip() in values:
            raise ParameterError(f"got {name.strip()!r} twice")
        values[name.strip()] = value.strip()
    return values


def checked(
    values: Mapping[str, Any], declared: Mapping[str, Parameter], chapter: str
) -> dict[str, Any]:
    """Return the values, strings read as YAML, each of the type that the chapter declares."""
    known = "\n".join(f"  {parameter}" for parameter in declared.values()) or "  (none)"
    result = {}
    for name, value in values.items():
        if name not in declared:
            raise ParameterError(f"chapter {chapter} has no parameter {name!r}; known:\n{known}")
        try:
            kind = declared[name].type
            result[name] = _convert(value, LISTS.get(name, kind) if kind == "list" else kind)
            _check(name, result[name], declared[name].help)
        except ValueError as error:
            raise ParameterError(f"parameter {name!r}: {error}; known:\n{known}") from None
    return result


def _check(name: str, value: Any, help: str) -> None:
    """Refuse what is out of range, not among the known, or too few models."""
    items = value if isinstance(value, list) else [value] if value is not None else []
    for item in items if name in BOUNDS else []:
        check_count(name, item, *BOUNDS[name])
    if name in CHOICES:
        check_choice(name, value, CHOICES[name])
    if name in MODELS and not stands_for_a_list(name, items):
        least = 2 if "at least two" in help else 1 if "at least one" in help else 0
        if len(items) < least or len(set(items)) < len(items):
            raise ValueError(
                f"got {', '.join(items) or 'none'}, expected {least} or more, each once"
            )


def stands_for_a_list(name: str, items: Sequence[str]) -> bool:
    """Tell whether a value for models is one of `WORDS`, which stand alone."""
    return name == "models" and len(items) == 1 and items[0] in WORDS


def _convert(value: Any, annotation: str) -> Any:
    """Return a value of the annotated type, or raise ValueError.

    >>> _convert("[a, b]", "list[str]"), _convert("3", "float"), _convert("1.10", "str")
    (['a', 'b'], 3.0, '1.10')
    >>> _convert("paper", "list"), _convert("null", "int | None")
    (['paper'], None)
    """
    kind, _, other = annotation.partition(" | ")
    for reading in _readings(value, annotation):
        if reading is None and other == "None":
            return None
        if _is(reading, kind):
            return float(reading) if kind == "float" else reading
    hint = ", for a list write [a, b]" if "list" in annotation else ""
    raise ValueError(f"got {value!r}, expected {annotation}{hint}")


def _is(value: Any, kind: str) -> bool:
    """Tell whether a value is of a type by name; a whole number is a float, a bool is no int."""
    if kind.startswith("list"):
        items = kind[len("list[") : -1]
        return isinstance(value, list) and all(_is(item, items) for item in value if items)
    return type(value).__name__ == kind or (kind == "float" and type(value) is int)


def _readings(value: Any, annotation: str) -> Iterator[Any]:
    """Yield what a value may mean: YAML, one word for a list of one, or the text as it stands."""
    import yaml

    if isinstance(value, str) and annotation != "str":
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            parsed = value
        yield parsed
        if parsed == value and "," not in value:
            yield [value]
    yield value
