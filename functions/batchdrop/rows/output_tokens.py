"""Tokens of an answer that nobody has seen: by the schema it must fit, its limit, and how long the model may think."""

from collections.abc import Mapping
from typing import Any

import orjson

from batchdrop.domain.estimate import Span
from batchdrop.domain.ids import ModelName
from batchdrop.domain.models import output_limit

Json = Mapping[str, Any]

_PROSE = Span(10, 250, 1_500)
_TEXT = Span(3, 30, 150)
_VALUES = {"BOOLEAN": Span(1, 1, 1), "INTEGER": Span(1, 2, 6), "NUMBER": Span(1, 4, 8), "NULL": Span(1, 1, 1)}
_CHOICE = Span(1, 2, 6)
_ITEMS = Span(0, 3, 10)
_NAME_CHARS = 4
_MARKS = 3
"""Tokens of the quotes, colon and comma around a property."""
_TEXT_CHARS = 3
_THOUGHTS = {
    "MINIMAL": Span(0, 30, 200),
    "LOW": Span(0, 150, 1_000),
    "MEDIUM": Span(50, 400, 3_000),
    "HIGH": Span(100, 1_000, 8_000),
}
_UNTHINKING = ("gemini-1", "gemini-2.0")
_DEEPEST = 16


class OutputTokens:
    """Estimates answers of one model; remembers what it made of a configuration, as rows mostly share it."""

    def __init__(self, model: ModelName) -> None:
        """Prepare for requests to a model."""
        name = model.rpartition("/")[2]
        self._limit = output_limit(model)
        self._thinks = not (name.startswith(_UNTHINKING) or "lite" in name or "-image" in name)
        self._known: dict[bytes, Span] = {}

    def of(self, config: Json) -> Span:
        """Estimate the answer to a request with this `generationConfig`."""
        key = orjson.dumps(config)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= 1_024:  # noqa: PLR2004  # a bound on memory, of no meaning
                self._known.clear()
            known = self._known[key] = self._estimated(config)
        return known

    def _estimated(self, config: Json) -> Span:
        schema = config.get("responseSchema") or config.get("responseJsonSchema")
        said = _value(schema, 0) if isinstance(schema, dict) else _PROSE
        whole = said.times(_whole(config.get("candidateCount"), 1)) + self._thoughts(config.get("thinkingConfig"))
        return whole.at_most(_whole(config.get("maxOutputTokens"), self._limit))

    def _thoughts(self, told: object) -> Span:
        config = told if isinstance(told, dict) else {}
        level, budget = str(config.get("thinkingLevel", "")).upper(), _whole(config.get("thinkingBudget"), -1)
        if budget == 0 or not (self._thinks or level or budget > 0):
            return Span()
        usual = _THOUGHTS.get(level, _THOUGHTS["MEDIUM"])
        return Span(usual.low, usual.expected, budget).at_most(budget) if budget > 0 else usual


def _value(schema: Json, depth: int) -> Span:
    if depth > _DEEPEST:
        return _TEXT
    branches = schema.get("anyOf")
    if isinstance(branches, list) and branches:
        spans = [_value(branch, depth + 1) for branch in branches]
        expected = sum(span.expected for span in spans) // len(spans)
        return Span(min(span.low for span in spans), expected, max(span.high for span in spans))
    if "enum" in schema:
        return _CHOICE
    kind = str(schema.get("type", "")).upper()
    if kind == "OBJECT" or "properties" in schema:
        return _object(schema, depth)
    if kind == "ARRAY":
        return _array(schema, depth)
    return _VALUES.get(kind) or _text(schema)


def _object(schema: Json, depth: int) -> Span:
    total, required = Span(2, 2, 2), schema.get("required") or ()
    for name, inner in (schema.get("properties") or {}).items():
        key = len(name) // _NAME_CHARS + _MARKS
        span = _value(inner, depth + 1) + Span(key, key, key)
        total += span if name in required else Span(0, span.expected, span.high)
    return total


def _array(schema: Json, depth: int) -> Span:
    item = _value(schema.get("items") or {}, depth + 1) + Span(1, 1, 1)
    low, high = _whole(schema.get("minItems"), _ITEMS.low), _whole(schema.get("maxItems"), _ITEMS.high)
    high = max(low, high)
    expected = min(max(low, _ITEMS.expected), high)
    return Span(2 + item.low * low, 2 + item.expected * expected, 2 + item.high * high)


def _text(schema: Json) -> Span:
    longest = _whole(schema.get("maxLength"), 0)
    return _TEXT.at_most(max(1, longest // _TEXT_CHARS)) if longest else _TEXT


def _whole(value: object, default: int) -> int:
    """Whole numbers may come as text, as 64-bit integers do in JSON."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else default
