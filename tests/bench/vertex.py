"""What Vertex would answer, streamed: every line echoes its request, and the lines come in another order."""

import json
import random
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from batchdrop.ports import ObjectWriter

PASSES = 3
_BLOCK = 2_000
_LONG = 32_000


class _Line(msgspec.Struct):
    custom_id: msgspec.Raw
    request: msgspec.Raw


_DECODER = msgspec.json.Decoder(_Line)


def answer_all(requests: Iterable[bytes], kind: str, first: int, out: ObjectWriter) -> None:
    """Write an answer of a kind (`text`, `schema` or `long`) to every third line, beginning with one."""
    responses = [_response(_TEXTS[kind](number), number) for number in range(16)]
    order = random.Random(first)
    lines = islice(requests, first, None, PASSES)
    while block := list(islice(lines, _BLOCK)):
        order.shuffle(block)
        for number, line in enumerate(block):
            asked = _DECODER.decode(line)
            out.write(
                b'{"custom_id":%b,"status":"","processed_time":"2026-11-01T12:00:00.000+00:00","request":%b,%b}\n'
                % (asked.custom_id, asked.request, responses[number % 16])
            )


def lines_in(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of a stream, without their ends."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _response(text: str, number: int) -> bytes:
    candidate = {
        "content": {"role": "model", "parts": [{"text": text}]},
        "finishReason": "STOP",
        "avgLogprobs": -0.1043 - number / 100,
    }
    usage = {
        "promptTokenCount": 103 + number,
        "candidatesTokenCount": 41,
        "totalTokenCount": 144 + number,
        "trafficType": "ON_DEMAND",
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 103 + number}],
        "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 41}],
    }
    response = {
        "candidates": [candidate],
        "createTime": "2026-11-01T12:00:00.000Z",
        "modelVersion": "gemini-3.5-flash-lite",
        "responseId": f"response-{number}",
        "usageMetadata": usage,
    }
    return b'"response":' + json.dumps(response, ensure_ascii=False, separators=(",", ":")).encode()


def _text(number: int) -> str:
    return f"The customer is content with the goods ({number}) and less so with the parcel; \u00fcber alles: 4 of 5."


def _schema(number: int) -> str:
    answer = {
        "sentiment": ("positive", "negative", "neutral", "mixed")[number % 4],
        "score": number,
        "topics": ["delivery", "quality", f"topic {number}"],
        "reason": 'They call it "unbreakable", and it broke on the first day.',
    }
    return json.dumps(answer)


def _long(number: int) -> str:
    return (_text(number) + "\n") * (_LONG // len(_text(number)))


_TEXTS = {"text": _text, "schema": _schema, "long": _long}
