"""The sections `input` and `output` of a prompt's front matter."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
import orjson

from batchdrop.domain.errors import Refused
from batchdrop.rows.casts import takes_null
from batchdrop.rows.conform import Checker
from batchdrop.rows.frontmatter import FrontMatter, did_you_mean
from batchdrop.rows.inputs import validator_of
from batchdrop.rows.schema import Schema, SchemaProblem, json_schema
from batchdrop.rows.vertex_schema import response_schema


class AnswerFormat(StrEnum):
    """What an answer is to be."""

    TEXT = "text"
    JSON = "json"


def input_section(front: FrontMatter) -> tuple[dict[str, Any], Schema | None]:
    """Read `input`: defaults, and the schema as JSON Schema."""
    fields = _fields(front, "input", ("default", "schema"))
    schema = _schema(front, "input") if fields.get("schema") is not None else None
    defaults = _defaults(front, fields.get("default") or {})
    if schema is not None:
        _check_input(front, schema, defaults)
    return defaults, schema


def _defaults(front: FrontMatter, source: object) -> dict[str, Any]:
    """Read defaults as JSON would have them: dates as texts."""
    try:
        defaults: dict[str, Any] = orjson.loads(orjson.dumps(source))
    except orjson.JSONEncodeError:
        hint = "Use plain texts, numbers, lists and mappings."
        raise front.refused(("input", "default"), "A default is what JSON cannot say.", hint) from None
    return defaults


def _check_input(front: FrontMatter, schema: Schema, defaults: dict[str, Any]) -> None:
    if schema.get("type", "object") != "object":
        raise front.refused(("input", "schema"), "input.schema describes no object.", "Name the fields of a row.")
    try:
        validator_of(schema)
        properties = schema.get("properties") or {}
        wrong = [name for name in defaults if name in properties and not _fits(properties[name], defaults[name])]
    except ValueError as error:
        raise _invalid(front, "input", error) from None
    for name in wrong:
        hint = "Correct the default, or the schema."
        raise front.refused(("input", "default", name), f"The default of {name} is not what input.schema asks.", hint)


def _fits(schema: object, value: object) -> bool:
    return not isinstance(schema, dict) or validator_of({"properties": {"value": schema}}).is_valid({"value": value})


class AnswerSection(msgspec.Struct, frozen=True):
    """What `output` says: the schema as JSON Schema, and as Vertex's."""

    format: AnswerFormat
    schema: Schema | None = None
    vertex_schema: Schema | None = None


def output_section(front: FrontMatter) -> AnswerSection:
    """Read `output`."""
    fields = _fields(front, "output", ("format", "schema"))
    declared = fields.get("format")
    has_schema = fields.get("schema") is not None
    if declared is not None and declared not in [str(known) for known in AnswerFormat]:
        raise front.refused(("output", "format"), "This output format is unknown.", "Write json or text.")
    if not has_schema:
        return AnswerSection(AnswerFormat(declared or AnswerFormat.TEXT))
    if declared == AnswerFormat.TEXT:
        hint = "Take away one of the two: with a schema, answers are JSON."
        raise front.refused(("output", "format"), "The output has a schema, and yet the format text.", hint)
    schema = _schema(front, "output")
    try:
        vertex_schema = response_schema(schema)
        Checker(schema)
    except SchemaProblem as problem:
        raise _schema_refused(front, "output", problem) from None
    except ValueError as error:
        raise _invalid(front, "output", error) from None
    return AnswerSection(AnswerFormat.JSON, schema, vertex_schema)


def _invalid(front: FrontMatter, key: str, error: ValueError) -> Refused:
    message = f"{key}.schema is no valid JSON Schema: {str(error).partition(chr(10))[0]}."
    return front.refused((key, "schema"), message, "See json-schema.org, or write Picoschema.")


def _fields(front: FrontMatter, key: str, known: tuple[str, ...]) -> dict[str, Any]:
    fields: dict[str, Any] = front.fields.get(key) or {}
    for inner in fields:
        suggestion = did_you_mean(inner, known)
        if inner not in known and suggestion:
            raise front.refused((key, inner), f"{key}.{inner} is unknown.", suggestion)
    return fields


def _schema(front: FrontMatter, key: str) -> Schema:
    try:
        return json_schema(front.fields[key]["schema"])
    except SchemaProblem as problem:
        raise _schema_refused(front, key, problem) from None


def _schema_refused(front: FrontMatter, key: str, problem: SchemaProblem) -> Refused:
    path = (key, "schema", *_yaml_path(front.fields[key]["schema"], problem.path))
    return front.refused(path, f"{key}.schema: {problem.message}", problem.hint)


def _yaml_path(source: object, path: tuple[str, ...]) -> Iterator[str]:
    """Follow a way through a schema in what the file says, Picoschema's decorated keys included."""
    for name in path:
        if isinstance(source, dict) and isinstance(source.get("properties"), dict) and name != "[]":
            yield "properties"
            source = source["properties"]
        wanted = "items" if name == "[]" else name
        keys = source if isinstance(source, dict) else ()
        key = next((key for key in keys if wanted in {key, key.partition("(")[0].removesuffix("?")}), None)
        if key is not None and isinstance(source, dict):
            yield key
            source = source[key]


def optional_names(schema: Schema | None) -> Iterator[str]:
    """Names of properties that a schema allows to be absent or null."""
    properties = (schema or {}).get("properties")
    required = (schema or {}).get("required")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        if (isinstance(required, list) and name not in required) or (isinstance(inner, dict) and takes_null(inner)):
            yield name


def required_names(schema: Schema | None) -> frozenset[str]:
    """Names of properties that a schema wants every row to have."""
    required = (schema or {}).get("required")
    return frozenset(name for name in required if isinstance(name, str)) if isinstance(required, list) else frozenset()
