"""Requests that are asked once more with room for a longer answer."""

import json
from typing import Any

import pytest

from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.more_tokens import with_more_tokens


def line(text: str = "Hi", **config: object) -> bytes:
    request = {"contents": [{"role": "user", "parts": [{"text": text}]}], "generationConfig": config}
    return json.dumps({"custom_id": "j1.0.0", "request": request}).encode() + b"\n"


def compact(written: bytes) -> bytes:
    return json.dumps(json.loads(written), separators=(",", ":")).encode() + b"\n"


def config_of(written: bytes | None) -> dict[str, Any]:
    assert written is not None
    assert written.endswith(b"}\n")
    found: dict[str, Any] = json.loads(written)["request"]["generationConfig"]
    return found


@pytest.mark.parametrize(("now", "more"), [(16, 64), ("16", 64), (20_000, 65_536), (65_535, 65_536)])
def test_a_request_gets_four_times_its_tokens_within_the_limit(now: object, more: int) -> None:
    assert config_of(with_more_tokens(line(maxOutputTokens=now), 65_536))["maxOutputTokens"] == more


@pytest.mark.parametrize("config", [{"maxOutputTokens": 8_192}, {"maxOutputTokens": 9_000}, {"temperature": 0}, {}])
def test_a_request_that_has_the_most_already_is_not_changed(config: dict[str, Any]) -> None:
    assert with_more_tokens(line(**config), 8_192) is None


def test_a_request_without_a_config_has_the_most_already() -> None:
    assert with_more_tokens(b'{"custom_id":"j1.0.0","request":{"contents":[]}}\n', 8_192) is None


def test_nothing_else_of_a_request_changes_by_a_byte() -> None:
    before = (
        b'{"custom_id":"j1.0.0","request":{"contents":[{"parts":[{"text":"\\u00e9 \xc3\xa9"}]}],'
        b'"labels":{"n":1.50,"big":12345678901234567890},"generationConfig":{"maxOutputTokens":1,"seed":7}}}\n'
    )
    assert with_more_tokens(before, 100) == before.replace(b'Tokens":1', b'Tokens":4')


def test_a_request_that_would_grow_too_large_is_not_changed() -> None:
    short = compact(line("", maxOutputTokens=40))
    full = compact(line("x" * (REQUEST_BYTES - len(short)), maxOutputTokens=40))
    assert len(full) == REQUEST_BYTES
    assert with_more_tokens(full, 65_536) is None
    assert with_more_tokens(full.replace(b"xx", b"x", 1), 65_536) is not None
