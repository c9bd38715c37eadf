import json
import random
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import UnknownFields
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.fingerprint import fingerprint, fingerprint_of_echo
from batchdrop.rows.native import NativeRequests
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.requests import Settled, settle
from batchdrop.rows.signatures import PLAIN, merge
from batchdrop.rows.values import Problem, Request
from infra.local.vertex.shape import RowShape
from tests.unit.rows.buckets import BUCKETS
from tests.unit.rows.request_strategies import SLOW, requests, respelled, texts_only

KEY = RowKey("j1.0.7")
HELLO = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}


def made(raw: bytes, maker: NativeRequests | None = None) -> Request | Problem:
    try:
        return (maker or NativeRequests(buckets=BUCKETS)).make(KEY, raw)
    except RowProblem as found:
        return found.problem


def request_of(raw: bytes, maker: NativeRequests | None = None) -> dict[str, Any]:
    found = made(raw, maker)
    assert isinstance(found, Request), found
    line = orjson.loads(found.line)
    assert line.keys() == {"custom_id", "request"}
    assert line["custom_id"] == KEY
    request: dict[str, Any] = line["request"]
    return request


def code_of(raw: bytes, maker: NativeRequests | None = None) -> tuple[str, str]:
    found = made(raw, maker)
    assert isinstance(found, Problem), found
    return found.code, found.path


def line(text: object, **siblings: object) -> bytes:
    request = {
        "contents": [{"role": "user", "parts": [{"text": text}]}],
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "generationConfig": {"temperature": 0},
    }
    return json.dumps({**siblings, "request": request}).encode()


def test_a_sound_request_is_written_as_it_came_but_for_carriage_returns() -> None:
    request = (
        b'{ "contents" : [{"parts": [{"text":"\\u00e4 \\/ \xc3\xa4"}], "role":"user"}],\r'
        b'"generationConfig":{"temperature":0.50,"seed":1e3} }'
    )
    maker = NativeRequests(buckets=BUCKETS)
    for _ in range(3):
        found = made(b'{"id":1, "request":' + request + b', "more":[2]}', maker)
        assert isinstance(found, Request)
        assert found.line == b'{"custom_id":"j1.0.7","request":' + request.replace(b"\r", b" ") + b"}\n"
        assert found.signature is PLAIN


@pytest.mark.parametrize(
    "siblings",
    [
        {},
        {"id": "r-1"},
        {"id": 17},
        {"id": 0},
        {"id": ""},
        {"id": None},
        {"id": 'says "request": {"contents": 1}'},
        {"id": {"request": {"contents": []}}},
        {"id": "ü \\ \U0001f600"},
        {"a": 1, "b": [1, {"c": None}]},
    ],
)
@pytest.mark.parametrize("behind", [False, True])
def test_what_else_a_line_has_changes_nothing(siblings: dict[str, object], *, behind: bool) -> None:
    maker = NativeRequests(buckets=BUCKETS)
    for text in ("one", "two", 'th"ree\\'):
        request = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        row = {"request": request, **siblings} if behind else {**siblings, "request": request}
        for raw in (json.dumps(row).encode(), orjson.dumps(row)):
            found = made(raw, maker)
            assert isinstance(found, Request)
            assert orjson.loads(found.line)["request"] == request
            assert found.fingerprint == fingerprint(request)


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        (line(""), "EMPTY_TEXT", "request.contents[0].parts[0].text"),
        (line(5), "WRONG_TYPE", "request.contents[0].parts[0].text"),
        (line("x").replace(b'"x"', b'"\\ud800"'), "INVALID_JSON", ""),
        (line("x").replace(b'"x"', b'"\xff"'), "INVALID_UTF8", ""),
        (line("x").replace(b'"x"', b'"\x01"'), "INVALID_JSON", ""),
        (line("x").replace(b'"x"', b'"a","b"'), "INVALID_JSON", ""),
        (line("x").replace(b'"x"', b'"x","thought":1'), "WRONG_TYPE", "request.contents[0].parts[0].thought"),
        (line("x").replace(b'"x"', b'"x"}, {"txt": "y"'), "UNKNOWN_FIELD", "request.contents[0].parts[1].txt"),
        (line("x").replace(b'{"request"', b'{"id": 1e999, "request"'), "INVALID_JSON", ""),
        (line("x").replace(b'{"request"', b'{"id": "\xff", "request"'), "INVALID_UTF8", ""),
        (line("x").replace(b'{"request"', b'{"id": 1, 2, "request"'), "INVALID_JSON", ""),
        (line("x")[:-1], "INVALID_JSON", ""),
        (line("x") + b"}", "INVALID_JSON", ""),
        (line("x").replace(b'"request"', b'"requests"'), "NO_REQUEST", "request"),
        (b'{"request": "hello"}', "NO_REQUEST", "request"),
        (b'{"request": null}', "NO_REQUEST", "request"),
        (b'{"request": [{"contents": []}]}', "NO_REQUEST", "request"),
        (b"[1]", "NOT_AN_OBJECT", ""),
        (b"{}", "NO_REQUEST", "request"),
        (b"", "INVALID_JSON", ""),
        (b'{"request":' + b"[" * 100_000, "INVALID_JSON", ""),
        (b'{"request":{"contents":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_002, "INVALID_JSON", ""),
        (line([[[]] * 900]), "WRONG_TYPE", "request.contents[0].parts[0].text"),
    ],
)
def test_a_bad_line_is_refused_alike_whether_sound_ones_of_its_kind_came_before(
    raw: bytes, code: str, path: str
) -> None:
    maker = NativeRequests(buckets=BUCKETS)
    assert code_of(raw, maker) == (code, path)
    for text in ("one", "two"):
        request_of(line(text), maker)
    assert code_of(raw, maker) == (code, path)
    assert code_of(line("x", id=1).replace(b'"x"', b"7"), maker)[0] == "WRONG_TYPE"


def test_settings_in_snake_case_are_restated_in_every_line() -> None:
    maker = NativeRequests(buckets=BUCKETS)
    for text in ("one", "two"):
        request = {
            "generation_config": {"max_output_tokens": 5},
            "contents": [{"role": "user", "parts": [{"text": text}]}],
        }
        assert request_of(orjson.dumps({"request": request}), maker) == {
            "contents": request["contents"],
            "generationConfig": {"maxOutputTokens": 5},
        }


def test_a_row_may_name_the_model_of_its_job_and_no_other() -> None:
    named = orjson.dumps({"request": {"model": "publishers/google/models/gemini-3.5-flash", **HELLO}})
    assert request_of(named, NativeRequests(model="gemini-3.5-flash", buckets=BUCKETS)) == HELLO
    assert code_of(named, NativeRequests(model="gemini-3.5-pro", buckets=BUCKETS)) == (
        "MODEL_IN_REQUEST",
        "request.model",
    )
    assert code_of(named) == ("MODEL_IN_REQUEST", "request.model")


def test_unknown_fields_are_refused_unless_the_job_allows_them() -> None:
    raw = orjson.dumps({"request": {**HELLO, "newField": {"a": 1}}})
    assert code_of(raw) == ("UNKNOWN_FIELD", "request.newField")
    assert request_of(raw, NativeRequests(UnknownFields.ALLOW, buckets=BUCKETS)) == {**HELLO, "newField": {"a": 1}}


def test_a_request_that_is_too_large_is_refused_in_a_known_mould_too() -> None:
    maker = NativeRequests(buckets=BUCKETS)
    request_of(line("x"), maker)
    assert code_of(line("x" * REQUEST_BYTES), maker) == ("REQUEST_TOO_LARGE", "")


def test_turns_twice_in_a_request_do_not_pass_for_each_other() -> None:
    twin = {"contents": HELLO["contents"], "systemInstruction": HELLO["contents"][0]}
    maker = NativeRequests(buckets=BUCKETS)
    for text in ("hello", "other"):
        row = {**twin, "contents": [{"role": "user", "parts": [{"text": text}]}]}
        for ordered in (row, dict(reversed(row.items()))):
            assert request_of(orjson.dumps({"request": ordered}), maker) == row


@SLOW
@given(respelled(), st.sampled_from([orjson.dumps, lambda row: json.dumps(row).encode()]))
def test_a_line_becomes_what_its_request_settles_to(both: tuple[dict[str, Any], dict[str, Any]], dumps: Any) -> None:
    maker = NativeRequests(buckets=BUCKETS)
    for request in (*both, both[0]):
        found = made(dumps({"id": "x", "request": request}), maker)
        settled = settled_or_code(request)
        if isinstance(found, Request) and isinstance(settled, Settled):
            assert orjson.loads(found.line)["request"] == settled.request
            assert found.signature == settled.signature
            assert found.fingerprint == fingerprint(settled.request) == fingerprint_of_echo(orjson.dumps(request))
        else:
            assert isinstance(found, Problem)
            assert found.code == settled


def settled_or_code(request: dict[str, Any]) -> Settled | str:
    try:
        return settle(request, buckets=BUCKETS)
    except RowProblem as found:
        return found.problem.code


@SLOW
@given(st.lists(texts_only() | requests(), min_size=2, max_size=6))
def test_no_row_depends_on_those_before_it(rows: Sequence[dict[str, Any]]) -> None:
    maker = NativeRequests(buckets=BUCKETS)
    for number, request in enumerate(rows):
        raw = json.dumps({"id": f"r{number}", "request": request}).encode()
        assert made(raw, maker) == made(raw)


@SLOW
@given(st.lists(requests(), min_size=2, max_size=4))
def test_rows_whose_signatures_merge_can_be_imported_together(rows: Sequence[dict[str, Any]]) -> None:
    shape, signature = RowShape(), PLAIN
    for request in rows:
        found = made(orjson.dumps({"request": request}))
        merged = merge(signature, found.signature or PLAIN) if isinstance(found, Request) else None
        if isinstance(found, Request) and merged is not None:
            signature = merged
            shape.add(orjson.loads(found.line))


TOKENS = (
    *rb'{} [] null " \ \ud800 { } [ ] , : 1e999 NaN - "request": "contents": "text":"x" 9999999999999999999999'.split(),
    *rb'true "$ref":"#/$defs/a" "role":"user", "parts":[{"text":"y"}], "id":"q", "A":1,"a":"x",'.split(),
    *(b"\xff", b"\x00", b"\r", b" ", b'{"a":' * 300, b"[" * 2000),
)


def damaged(raw: bytes, rng: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(3):
            case 0:
                changed[at:at] = rng.choice(TOKENS)
            case 1:
                del changed[at : at + rng.choice((1, 2, 8))]
            case _:
                changed[at : at + 1] = bytes([rng.choice([*range(10), *range(11, 256)])])
    return bytes(changed)


@SLOW
@given(st.lists(respelled(), min_size=1, max_size=2), st.randoms(use_true_random=False), st.sampled_from(UnknownFields))
def test_no_bytes_whatever_break_it_or_come_through_unsound(
    rows: list[tuple[dict[str, Any], dict[str, Any]]], rng: random.Random, unknown: UnknownFields
) -> None:
    maker = NativeRequests(unknown, buckets=BUCKETS)
    for request in (request for both in rows for request in both):
        for _ in range(5):
            raw = damaged(orjson.dumps({"id": "x", "request": request}), rng)
            found = made(raw, maker)
            assert found == made(raw, NativeRequests(unknown, buckets=BUCKETS))
            if isinstance(found, Request):
                assert found.line.endswith(b"}\n")
                assert found.line.count(b"\n") == 1
                assert orjson.loads(raw)
                assert orjson.loads(found.line)["custom_id"] == KEY


def test_a_request_of_millions_of_objects_is_refused_before_it_is_taken_apart() -> None:
    args = b'{"functionCall":{"name":"f","args":{"a":[' + b'{"b":1},' * 2_000_000 + b'{"b":1}]}}}'
    found = made(b'{"request":{"contents":[{"role":"user","parts":[' + args + b"]}]}}")
    assert isinstance(found, Problem)
    assert found.code == "TOO_MANY_PARTS"


@given(st.binary(max_size=60))
def test_no_short_bytes_break_it(raw: bytes) -> None:
    assert isinstance(made(raw), Problem)


ELSEWHERE = "gs://secret/payroll.pdf"
FILES: list[dict[str, Any]] = [
    {"fileData": {"fileUri": ELSEWHERE, "mimeType": "application/pdf"}},
    {"file_data": {"file_uri": ELSEWHERE, "mime_type": "application/pdf"}},
    {"fileData": {"fileUri": "gs://bucket.evil/x", "mimeType": "image/png"}},
    {"fileData": {"fileUri": "gs://BUCKET/x", "mimeType": "image/png"}},
    {"text": "", "fileData": {"fileUri": ELSEWHERE, "mimeType": "image/png"}},
    {"fileData": {"fileUri": ELSEWHERE, "mimeType": "image/png"}, "videoMetadata": {"fps": 1}},
    {
        "functionResponse": {
            "name": "f",
            "response": {"a": 1},
            "parts": [{"fileData": {"fileUri": ELSEWHERE, "mimeType": "image/png"}}],
        }
    },
]


@pytest.mark.parametrize("part", FILES)
@pytest.mark.parametrize("before", [0, 20])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_file_in_a_bucket_that_is_not_allowed_is_a_row_error_whatever_came_before(
    part: dict[str, Any],
    before: int,
    escaped: bool,  # noqa: FBT001  # drawn
) -> None:
    maker = NativeRequests(buckets=BUCKETS)
    allowed = {"fileData": {"fileUri": "gs://bucket/x.pdf", "mimeType": "application/pdf"}}
    for _ in range(before):
        assert isinstance(made(native(allowed), maker), Request)
    raw = native(part)
    if escaped:
        raw = raw.replace(b"gs://", b"g\\u0073://").replace(b"fileUri", b"file\\u0055ri")
    found = made(raw, maker)
    assert isinstance(found, Problem)
    assert found.code == "MEDIA_BUCKET"
    assert found.path.startswith("request.contents[0].parts[1].")
    assert found.path.endswith("ileUri")
    assert "secret" not in found.message + found.hint
    assert "b, bucket" in found.hint
    assert isinstance(made(native(allowed), maker), Request)


def test_a_file_of_the_system_instruction_is_held_to_the_same_buckets() -> None:
    part = {"fileData": {"fileUri": ELSEWHERE, "mimeType": "text/plain"}}
    request = {**HELLO, "systemInstruction": {"parts": [part]}}
    found = made(json.dumps({"request": request}).encode())
    assert isinstance(found, Problem)
    assert (found.code, found.path) == ("MEDIA_BUCKET", "request.systemInstruction.parts[0].fileData.fileUri")


@pytest.mark.parametrize("uri", [ELSEWHERE, ELSEWHERE.replace("gs:", "GS:")])
@pytest.mark.parametrize("place", ["newField", "contents", "generationConfig"])
def test_fields_that_are_let_through_unknown_point_nowhere_else_either(uri: str, place: str) -> None:
    new = {"deep": [{"uri": "gs://bucket/x"}, {"uri": uri}]}
    requests: dict[str, dict[str, object]] = {
        "newField": {**HELLO, "newField": new},
        "contents": {"contents": [{"role": "user", "parts": [{"text": "hi", "newField": new}]}]},
        "generationConfig": {**HELLO, "generationConfig": {"newField": new}},
    }
    maker = NativeRequests(UnknownFields.ALLOW, buckets=BUCKETS)
    for _ in range(2):
        found = made(json.dumps({"request": requests[place]}).encode(), maker)
        assert isinstance(found, Problem)
        assert found.code == "MEDIA_BUCKET"
        assert found.path.endswith("newField.deep[1].uri")


def test_no_bucket_is_allowed_unless_told() -> None:
    part = {"fileData": {"fileUri": "gs://bucket/x.pdf", "mimeType": "application/pdf"}}
    found = made(native(part), NativeRequests())
    assert isinstance(found, Problem)
    assert found.code == "MEDIA_BUCKET"


def native(part: dict[str, Any]) -> bytes:
    turn = {"role": "user", "parts": [{"text": "Read this."}, part]}
    return json.dumps({"request": {"contents": [turn]}}).encode()
