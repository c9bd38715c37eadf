"""JSON in what a model wrote: alone, between code fences, or with words around it."""

import json
import re

import msgspec
import orjson

_FENCED = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_TRIES = 20
_MAX_DEPTH = 100


class Found(msgspec.Struct, frozen=True):
    """A JSON value. `bare` tells that nothing stood around it."""

    value: object
    bare: bool


def find_json(text: str) -> Found | None:
    """Find the JSON value in a text; None if there is none, or one nested more than 100 deep."""
    found = _load(text, bare=True)
    for fenced in _FENCED.finditer(text) if found is None else ():
        found = found or _load(fenced[1], bare=False)
    found = found or _embedded(text)
    return None if found is None or _too_deep(text, found.value) else found


def _load(text: str, *, bare: bool) -> Found | None:
    try:
        return Found(orjson.loads(text), bare)
    except orjson.JSONDecodeError:
        return None


def _embedded(text: str) -> Found | None:
    """Bounded tries: words may hold any number of brackets, and each try may read to the end."""
    decoder = json.JSONDecoder()
    at = 0
    for _ in range(_TRIES):
        opening = _OPENING.search(text, at)
        if opening is None:
            return None
        at = opening.start()
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        # The standard library takes NaN and half surrogates, which no output of ours could hold.
        return _load(text[at:end], bare=False)
    return None


def _too_deep(text: str, value: object) -> bool:
    if text.count("{") + text.count("[") <= _MAX_DEPTH:
        return False
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
