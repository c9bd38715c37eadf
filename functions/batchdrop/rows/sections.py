"""The sections `input` and `output` of a prompt's front matter."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from batchdrop.domain.errors import Refused
from batchdrop.rows.frontmatter import FrontMatter, did_you_mean
from batchdrop.rows.schema import Schema, SchemaProblem, json_schema, response_schema


class AnswerFormat(StrEnum):
    """What an answer is to be."""

    TEXT = "text"
    JSON = "json"


def input_section(front: FrontMatter) -> tuple[dict[str, Any], Schema | None]:
    """Read `input`: defaults, and the schema as JSON Schema."""
    fields = _fields(front, "input", ("default", "schema"))
    schema = _schema(front, "input") if fields.get("schema") is not None else None
    return dict(fields.get("default") or {}), schema


def output_section(front: FrontMatter) -> tuple[AnswerFormat, Schema | None, Schema | None]:
    """Read `output`: the format, and the schema as JSON Schema and as Vertex's."""
    fields = _fields(front, "output", ("format", "schema"))
    declared = fields.get("format")
    has_schema = fields.get("schema") is not None
    if declared is not None and declared not in [str(known) for known in AnswerFormat]:
        raise front.refused(("output", "format"), "This output format is unknown.", "Write json or text.")
    if not has_schema:
        return AnswerFormat(declared or AnswerFormat.TEXT), None, None
    if declared == AnswerFormat.TEXT:
        hint = "Take away one of the two: with a schema, answers are JSON."
        raise front.refused(("output", "format"), "The output has a schema, and yet the format text.", hint)
    schema = _schema(front, "output")
    try:
        return AnswerFormat.JSON, schema, response_schema(schema)
    except SchemaProblem as problem:
        raise _schema_refused(front, "output", problem) from None


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
        kind = inner.get("type") if isinstance(inner, dict) else None
        if (isinstance(required, list) and name not in required) or (isinstance(kind, list) and "null" in kind):
            yield name
