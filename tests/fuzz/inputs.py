"""Inputs for the targets, built by Hypothesis: mostly what could be right, often with a telling piece put somewhere."""

import json
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

Bytes = st.SearchStrategy[bytes]
Values = st.SearchStrategy[object]

_ANYWHERE = (b"\n", b"\r\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b" ", b"\xe2\x80\xa8", b'"', b"\\", b"\t")
_IN_CSV = (b",", b";", b'""', b'","', b'"\n', b',"', b"=1+1", *_ANYWHERE)
_IN_JSON = (b"{", b"}", b"[", b"]", b":", b",", b"\\ud800", b"1e400", b"-", b"[" * 200, b'"a":1,"a":2', *_ANYWHERE)
_IN_PROMPT = (b"{{", b"}}", b"{{/if}}", b"---\n", b": ", b"&a [*a]", b"!!python/object:x", b"{{> p}}", *_ANYWHERE)

_TEXTS: st.SearchStrategy[str] = st.sampled_from(["", "a", "ü", "=1", "gs://input/x", "1", "😀", "a\nb", "STRING"])
_SCALARS: Values = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1e300, 0.5, 2**70]) | _TEXTS
_FIELDS = (
    *("contents", "parts", "role", "text", "fileData", "file_uri", "mimeType", "data", "inlineData", "functionCall"),
    *("args", "name", "generationConfig", "responseSchema", "type", "properties", "items", "enum", "$ref", "$defs"),
    *("temperature", "maxOutputTokens", "stop_sequences", "labels", "safetySettings", "tools", "googleSearch", "a b"),
)


def _objects(names: Sequence[str], values: Values) -> Values:
    return st.dictionaries(st.sampled_from(names), values, max_size=3)


def _anything(names: Sequence[str]) -> Values:
    return st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | _objects(names, inner), max_leaves=8)


def _mostly(right: Sequence[object], names: Sequence[str]) -> Values:
    return st.sampled_from(right) | st.sampled_from(right) | _anything(names)


def _lines(values: Values) -> Bytes:
    return st.lists(values.map(_dumped), max_size=5).map(b"\n".join)


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@st.composite
def _mangled(draw: st.DrawFn, whole: Bytes, pieces: Sequence[bytes]) -> bytes:
    """Put a piece somewhere into every second input, over what stands there."""
    data = draw(whole)
    if draw(st.booleans()):
        return data
    at = draw(st.integers(0, len(data)))
    piece = draw(st.sampled_from(pieces) | st.binary(max_size=2))
    return data[:at] + piece + data[at + draw(st.integers(0, 3)) :]


def _csv() -> Bytes:
    fields = st.sampled_from(["1", "", "a", '"b"', '"c,\n""d"""', "ü", "x y", '"', " 1 ", "=1+1"])
    records = st.lists(fields, min_size=1, max_size=3).map(",".join)
    ends = st.sampled_from(["\n", "\r\n", "\n\n"])
    rows = st.lists(st.tuples(records, ends).map("".join), max_size=6).map("".join)
    heads = st.sampled_from(["", "a,b\n", "id;name\r\n", "\ufeffa\n", "a\tb\tc\n"])
    return st.tuples(heads, rows).map(lambda pair: "".join(pair).encode())


_PARTS = (
    {"text": "a"},
    {"fileData": {"fileUri": "gs://input/x.pdf", "mimeType": "application/pdf"}},
    {"file_data": {"file_uri": "gs://input/x.png", "mime_type": "image/png"}, "text": None},
    {"inlineData": {"mimeType": "image/png", "data": "aGVsbG8="}},
    {"functionCall": {"name": "f", "args": {"a": 1}}},
)
_CONFIGS = (
    {"temperature": 0.5, "stopSequences": ["x"]},
    {"response_mime_type": "application/json", "response_schema": {"type": "OBJECT", "properties": {"a": {}}}},
    {"responseSchema": {"$ref": "#/$defs/a", "$defs": {"a": {"type": "STRING", "enum": None}}}},
    {"responseSchema": {"type": ["string", "null"]}, "temperature": "warm"},
)


def _requests() -> Values:
    contents = st.fixed_dictionaries(
        {"parts": st.lists(_mostly(_PARTS, _FIELDS), min_size=1, max_size=3)},
        optional={"role": _mostly(["user", "model"], _FIELDS)},
    )
    return st.fixed_dictionaries(
        {"contents": st.lists(contents, min_size=1, max_size=2)},
        optional={
            "generationConfig": _mostly(_CONFIGS, _FIELDS),
            "systemInstruction": contents,
            "labels": _mostly([{"a": "b"}], _FIELDS),
            "tools": _mostly([[{"googleSearch": {}}]], _FIELDS),
            "safety_settings": _mostly([[]], _FIELDS),
        },
    )


def _native() -> Bytes:
    rows = st.fixed_dictionaries({"request": _requests()}, optional={"id": _SCALARS, "v": _anything(_FIELDS)})
    return _lines(rows)


def _front() -> Values:
    return st.fixed_dictionaries(
        {"model": _mostly(["gemini-x", "googleai/gemini-x"], ["a"])},
        optional={
            "config": _mostly([{"temperature": 0.1}, {"max_output_tokens": 5}, {"topK": 1.5}], _FIELDS),
            "input": _mostly([{"schema": {"a": "integer", "b?": "string"}}, {"default": {"c": "x"}}], ["schema"]),
            "output": _mostly([{"schema": {"n": "integer", "s?(array)": "string"}}, {"format": "json"}], _FIELDS),
            "batch.output": _mostly(["csv", "jsonl", "parquet"], ["a"]),
            "batch.max_invalid": _mostly([1, 0.5], ["a"]),
            "batch.labels": _mostly([{"a": "b"}], ["a"]),
            "batch.max_cost_usd": _mostly(["1", "0.0000001"], ["a"]),
            "tools": _mostly([[]], ["a"]),
        },
    )


def _prompts() -> Bytes:
    tags = (
        "{{a}}",
        "{{b}}",
        "text ",
        "{{#if a}}x{{else}}y{{/if}}",
        "{{#each b}}{{this}}{{/each}}",
        '{{role "system"}}',
    )
    more = ('{{role "user"}}', "{{media url=a}}", "{{{a}}}", "{{#with a}}{{.}}{{/with}}", "{{c.d}}", '{{role "model"}}')
    templates = st.lists(st.sampled_from([*tags, *more, "\n"]), min_size=1, max_size=6).map("".join)
    return st.tuples(_front(), templates).map(lambda pair: b"---\n%b\n---\n%b" % (_dumped(pair[0]), pair[1].encode()))


_USAGE = {"promptTokenCount": 7, "candidatesTokenCount": "3"}
_ANSWERED: Sequence[object] = (
    {"candidates": [{"content": {"parts": [{"text": '{"n":2}'}]}, "finishReason": "STOP"}], "usageMetadata": _USAGE},
    {"candidates": [{"content": {"parts": [{"text": '```json\n{"n": "x"}\n```'}]}, "finishReason": "MAX_TOKENS"}]},
    {"candidates": [{"content": {"parts": [{"thought": True, "text": "x"}]}}, {"finishReason": "SAFETY"}]},
    {"promptFeedback": {"blockReason": "SAFETY"}, "candidates": []},
    {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {}}}]}}]},
    {},
)
_OF_ANSWERS = ("candidates", "content", "parts", "text", "finishReason", "usageMetadata", "promptTokenCount", "status")


def _answers() -> Bytes:
    lines = st.fixed_dictionaries(
        {"custom_id": _mostly(["KEY0", "KEY1", "KEY2"], ["a"]), "response": _mostly(_ANSWERED, _OF_ANSWERS)},
        optional={
            "status": _mostly(["", "429 RESOURCE_EXHAUSTED", "Bad Request: 400 INVALID_ARGUMENT"], ["code", "message"]),
            "request": _mostly(["ASK0", "ASK1", "ASK2"], _FIELDS),
            "processed_time": _mostly(["2026-11-01T12:00:00Z"], ["a"]),
        },
    )
    return _lines(lines).map(_with_requests)


def _with_requests(data: bytes) -> bytes:
    for number in range(3):
        data = data.replace(b'"ASK%d"' % number, b"ASK%d" % number)
    return data


def _heads() -> Bytes:
    magic = (b"PAR1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff\x00", b"%PDF-", b"")
    return st.tuples(st.sampled_from(magic), _csv() | _native() | st.binary(max_size=40)).map(b"".join)


_REQUEST: Values = st.sampled_from(_PARTS) | st.sampled_from(_CONFIGS) | _requests() | _anything(_FIELDS)
INPUTS: Mapping[str, Bytes] = {
    "csv": _mangled(_csv(), _IN_CSV),
    "jsonl": _mangled(_lines(_anything(["a", "b", "output"]) | _objects(["a", "b"], _SCALARS)), _IN_JSON),
    "head": _mangled(_heads(), _ANYWHERE),
    "compressed": _csv(),
    "native": _mangled(_native(), _IN_JSON),
    "request": _mangled(_REQUEST.map(_dumped), _IN_JSON),
    "prompt": _mangled(_prompts(), _IN_PROMPT),
    "answers": _mangled(_answers(), _IN_JSON),
}
"""By target, what to try."""
