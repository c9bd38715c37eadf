"""Requests that an input already holds, one `{"request": {...}}` a line: checked, and written on as they came.

Most lines of a file differ in their texts alone. What stands around the turns of a line, the mould, is checked once;
in the lines of that mould only the turns are decoded, and nothing is encoded anew.
"""

from collections.abc import Iterable

import msgspec
import orjson

from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import UnknownFields
from batchdrop.rows.casting import Cast, cast_of, is_envelope, no_cast
from batchdrop.rows.fingerprint import fingerprint_of
from batchdrop.rows.media_buckets import NO_BUCKETS, MediaBuckets
from batchdrop.rows.mend import CONTENTS, REQUEST, field_twice, missing
from batchdrop.rows.mould import (
    BEGIN,
    CLOSING,
    FIELD,
    FIRST,
    OPENING,
    Halves,
    fields_of,
    mould_of,
    on_one_line,
    written,
)
from batchdrop.rows.parse import parse_json, too_many_parts
from batchdrop.rows.problems import RowProblem, refusal
from batchdrop.rows.requests import check_size
from batchdrop.rows.settings_memo import Setting, SettingsMemo
from batchdrop.rows.signatures import signature_of
from batchdrop.rows.turns import NOT_OF_THE_TYPE, TurnReader
from batchdrop.rows.values import Request

_LEARNING = 16
_SELDOM = 32


class NativeRequests:
    """Makes the requests of one native input.

    `model` is the job's: a row that names it says nothing new. Unknown fields pass if `unknown` allows them. Files may
    lie in `buckets`.
    """

    def __init__(
        self, unknown: UnknownFields = UnknownFields.ERROR, model: str = "", buckets: MediaBuckets = NO_BUCKETS
    ) -> None:
        self._turns = TurnReader(buckets)
        self._memo = SettingsMemo(unknown, model, buckets)
        self._cast: Cast = no_cast
        self._unmoulded = 0

    def make(self, key: RowKey, raw: bytes) -> Request:
        """Make the request line of one row, of its record's bytes.

        Raises:
            RowProblem: it is no JSON object with a request that Vertex and its importer take.
        """
        return self._cast(key, raw) or self._unusual(key, raw)

    def _unusual(self, key: RowKey, raw: bytes) -> Request:
        """Make the request of a line that may be of any shape."""
        crowded = too_many_parts(raw)
        if crowded is not None:
            raise RowProblem(crowded)
        try:
            made = self._made(key, *_halves(raw))
        except (*NOT_OF_THE_TYPE, orjson.JSONDecodeError):
            found = parse_json(raw)
            raise _unreadable() if isinstance(found, dict) else RowProblem(found) from None
        too_large = check_size(made.line)
        if too_large is not None:
            raise RowProblem(too_large)
        return made

    def _made(self, key: RowKey, halves: Halves, fields: dict[str, msgspec.Raw]) -> Request:
        contents = bytes(fields.pop(CONTENTS, b"null"))
        settings = [self._memo.setting(name, bytes(json)) for name, json in fields.items()]
        turns = self._read_turns(contents)
        every = (*settings, turns)
        _check_once(settings)
        self._learn(halves, contents, settings)
        line = on_one_line(b"".join((BEGIN, key.encode(), OPENING, _body(halves.request, settings, turns), CLOSING)))
        pieces = (piece for setting in every for piece in setting.pieces)
        return Request(line=line, fingerprint=fingerprint_of(pieces), signature=_signature(every))

    def _read_turns(self, contents: bytes) -> Setting:
        said = self._turns.read(contents)
        if said is not None:
            return Setting(CONTENTS, contents, said.types, tuple(said.pieces), same=True)
        turns = self._memo.checked(CONTENTS, contents)
        if not turns.name:
            raise missing(CONTENTS, REQUEST)
        return turns

    def _learn(self, halves: Halves, contents: bytes, settings: list[Setting]) -> None:
        """Take the mould of this line for those to come; seldom, if the lines of this file have none in common."""
        self._unmoulded += 1
        if self._unmoulded <= _LEARNING or self._unmoulded % _SELDOM == 0:
            mould = mould_of(halves, contents, settings, _signature(settings))
            self._cast = self._cast if mould is None else cast_of(mould, self._turns)


def _halves(raw: bytes) -> tuple[Halves, dict[str, msgspec.Raw]]:
    """Find the request's JSON in a line, and take it apart: where it seems to be, or else by reading the line."""
    at, end = raw.find(FIELD), raw.rfind(b"}", 0, -1) + 1
    if at >= 0 and is_envelope(raw[:at], raw[end:]):
        halves = Halves(raw[:at], raw[at + len(FIELD) : end], raw[end:])
        try:
            return halves, fields_of(halves.request)
        except NOT_OF_THE_TYPE:
            pass
    found = parse_json(raw)
    if not isinstance(found, dict):
        raise RowProblem(found)
    if not isinstance(found.get(REQUEST), dict):
        hint = 'A line looks like {"request": {"contents": [{"role": "user", "parts": [{"text": "..."}]}]}}.'
        raise refusal("NO_REQUEST", "The record has no object `request`.", hint, REQUEST)
    halves = Halves(b"", bytes(fields_of(raw)[REQUEST]), b"")
    return halves, fields_of(halves.request)


def _check_once(settings: list[Setting]) -> None:
    names = [setting.name for setting in settings if setting.name]
    for name in names if len(set(names)) < len(names) else ():
        if names.count(name) > 1:
            raise field_twice(name, REQUEST)


def _body(request: bytes, settings: list[Setting], turns: Setting) -> bytes:
    if turns.same and all(setting.same for setting in settings):
        return request.strip()
    return b"".join((FIRST, turns.json, written(settings), b"}"))


def _signature(settings: Iterable[Setting]) -> dict[str, str]:
    """Fields have different paths. The types of a single one stay the object that they are."""
    typed = [setting.types for setting in settings if setting.types]
    return signature_of(
        typed[0] if len(typed) == 1 else {path: kind for types in typed for path, kind in types.items()}
    )


def _unreadable() -> RowProblem:
    """The problem of JSON that one parser takes and the other does not: there are limits to how deep they look."""
    return refusal("TOO_DEEP", "The request cannot be taken apart.", "Flatten it.", REQUEST)
