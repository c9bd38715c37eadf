"""What a prompt's `input` makes of a row: cells cast, defaults put in, the schema checked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from batchdrop.domain.job import InputFormat, Layout
from batchdrop.rows.casts import BLANK, Blank, Cast, cast_of, null_is_blank, takes_null
from batchdrop.rows.media import render_problem
from batchdrop.rows.problems import RowProblem

Schema = Mapping[str, Any]
Row = Mapping[str, object]
Validator = jsonschema_rs.Draft202012Validator

_NOTES = frozenset({"title", "description", "$comment", "examples", "default"})
_OPEN = frozenset({"additionalProperties", "unevaluatedProperties"})
_MOST_ERRORS = 100
_MOST_CHOICES = 10
_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}


class Inputs:
    """Takes the rows of an input as the prompt wants them.

    Cells of a CSV are cast to the schema's types; rows of other formats have their own. An empty cell that could not
    be a text, and a null of Parquet, is no value: the default stands for it. Fields that the schema does not name
    stay: a row may hold more than the prompt needs.
    """

    def __init__(self, schema: Schema | None, defaults: Row, layout: Layout) -> None:
        columns = frozenset(layout.columns)
        asked = schema or {}
        required = frozenset(_required(asked))
        self._casts = list(_casts(asked, defaults, layout))
        kept = columns - {name for name, _, blank in self._casts if blank is BLANK}
        self._defaults = {name: value for name, value in defaults.items() if name not in kept}
        is_text = layout.format is InputFormat.CSV and not self._casts
        sound = is_text and required <= columns | defaults.keys() and _is_plain(asked)
        self._validator = None if schema is None or sound else validator_of(schema)
        self.sure = required | defaults.keys() | kept
        """Fields that every row has once it is taken."""
        self.texts = kept - {name for name, _, _ in self._casts} if layout.format is InputFormat.CSV else frozenset()
        """Fields that are texts in every row."""
        works = self._casts or self._defaults or self._validator is not None
        self.take: Callable[[Row], Row] | None = self._taken if works else None
        """Takes a row, or raises RowProblem; None where rows are fine as they are."""

    def _taken(self, row: Row) -> Row:
        if self._casts:
            row = self._cast(row)
        if self._defaults:
            row = {**self._defaults, **row}
        if self._validator is not None and not _holds(self._validator, row):
            raise _problem(self._validator, row)
        return row

    def _cast(self, row: Row) -> Row:
        values = dict(row)
        for name, cast, blank in self._casts:
            value = cast(values.get(name))
            if value is not BLANK:
                values[name] = value
            elif blank is not BLANK:
                values[name] = blank
            else:
                values.pop(name, None)
        return values


def validator_of(schema: Schema) -> Validator:
    """Compile an input schema, open to more fields than it names.

    Raises:
        ValueError: it is no JSON Schema; the text says why.
    """
    return Validator({key: entry for key, entry in schema.items() if key not in _OPEN}, offline=True)


def _casts(schema: Schema, defaults: Row, layout: Layout) -> Iterator[tuple[str, Cast, Blank | None]]:
    """How each column is cast, and what stands for what is blank: null where it may, BLANK for no field at all."""
    for name, inner in _properties(schema).items():
        if name in layout.columns:
            blank = None if takes_null(inner) and name not in defaults else BLANK
            cast = cast_of(inner) if layout.format is InputFormat.CSV else null_is_blank
            if cast is not None and (cast is not null_is_blank or blank is BLANK):
                yield name, cast, blank


def _properties(schema: Schema) -> dict[str, Schema]:
    found = schema.get("properties")
    return {name: inner for name, inner in found.items() if isinstance(inner, dict)} if isinstance(found, dict) else {}


def _required(schema: Schema) -> list[str]:
    found = schema.get("required")
    return found if isinstance(found, list) else []


def _is_plain(schema: Schema) -> bool:
    """Whether a schema asks no more of texts than that they are texts."""
    allowed = _NOTES | _OPEN | {"type", "properties", "required"}
    return schema.keys() <= allowed and all(
        inner.keys() <= _NOTES | {"type"} and "string" in inner.get("type", ["string"])
        for inner in _properties(schema).values()
    )


def _holds(validator: Validator, row: Row) -> bool:
    try:
        return validator.is_valid(row)
    except ValueError:
        return False


def _problem(validator: Validator, row: Row) -> RowProblem:
    """Tell the first problem, by its path, without the row's values."""
    try:
        errors = list(islice(validator.iter_errors(row), _MOST_ERRORS))
    except ValueError:
        hint = "Take lone surrogates out of its texts."
        return render_problem("NOT_UNICODE", "The row's values are not all Unicode text.", hint)
    error = min(errors, key=lambda error: [str(step) for step in error.instance_path])
    path = _path(error.instance_path)
    match error.kind:
        case Kind.Required(property=name):
            hint = "Give it, say input.default, or mark it as optional in input.schema: name?."
            message = "The row lacks a value that the prompt's input schema requires."
            return render_problem("MISSING_FIELD", message, hint, _path([*error.instance_path, name]))
        case Kind.Type(types=types):
            wanted = " or ".join(_WORDS.get(kind, kind) for kind in types)
            hint = "Correct the value, or its type in input.schema."
            return render_problem("WRONG_TYPE", f"The value is not {wanted}.", hint, path)
        case Kind.Enum(options=options):
            more = ", ..." if len(options) > _MOST_CHOICES else ""
            hint = f"Allowed are: {', '.join(map(str, options[:_MOST_CHOICES]))}{more}."
            return render_problem("NOT_ALLOWED", "The value is none that the input schema allows.", hint, path)
        case Kind.AdditionalProperties(unexpected=names):
            hint = "Take it away, or name it in input.schema."
            message = "The object has a field that the input schema does not name."
            return render_problem("UNKNOWN_FIELD", message, hint, _path([*error.instance_path, names[0]]))
        case _:
            hint = "Correct the value, or the rule in input.schema."
            return render_problem("INVALID_VALUE", f"The value breaks the schema's {error.kind.name}.", hint, path)


def _path(steps: Sequence[str | int]) -> str:
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return written.removeprefix(".")
