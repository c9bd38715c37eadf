"""What is read in one pass is what a parser and the schema make of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.conform import Checker, Schema
from batchdrop.rows.plain_schema import reader_of
from batchdrop.rows.replies import Kind, Reply
from batchdrop.rows.verdict import typed

TEXT = {"type": "string"}
LABEL = {"type": "string", "enum": ["good", "bad"]}
PLAIN: list[dict[str, Any]] = [
    TEXT,
    LABEL,
    {"enum": ["good", "bad"]},
    {"enum": ["good", None]},
    {"type": ["string", "null"], "enum": ["good", None]},
    {"type": ["string", "null"], "enum": ["good", "bad"]},
    {"type": ["string"], "description": "What they say.", "format": "date"},
    {"type": ["string", "null"]},
    {"type": "STRING", "nullable": True},
    {"type": "STRING", "enum": ["good"], "nullable": True},
    {"type": "boolean"},
    {"type": "integer"},
    {"type": ["integer", "null"]},
    {"type": "integer", "minimum": 0, "maximum": 5},
    {"type": "number"},
    {"type": ["number", "null"]},
    {"type": "array", "items": TEXT},
    {"type": "array", "items": LABEL},
    {"type": "array", "items": {"type": "number"}},
    {"type": ["array", "null"], "items": {"type": ["integer", "null"]}},
]
NOT_PLAIN: list[dict[str, Any]] = [
    {},
    {"enum": ["good", 1]},
    {"type": "string", "enum": ["good", None]},
    {"type": "integer", "enum": ["good"]},
    {"type": ["string", "integer"]},
    {"type": "string", "minLength": 1},
    {"type": "string", "pattern": "a"},
    {"type": "integer", "minimum": 0.5},
    {"type": "integer", "maximum": 2**63},
    {"type": "number", "minimum": 0},
    {"type": "array"},
    {"type": "array", "items": TEXT, "maxItems": 3},
    {"type": "array", "items": {"type": "array", "items": TEXT}},
    {"type": "object", "properties": {"a": TEXT}},
    {"anyOf": [TEXT, {"type": "null"}]},
]
TEXTS = ["", "good", "bad", "Good", "x\\ny", "\\ud83d\\ude00", "\\ud800", "\x00", "ü"]
WHOLE = ["0", "1", "6", "-0", "-1", "01", "+1", str(2**63 - 1), str(2**63), str(-(2**63) - 1), str(2**64), "1" * 30]
BROKEN = ["-0.0", "1.0", "1e2", "1e999", "5e-324", "0.1e1", "1.", ".5", "0.30000000000000004", "NaN"]
LISTS = ["[]", '["good"]', '["good","x"]', "[1,2.5]", "[1,null]", "[1,]", "[[]]"]
VALUES = [*(f'"{text}"' for text in TEXTS), *WHOLE, *BROKEN, *LISTS, "null", "true", "false", "{}", '{"a":1}']
FRAMES = ["{%s}", "{%s}", "{%s}", " {%s}\n", "```json\n{%s}\n```", "{%s}}", "[{%s}]", "\ud800{%s}"]
NAMES = ["score", "reason", "self", "mro"]


def object_of(properties: dict[str, Any], **more: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def one_by_one(reply: Reply, schema: Schema) -> object:
    checker = Checker(schema)
    checker.read = None
    return typed(reply, checker)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    properties = {name: draw(st.sampled_from(PLAIN)) for name in names}
    required = draw(st.lists(st.sampled_from(names), unique=True))
    return object_of(properties, additionalProperties=draw(st.booleans())) | {"required": required}


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Objects with about these properties, not all of them JSON."""
    names = draw(st.lists(st.sampled_from([*NAMES, "sc\\u006fre", "more"]), max_size=6))
    members = ", ".join(f'"{name}": {draw(st.sampled_from(VALUES))}' for name in names)
    return draw(st.sampled_from(FRAMES)) % members


@given(schemas(), texts())
def test_reading_in_one_pass_gives_what_parsing_and_checking_give(schema: Schema, text: str) -> None:
    reply = Reply(Kind.SPOKEN, "STOP", text)
    assert Checker(schema).read is not None
    assert repr(typed(reply, Checker(schema))) == repr(one_by_one(reply, schema))


@pytest.mark.parametrize("kind", PLAIN, ids=str)
@pytest.mark.parametrize("value", VALUES)
def test_every_value_is_taken_for_the_same_by_every_kind(kind: dict[str, Any], value: str) -> None:
    reply, schema = Reply(Kind.SPOKEN, "STOP", f'{{"a":{value}}}'), object_of({"a": kind})
    assert repr(typed(reply, Checker(schema))) == repr(one_by_one(reply, schema))


@pytest.mark.parametrize("kind", NOT_PLAIN, ids=str)
def test_a_schema_that_asks_for_more_is_not_plain(kind: dict[str, Any]) -> None:
    assert reader_of(object_of({"a": kind})) is None


@pytest.mark.parametrize(
    "schema",
    [
        TEXT,
        {"type": "object"},
        {"properties": {"a": TEXT}},
        object_of({"a": TEXT}, minProperties=1),
        object_of({"a": TEXT}) | {"required": ["b"]},
        object_of({"no name": TEXT}),
        object_of({"class": TEXT}),
        object_of({"_a": TEXT}),
    ],
    ids=str,
)
def test_what_is_no_object_of_named_properties_is_not_plain(schema: Schema) -> None:
    assert reader_of(schema) is None


def test_an_answer_in_another_order_comes_in_that_of_the_schema() -> None:
    reply = Reply(Kind.SPOKEN, "STOP", '{"b": 1, "a": "x"}')
    schema = object_of({"a": TEXT, "b": {"type": "integer"}, "c": TEXT}) | {"required": ["a"]}
    found = typed(reply, Checker(schema))
    assert repr(found) == repr((reply.text, {"a": "x", "b": 1, "c": None}, False))
