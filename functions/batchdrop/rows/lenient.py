"""JSON in what a model wrote: alone, between code fences, or with words around it."""

import json
import re
from collections.abc import Iterator
from itertools import islice

import msgspec
import orjson

_FENCED = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
_DECODER = json.JSONDecoder()
_OPENING = re.compile(r"[{\[]")
_TRIES = 20
_MAX_DEPTH = 100
FLAT = 2 * _MAX_DEPTH
"""A shorter text cannot be nested too deep."""


class Found(msgspec.Struct, frozen=True):
    """A JSON value. `bare` tells that nothing stood around it."""

    value: object
    bare: bool


def json_in(text: str) -> Iterator[Found]:
    """Find the JSON values in a text, likeliest first; none that is nested more than 100 deep.

    A text that is JSON as a whole has only that one.
    """
    whole = _load(text, bare=True)
    if whole is not None:
        yield from _sound(whole, text)
        return
    for fenced in islice(_FENCED.finditer(text), _TRIES):
        yield from _sound(_load(fenced[1], bare=False), text)
    yield from _embedded(text)


def _load(text: str, *, bare: bool) -> Found | None:
    try:
        return Found(orjson.loads(text), bare)
    except orjson.JSONDecodeError:
        return None


def _embedded(text: str) -> Iterator[Found]:
    """Bounded tries: words may hold any number of brackets, and each try may read to the end."""
    at = 0
    for _ in range(_TRIES):
        opening = _OPENING.search(text, at)
        if opening is None:
            return
        start, at = opening.start(), opening.end()
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        # The standard library takes NaN and half surrogates, which no output of ours could hold.
        yield from _sound(_load(text[start:end], bare=False), text)
        at = end


def _sound(found: Found | None, text: str) -> Iterator[Found]:
    if found is not None and not _too_deep(text, found.value):
        yield found


def is_flat(text: str) -> bool:
    """Tell of a text that is JSON whether that is certainly not nested too deep."""
    return text.count("{") + text.count("[") <= _MAX_DEPTH


def _too_deep(text: str, value: object) -> bool:
    if is_flat(text):
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
