"""Making requests of lines of a known mould, where nothing but the hole has to be looked at."""

from collections.abc import Callable

import msgspec
import orjson

from batchdrop.domain.ids import RowKey
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.mend import REQUEST
from batchdrop.rows.mould import BEGIN, Mould
from batchdrop.rows.turns import NOT_OF_THE_TYPE, TurnReader
from batchdrop.rows.values import Request

Cast = Callable[[RowKey, bytes], Request | None]
"""Makes the request of a line, or tells with None that it is not sure of it."""

_STAND_IN = -314159265358979
_ENVELOPED = b'"request":%d' % _STAND_IN
_CARRIAGE_RETURN = ord("\r")
_LONG = 4096
"""From here on a view costs less than a copy."""
_sibling = msgspec.json.Decoder(str | int).decode
_text = msgspec.json.Decoder(str).decode


def is_envelope(before: bytes, behind: bytes) -> bool:
    """Whether what stands around the field `request` is the rest of one JSON object, whose end may be left out."""
    if before == b"{" and (not behind or behind == b"}"):
        return True
    try:
        around = orjson.loads(before + _ENVELOPED + (behind or b"}"))
    except orjson.JSONDecodeError:
        return False
    return isinstance(around, dict) and around.get(REQUEST) == _STAND_IN


def no_cast(_: RowKey, __: bytes) -> None:
    """Know no mould."""


def cast_of(mould: Mould, turns: TurnReader) -> Cast:
    """How to make requests of lines of this mould."""
    return _text_cast(mould) if mould.text else _turns_cast(mould, turns)


def _text_cast(mould: Mould) -> Cast:
    """The hole is a text: a line is as sound as the JSON of that, and of the field before."""
    before, lead, trail, opening, closing = mould.before, mould.lead, mould.trail, mould.opening, mould.closing
    begins, leads, trails = len(before), len(lead), len(trail)
    fingerprint, signature = mould.said.fingerprint, mould.signature

    def cast(key: RowKey, raw: bytes) -> Request | None:
        at = raw.find(lead)
        if at < 0 or not raw.endswith(trail) or not raw.startswith(before):
            return None
        first, last = at + leads, len(raw) - trails
        json = raw[first:last] if last < _LONG else memoryview(raw)[first:last]
        try:
            text = _text(json)
            if before:
                _sibling(raw[begins:at])
            elif not is_envelope(raw[:at], b""):
                return None
        except NOT_OF_THE_TYPE:
            return None
        line = b"".join((BEGIN, key.encode(), opening, json, closing))
        if not text or len(line) > REQUEST_BYTES:
            return None
        return Request(line=line, fingerprint=fingerprint(text.encode()), signature=signature)

    return cast


def _turns_cast(mould: Mould, turns: TurnReader) -> Cast:
    """The hole are all turns."""
    lead, trail, closes = mould.lead, mould.trail, mould.closes
    read = turns.read

    def cast(key: RowKey, raw: bytes) -> Request | None:
        at = raw.find(lead)
        end = len(raw) if closes else raw.rfind(b"}", 0, -1) + 1
        if at < 0 or not raw.endswith(trail, 0, end) or not is_envelope(raw[:at], raw[end:]):
            return None
        json = raw[at + len(lead) : end - len(trail)]
        said = None if _CARRIAGE_RETURN in json else read(json)
        line = b"".join((BEGIN, key.encode(), mould.opening, json, mould.closing))
        if said is None or said.types or len(line) > REQUEST_BYTES:
            return None
        fingerprint = mould.said.fingerprint("\0".join(said.pieces).encode())
        return Request(line=line, fingerprint=fingerprint, signature=mould.signature)

    return cast
