from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import InputFormat, Layout
from batchdrop.rows.inputs import Inputs
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.prompt import missing_columns, parse_prompt
from batchdrop.rows.render import PromptRequests
from batchdrop.rows.schema import json_schema
from batchdrop.rows.values import Problem

JSONL = Layout(format=InputFormat.JSONL)


def csv(*columns: str) -> Layout:
    return Layout(format=InputFormat.CSV, columns=columns)


def taken(
    schema: str, layout: Layout, row: dict[str, Any], defaults: dict[str, Any] | None = None
) -> dict[str, Any] | Problem:
    take = Inputs(json_schema(yaml.safe_load(schema)), defaults or {}, layout).take
    try:
        return dict(row if take is None else take(row))
    except RowProblem as found:
        return found.problem


def cell(kind: str, text: str) -> Any:
    """What a cell is read as, or the code of its problem."""
    found = taken(f"{{a: {kind}}}", csv("a"), {"a": text})
    return found.code if isinstance(found, Problem) else found.get("a", "absent")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "5", 5),
        ("integer", " -5 ", -5),
        ("integer", "5.0", 5),
        ("integer", "12345678901234567890123", 12345678901234567890123),
        ("integer", "5.5", "WRONG_TYPE"),
        ("integer", "5e3", "WRONG_TYPE"),
        ("integer", "1_000", "WRONG_TYPE"),
        ("integer", "1,000", "WRONG_TYPE"),
        ("integer", "٣", "WRONG_TYPE"),
        ("integer", "", "MISSING_FIELD"),
        ("integer", "9" * 5000, "WRONG_TYPE"),
        ("number", "5", 5),
        ("number", "+.5", 0.5),
        ("number", "1.50", 1.5),
        ("number", "1e3", 1000.0),
        ("number", "1e999", "WRONG_TYPE"),
        ("number", "nan", "WRONG_TYPE"),
        ("number", "0x10", "WRONG_TYPE"),
        ("boolean", "TRUE", True),
        ("boolean", "false", False),
        ("boolean", "yes", "WRONG_TYPE"),
        ("string", "5", "5"),
        ("string", "", ""),
        ("any", "5", "5"),
    ],
)
def test_a_cell_is_read_as_the_schema_says(kind: str, text: str, value: object) -> None:
    assert cell(kind, text) == value
    assert type(cell(kind, text)) is type(value)


def test_a_cell_may_hold_a_list_or_an_object_as_json() -> None:
    schema = "{tags(array): string, who(object): {name: string}}"
    layout = csv("tags", "who")
    assert taken(schema, layout, {"tags": '["a"]', "who": '{"name": "b"}'}) == {"tags": ["a"], "who": {"name": "b"}}
    problem = taken(schema, layout, {"tags": '["a", 5]', "who": "{}"})
    assert isinstance(problem, Problem)
    assert (problem.code, problem.path) == ("WRONG_TYPE", "tags[1]")
    problem = taken(schema, layout, {"tags": "[broken", "who": "{}"})
    assert isinstance(problem, Problem)
    assert (problem.code, problem.path) == ("WRONG_TYPE", "tags")


def test_an_empty_cell_that_is_no_text_is_no_value() -> None:
    layout = csv("n", "k")
    assert taken("n?: integer\nk?(enum): [a, b]", layout, {"n": "", "k": ""}) == {"n": None, "k": None}
    json = "{type: object, properties: {n: {type: integer}, k: {enum: [a, b]}}, required: [k]}"
    assert taken(json, layout, {"n": "", "k": "a"}) == {"k": "a"}
    problem = taken(json, layout, {"n": "", "k": ""})
    assert isinstance(problem, Problem)
    assert (problem.code, problem.path) == ("MISSING_FIELD", "k")


def test_a_default_stands_for_an_empty_cell_that_is_no_text() -> None:
    layout = csv("n", "t")
    assert taken("n?: integer\nt: string", layout, {"n": "", "t": ""}, {"n": 7, "t": "x"}) == {"n": 7, "t": ""}
    assert taken("n?: integer\nt: string", layout, {"n": "5", "t": ""}, {"n": 7, "t": "x"}) == {"n": 5, "t": ""}


def test_a_null_of_parquet_is_no_value_where_it_cannot_be_one() -> None:
    layout = Layout(format=InputFormat.PARQUET, columns=("n", "t"))
    json = "{type: object, properties: {n: {type: integer}, t: {type: [string, 'null']}}}"
    assert taken(json, layout, {"n": None, "t": None}) == {"t": None}
    assert taken(json, layout, {"n": None, "t": None}, {"n": 7, "t": "x"}) == {"n": 7, "t": "x"}


@pytest.mark.parametrize(
    ("schema", "row", "code", "path", "word"),
    [
        ("{a: integer}", {"a": "5"}, "WRONG_TYPE", "a", "whole number"),
        ("{a: string}", {"a": None}, "WRONG_TYPE", "a", "text"),
        ("{a: integer}", {"a": 1.5}, "WRONG_TYPE", "a", "whole number"),
        ("{a: integer}", {"a": True}, "WRONG_TYPE", "a", "whole number"),
        ("{a: integer}", {}, "MISSING_FIELD", "a", "lacks"),
        ("{a(object): {b: string}}", {"a": {}}, "MISSING_FIELD", "a.b", "lacks"),
        ("{a(object): {b: string}}", {"a": {"b": "", "secret": 1}}, "UNKNOWN_FIELD", "a.secret", "not name"),
        ("{a(array): {b: boolean}}", {"a": [{"b": True}, {"b": 0}]}, "WRONG_TYPE", "a[1].b", "true or false"),
        ("{a(enum): [x, y]}", {"a": "secret"}, "NOT_ALLOWED", "a", "none"),
        ("{type: object, properties: {a: {type: integer, minimum: 3}}}", {"a": 2}, "INVALID_VALUE", "a", "minimum"),
        ("{type: object, properties: {a: {pattern: '^x'}}}", {"a": "secret"}, "INVALID_VALUE", "a", "pattern"),
        ("{type: object, properties: {a: {pattern: '^x'}}}", {"a": "\ud800"}, "NOT_UNICODE", "", "Unicode"),
    ],
)
def test_a_row_that_breaks_the_schema_is_told_where_and_how(
    schema: str, row: dict[str, Any], code: str, path: str, word: str
) -> None:
    problem = taken(schema, JSONL, row)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.path) == (code, path)
    assert word in problem.message
    assert problem.hint
    assert "secret" not in problem.message + problem.hint


def test_the_first_problem_in_the_order_of_names_is_told() -> None:
    problem = taken("{b: integer, a: integer, c: integer}", JSONL, {"b": "", "c": "", "a": ""})
    assert isinstance(problem, Problem)
    assert problem.path == "a"


def test_a_row_may_hold_more_than_the_schema_names() -> None:
    assert taken("{a: string}", JSONL, {"a": "x", "more": 1}) == {"a": "x", "more": 1}
    assert taken("{a: string}", csv("a", "more"), {"a": "x", "more": "1"}) == {"a": "x", "more": "1"}


def test_a_csv_of_texts_needs_no_look_at_each_row() -> None:
    schema = json_schema({"a": "string", "b?": "string, a note"})
    assert Inputs(schema, {}, csv("a", "b")).take is None
    assert Inputs(schema, {"b": "x"}, csv("a", "b")).take is None
    assert Inputs(schema, {}, JSONL).take is not None
    assert Inputs(schema, {}, csv("b")).take is not None


@given(st.text(max_size=20))
def test_whatever_stands_in_a_cell_it_is_read_or_refused(text: str) -> None:
    for kind in ("integer", "number", "boolean"):
        value = cell(kind, text)
        assert value in ("WRONG_TYPE", "MISSING_FIELD", "NOT_UNICODE") or isinstance(value, int | float)


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_what_json_writes_a_cell_reads(value: object) -> None:
    kind = {bool: "boolean", int: "integer", float: "number"}[type(value)]
    assert cell(kind, orjson.dumps(value).decode() if not isinstance(value, int) else str(value)) == value


def test_a_cast_value_is_what_the_template_sees() -> None:
    source = b"---\ninput: {schema: {n: number, ok: boolean}}\n---\n{{n}} {{#if ok}}on{{else}}off{{/if}} {{json n}}"
    requests = PromptRequests(parse_prompt(source, "a.prompt"), csv("n", "ok"))
    line = requests.make(RowKey("j1.0.0"), {"n": "1.50", "ok": "FALSE"}).line
    assert orjson.loads(line)["request"]["contents"][0]["parts"][0]["text"] == "1.5 off 1.5"


def test_a_csv_that_lacks_what_the_schema_requires_is_told_so_at_once() -> None:
    parsed = parse_prompt(
        b"---\ninput:\n  schema:\n    a: string\n    b: integer\n    c?: string\n---\n{{a}}", "a.prompt"
    )
    assert missing_columns(parsed, csv("a")) == ("b",)
    assert missing_columns(parsed, Layout(format=InputFormat.PARQUET, columns=("a", "b"))) == ()
