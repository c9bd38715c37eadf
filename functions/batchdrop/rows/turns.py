"""The turns of a request in their usual shape, decoded and checked in one go.

What is not of that shape may still be sound; it takes the walk of `rows.mend`, which tells.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from batchdrop.rows.fingerprint import data_piece, uri_piece
from batchdrop.rows.media_buckets import MediaBuckets
from batchdrop.rows.request_rules import GS_URI, MIME_TYPE
from batchdrop.rows.scalars import is_base64
from batchdrop.rows.signatures import PLAIN
from batchdrop.rows.typed_turns import Said, read_typed

_Text = Annotated[str, Meta(min_length=1)]
_Role = Literal["user", "model"]


class _TextPart(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    text: _Text


class _TextTurn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: _Role
    parts: Annotated[list[_TextPart], Meta(min_length=1)]


class _Blob(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    mime_type: str
    data: _Text


class _File(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    mime_type: str
    file_uri: str


class _Part(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    text: _Text | UnsetType = UNSET
    file_data: _File | UnsetType = UNSET
    inline_data: _Blob | UnsetType = UNSET


class _Turn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    parts: Annotated[list[_Part], Meta(min_length=1)]
    role: _Role | UnsetType = UNSET


_Turns = Annotated[list[_Turn], Meta(min_length=1)]
_TextTurns = Annotated[list[_TextTurn], Meta(min_length=1)]

NOT_OF_THE_TYPE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for what is not of the type, or no JSON at all."""

_ANOTHER = b'"another text than any that there is"'
_texts = msgspec.json.Decoder(_TextTurns).decode
_MOST_TYPES = 1_000


class TurnReader:
    """Reads the turns of one request after another. Files tend to have one kind of them: the last is tried first.

    What points elsewhere than into `buckets` is not of a usual shape.
    """

    def __init__(self, buckets: MediaBuckets) -> None:
        self._buckets = buckets
        self._media = msgspec.json.Decoder(_Turns).decode
        self._mime_types: set[str] = set()
        self._first, self._second = self._read_texts, self._read_media

    def read(self, contents: bytes | memoryview) -> Said | None:
        """Read turns; None if they are not of a usual shape.

        Raises:
            RowProblem: Vertex's importer would refuse what is free in them.
        """
        try:
            return self._first(contents)
        except NOT_OF_THE_TYPE:
            pass
        try:
            said = self._second(contents)
            self._first, self._second = self._second, self._first
        except NOT_OF_THE_TYPE:
            pass
        else:
            return said
        try:
            return read_typed(contents, self._buckets)
        except NOT_OF_THE_TYPE:
            return None

    def _read_texts(self, contents: bytes | memoryview) -> Said | None:
        return Said([part.text for turn in _texts(contents) for part in turn.parts], PLAIN)

    def _read_media(self, contents: bytes | memoryview) -> Said | None:
        turns = self._media(contents)
        if len(turns) > 1 and any(turn.role is UNSET for turn in turns):
            return None
        pieces = [self._piece(part) for turn in turns for part in turn.parts]
        return Said(pieces, PLAIN) if all(pieces) else None

    def _piece(self, part: _Part) -> str:
        """What a part says, or nothing if it is not sound."""
        text, file, blob = part.text, part.file_data, part.inline_data
        if text is not UNSET:
            return text if file is UNSET and blob is UNSET else ""
        if file is not UNSET:
            uri = file.file_uri
            sound = blob is UNSET and GS_URI.fullmatch(uri) and self._buckets.hold(uri) and self._known(file.mime_type)
            return uri_piece(uri) if sound else ""
        if blob is not UNSET and self._known(blob.mime_type) and is_base64(blob.data):
            return data_piece(blob.data)
        return ""

    def _known(self, mime_type: str) -> bool:
        if mime_type in self._mime_types:
            return True
        known = MIME_TYPE.fullmatch(mime_type) is not None
        if known and len(self._mime_types) < _MOST_TYPES:
            self._mime_types.add(mime_type)
        return known


class _RawPart(msgspec.Struct):
    text: msgspec.Raw


class _RawTurn(msgspec.Struct):
    parts: list[_RawPart]


_raw_texts = msgspec.json.Decoder(list[_RawTurn]).decode


def place_of_text(contents: bytes) -> tuple[int, int] | None:
    """Where the text stands, quotes included, in turns of a single text; None if they are others."""
    try:
        _texts(contents)
        ((text,),) = (turn.parts for turn in _raw_texts(contents))
    except (*NOT_OF_THE_TYPE, ValueError):
        return None
    raw = bytes(text.text)
    starts = (contents.find(raw), contents.rfind(raw))
    return next(((start, start + len(raw)) for start in starts if _is_text(contents, start, start + len(raw))), None)


def _is_text(contents: bytes, start: int, end: int) -> bool:
    """Whether it is the text that stands there, and not the same words somewhere else."""
    try:
        ((part,),) = (turn.parts for turn in _texts(contents[:start] + _ANOTHER + contents[end:]))
    except (*NOT_OF_THE_TYPE, ValueError):
        return False
    return part.text.encode() == _ANOTHER[1:-1]
