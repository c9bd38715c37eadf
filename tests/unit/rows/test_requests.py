import base64
from typing import Any

import orjson
import pytest
from google.cloud.aiplatform_v1.types import GenerateContentRequest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import UnknownFields
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.requests import Settled, check_size, request_line, settle
from batchdrop.rows.values import Problem
from infra.local.vertex.shape import RowShape
from tests.unit.rows.buckets import BUCKETS
from tests.unit.rows.request_strategies import SLOW, requests, respelled

HELLO = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
PART = "request.contents[0].parts[0]"
ARGS = f"{PART}.functionCall.args"
TOOL = "request.tools[0]"
CONFIG = "request.generationConfig"
SCHEMA = f"{CONFIG}.responseSchema"
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}}


def said(*parts: object, **more: object) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}], **more}


def config(**more: object) -> dict[str, Any]:
    return {**HELLO, "generationConfig": more}


def calling(args: object) -> dict[str, Any]:
    return said({"functionCall": {"name": "f", "args": args}})


def problem_of(request: dict[str, Any], unknown: UnknownFields = UnknownFields.ERROR) -> Problem:
    with pytest.raises(RowProblem) as caught:
        settle(request, unknown, BUCKETS)
    return caught.value.problem


def file(uri: str, kind: str) -> dict[str, Any]:
    return said({"fileData": {"fileUri": uri, "mimeType": kind}})


def blob(data: str) -> dict[str, Any]:
    return said({"inlineData": {"mimeType": "image/png", "data": data}})


def shaped(**schema: object) -> dict[str, Any]:
    return config(responseSchema=schema)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"leaf": 1}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_a_request_line_holds_the_key_and_the_request_and_nothing_else() -> None:
    line = request_line(RowKey("j1.0.7"), said({"text": "ä\n"}))
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert orjson.loads(line) == {"custom_id": "j1.0.7", "request": said({"text": "ä\n"})}


def test_a_line_longer_than_vertex_takes_is_a_problem() -> None:
    line = request_line(RowKey("k"), said({"text": "x" * REQUEST_BYTES}))
    problem = check_size(line)
    assert problem is not None
    assert (problem.code, problem.path) == ("REQUEST_TOO_LARGE", "")
    assert check_size(line[:REQUEST_BYTES]) is None


def test_inline_data_that_is_too_large_is_pointed_to() -> None:
    data = base64.b64encode(bytes(REQUEST_BYTES)).decode()
    image = {"inlineData": {"mimeType": "image/png", "data": data}}
    problem = check_size(request_line(RowKey("k"), said({"text": "what is this?"}, image)))
    assert problem is not None
    assert problem.code == "INLINE_DATA_TOO_LARGE"
    assert problem.path == "request.contents[0].parts[1].inlineData.data"


@pytest.mark.parametrize(
    "request_",
    [
        HELLO,
        {"contents": [{"parts": [{"text": "no role, but alone"}]}]},
        file("gs://b/x.pdf", "application/pdf"),
        said({"inlineData": {"data": "AAAA", "mimeType": "image/png"}}),
        said({"inlineData": {"data": "A-_A", "mimeType": "audio/wav; rate=16000"}}),
        said({"text": "", "thought": True, "thoughtSignature": "AAAA"}),
        {"contents": [{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [{"text": "b"}]}]},
        calling({"city": "Oslo", "days": [1, 2.5], "exact": None}),
        {**HELLO, "systemInstruction": {"role": "system", "parts": [{"text": "be brief"}]}},
        config(
            responseMimeType="application/json",
            responseSchema={"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
        ),
    ],
)
def test_a_sound_request_stays_as_it_is(request_: dict[str, Any]) -> None:
    assert settle(request_, buckets=BUCKETS).request == request_


@pytest.mark.parametrize(
    ("request_", "code", "path"),
    [
        ({}, "NO_CONTENTS", "request.contents"),
        ({"contents": []}, "NO_CONTENTS", "request.contents"),
        ({"contents": None}, "NO_CONTENTS", "request.contents"),
        ({"contents": "hello"}, "WRONG_TYPE", "request.contents[0]"),
        ({"contents": [{}]}, "EMPTY_OBJECT", "request.contents[0]"),
        ({"contents": [{"role": "system", "parts": [{"text": "x"}]}]}, "BAD_ROLE", "request.contents[0].role"),
        ({"contents": [{"parts": [{"text": "x"}]}] * 2}, "BAD_ROLE", "request.contents[0].role"),
        ({"contents": [{"role": "user"}]}, "NO_PARTS", "request.contents[0].parts"),
        ({"contents": [{"role": "user", "parts": []}]}, "NO_PARTS", "request.contents[0].parts"),
        (said({}), "EMPTY_OBJECT", PART),
        (said({"text": None}), "EMPTY_OBJECT", PART),
        (said({"text": ""}), "EMPTY_TEXT", f"{PART}.text"),
        (said({"text": 5}), "WRONG_TYPE", f"{PART}.text"),
        (said({"thought": True}), "BAD_PART", PART),
        (said({"text": "x", "inlineData": {"mimeType": "image/png", "data": "AA"}}), "ONE_OF", PART),
        (file("https://x/y.png", "image/png"), "BAD_URI", f"{PART}.fileData.fileUri"),
        (file("gs://bucket", "image/png"), "BAD_URI", f"{PART}.fileData.fileUri"),
        (said({"fileData": {"fileUri": "gs://b/x"}}), "MISSING_FIELD", f"{PART}.fileData.mimeType"),
        (file("gs://b/x", "png"), "BAD_MIME_TYPE", f"{PART}.fileData.mimeType"),
        (blob("ü"), "BAD_BASE64", f"{PART}.inlineData.data"),
        (blob("AAAAA"), "BAD_BASE64", f"{PART}.inlineData.data"),
        (blob(""), "EMPTY_DATA", f"{PART}.inlineData.data"),
        (config(temperature="warm"), "WRONG_TYPE", f"{CONFIG}.temperature"),
        (config(temperature=True), "WRONG_TYPE", f"{CONFIG}.temperature"),
        (config(maxOutputTokens=2**40), "OUT_OF_RANGE", f"{CONFIG}.maxOutputTokens"),
        (config(maxOutputTokens=1.5), "WRONG_TYPE", f"{CONFIG}.maxOutputTokens"),
        (config(mediaResolution="HUGE"), "UNKNOWN_VALUE", f"{CONFIG}.mediaResolution"),
        (
            {**HELLO, "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}]},
            "MISSING_FIELD",
            "request.safetySettings[0].threshold",
        ),
        ({**HELLO, "tools": [{"codeExecution": {}}]}, "EMPTY_OBJECT", f"{TOOL}.codeExecution"),
        ({**HELLO, "tools": [{}]}, "EMPTY_OBJECT", "request.tools[0]"),
        (
            {**HELLO, "tools": [{"retrieval": {"vertexRagStore": {"similarityTopK": 3}}}]},
            "NOT_IN_BATCH",
            f"{TOOL}.retrieval.vertexRagStore",
        ),
        ({**HELLO, "cachedContent": "projects/p/cachedContents/1"}, "NOT_IN_BATCH", "request.cachedContent"),
        ({**HELLO, "model": "gemini-3.5-flash"}, "MODEL_IN_REQUEST", "request.model"),
        ({**HELLO, "labels": {"cost-center": "x"}}, "BAD_NAME", "request.labels.cost-center"),
        ({**HELLO, "labels": {"row": 17}}, "WRONG_TYPE", "request.labels.row"),
        (config(maxOutputTokens=1, max_output_tokens=2), "FIELD_TWICE", f"{CONFIG}.maxOutputTokens"),
        ({**HELLO, "generationConfig": {"seed": 1}, "generation_config": {"seed": 1}}, "FIELD_TWICE", CONFIG),
        (calling({"first name": 1}), "BAD_NAME", f"{ARGS}.first name"),
        (calling({"_table_x": 1}), "BAD_NAME", f"{ARGS}._table_x"),
        (calling({"Name": 1, "name": 2}), "SAME_NAME", ARGS),
        (calling({"a": {}}), "EMPTY_OBJECT", f"{ARGS}.a"),
        (calling({"a": [None]}), "NULL_IN_ARRAY", f"{ARGS}.a[0]"),
        (calling({"a": [[1]]}), "ARRAY_IN_ARRAY", f"{ARGS}.a[0]"),
        (calling({"a": [1, "x"]}), "MIXED_TYPES", f"{ARGS}.a[1]"),
        (
            said({"functionResponse": {"name": "f", "response": {}}}),
            "EMPTY_OBJECT",
            f"{PART}.functionResponse.response",
        ),
        (shaped(properties={"größe": {"type": "STRING"}}), "BAD_NAME", f"{SCHEMA}.properties.größe"),
        (shaped(**PERSON, required=["age"]), "UNDEFINED_PROPERTY", f"{SCHEMA}.required"),
        (shaped(**{"$ref": "#/$defs/a"}), "BAD_REFERENCE", SCHEMA),
        (shaped(**{"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}), "RECURSIVE_SCHEMA", SCHEMA),
    ],
)
def test_what_vertex_or_its_importer_would_refuse_is_named_with_its_path(
    request_: dict[str, Any], code: str, path: str
) -> None:
    problem = problem_of(request_)
    assert (problem.code, problem.path) == (code, path)
    assert problem.message
    assert problem.hint


def test_an_unknown_field_comes_with_what_was_meant() -> None:
    problem = problem_of(config(temprature=1))
    assert (problem.code, problem.path) == ("UNKNOWN_FIELD", f"{CONFIG}.temprature")
    assert problem.hint.startswith("Did you mean temperature?")
    assert "batch.unknown_fields" in problem.hint


def test_a_field_in_the_wrong_place_comes_with_the_right_one() -> None:
    assert problem_of({**HELLO, "max_output_tokens": 5}).hint.startswith("It belongs into request.generationConfig.")
    assert problem_of(config(tools=[])).hint.startswith("It belongs into request.")


def test_an_unknown_name_of_an_enum_comes_with_what_was_meant() -> None:
    problem = problem_of({**HELLO, "safetySettings": [{"category": "HARM_CATEGORY_HARRASMENT", "threshold": "OFF"}]})
    assert problem.hint.startswith("Did you mean HARM_CATEGORY_HARASSMENT?")


@pytest.mark.parametrize(
    ("request_", "settled"),
    [
        ({"contents": {"parts": {"text": "x"}}}, {"contents": [{"parts": [{"text": "x"}]}]}),
        (
            {
                **HELLO,
                "system_instruction": {"parts": [{"text": "s"}]},
                "labels": {},
                "tools": [],
                "safety_settings": None,
            },
            {**HELLO, "systemInstruction": {"parts": [{"text": "s"}]}},
        ),
        (
            config(max_output_tokens="256", temperature="0.5", topK=3.0),
            config(maxOutputTokens=256, temperature=0.5, topK=3),
        ),
        (config(thinkingConfig={}, stopSequences=None), HELLO),
        (config(mediaResolution="media_resolution_low"), config(mediaResolution="MEDIA_RESOLUTION_LOW")),
        (said({"text": "a"}, {"text": ""}), said({"text": "a"})),
        (calling({}), said({"functionCall": {"name": "f"}})),
        (
            {**HELLO, "tools": [{"google_search": {}}]},
            {**HELLO, "tools": [{"googleSearch": {"timeRangeFilter": None}}]},
        ),
        (
            {**HELLO, "tools": [{"googleSearch": {"timeRangeFilter": None}}]},
            {**HELLO, "tools": [{"googleSearch": {"timeRangeFilter": None}}]},
        ),
        (
            config(
                responseSchema={"$schema": "x", "$defs": {"P": PERSON}, "type": "array", "items": {"$ref": "#/$defs/P"}}
            ),
            config(
                responseSchema={
                    "type": "ARRAY",
                    "items": {"type": "OBJECT", "properties": {"name": {"type": "STRING"}}},
                }
            ),
        ),
        (
            config(responseSchema={"anyOf": [{"type": "integer"}, {"type": "null"}], "title": "Age"}),
            config(responseSchema={"type": "INTEGER", "title": "Age", "nullable": True}),
        ),
        (
            shaped(type=["string", "integer"], enum=None, required=None),
            shaped(anyOf=[{"type": "STRING"}, {"type": "INTEGER"}]),
        ),
        (
            config(responseSchema={"type": ["string", "null"], "const": "x"}),
            config(responseSchema={"type": "STRING", "nullable": True, "enum": ["x"]}),
        ),
        (
            config(responseJsonSchema={"type": "object", "properties": {"a": {"type": ["string", "null"]}, "b": {}}}),
            config(
                responseJsonSchema={
                    "type": "object",
                    "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": True},
                }
            ),
        ),
    ],
)
def test_what_keeps_its_meaning_is_restated(request_: dict[str, Any], settled: dict[str, Any]) -> None:
    assert settle(request_, buckets=BUCKETS).request == settled


def test_fields_newer_than_this_version_pass_if_the_job_allows_them() -> None:
    newer = {
        **config(newKnob={"level": 3}),
        "newField": "x",
        "safetySettings": [{"category": "NEW", "threshold": "OFF"}],
    }
    settled = settle(newer, UnknownFields.ALLOW)
    assert settled.request == newer
    assert settled.signature[f"{CONFIG}.newKnob.level"] == "number"
    assert problem_of({**HELLO, "new field": 1}, UnknownFields.ALLOW).code == "BAD_NAME"


def test_objects_may_nest_as_deep_as_a_table_can() -> None:
    assert settle(calling(nested(9))).request
    assert problem_of(calling(nested(11))).code == "TOO_DEEP"


def test_references_that_multiply_are_cut_off() -> None:
    definitions = {f"d{n}": {"properties": {x: {"$ref": f"#/$defs/d{n + 1}"} for x in "abcdefgh"}} for n in range(20)}
    bomb = config(responseSchema={"$defs": {**definitions, "d20": {"type": "string"}}, "$ref": "#/$defs/d0"})
    assert problem_of(bomb).code == "SCHEMA_TOO_LARGE"


def test_nothing_free_is_no_signature_and_what_is_free_is_signed_by_place() -> None:
    assert settle(config(responseSchema=PERSON)).signature == {}
    assert settle(calling({"City": "Oslo", "days": [{"n": 1}], "x": None})).signature == {
        "request.contents[].parts[].functionCall.args": "object",
        "request.contents[].parts[].functionCall.args.city": "string",
        "request.contents[].parts[].functionCall.args.days": "array",
        "request.contents[].parts[].functionCall.args.days[]": "object",
        "request.contents[].parts[].functionCall.args.days[].n": "number",
        "request.contents[].parts[].functionCall.args.x": "null",
    }


@SLOW
@given(requests())
def test_every_request_of_the_definition_is_taken_unless_it_mixes_types(request_: dict[str, Any]) -> None:
    assert code_of(request_) in ("", "MIXED_TYPES")


@SLOW
@given(respelled())
def test_a_request_is_the_same_however_it_is_spelled(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    plain, respelled_ = map(settled_or_none, both)
    assert plain == respelled_


def code_of(request: dict[str, Any], unknown: UnknownFields = UnknownFields.ERROR) -> str:
    try:
        settle(request, unknown, BUCKETS)
    except RowProblem as found:
        return found.problem.code
    return ""


def settled_or_none(request: dict[str, Any]) -> Settled | None:
    try:
        return settle(request, buckets=BUCKETS)
    except RowProblem:
        return None


@SLOW
@given(respelled())
def test_what_is_settled_stays_parses_as_the_apis_message_and_can_be_imported(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    settled = settled_or_none(both[1])
    if settled is not None:
        assert settle(settled.request, buckets=BUCKETS) == settled
        json_format.ParseDict(settled.request, GenerateContentRequest.pb(GenerateContentRequest()))
        RowShape().add({"custom_id": "k", "request": settled.request})


KEYS = st.sampled_from(
    """contents parts text fileData system_instruction role generationConfig responseSchema $ref properties type anyOf
    tools functionCall args responseJsonSchema a$b""".split()  # noqa: SIM905  # two lines say it as well as twenty
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab$", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            KEYS,
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(
    st.dictionaries(st.sampled_from(["contents", "generationConfig", "tools", "x"]), JSON),
    st.sampled_from(UnknownFields),
)
def test_no_json_whatever_breaks_the_checks(value: dict[str, Any], unknown: UnknownFields) -> None:
    assert code_of(value, unknown) is not None


def test_the_text_of_a_row_problem_holds_no_row_data() -> None:
    with pytest.raises(RowProblem) as caught:
        settle(calling({"secret": ["a", 1]}))
    assert str(caught.value) == "MIXED_TYPES"
