"""Recognising a request in an answer: 64 bits over what it says.

Texts, URIs and inline data count, in reading order, the system instruction first. Key order, spelling of keys, nulls,
empty texts and the alphabet of base64 do not, because Vertex may echo a request with those changed. Two CRCs of
different polynomials guard against a mix-up as well as any 64 bits do, and no one gains by forging one; a
cryptographic hash would cost more than all other checks of a long row together.
"""

from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from zlib import crc32

import google_crc32c
import msgspec
import orjson

_URI = "\x01"
_DATA = "\x02"
_crc32c = google_crc32c.value
_pack = Struct(">II").pack
_more_crc32c = google_crc32c.extend


def fingerprint(request: Mapping[str, object]) -> str:
    """Hash what a request says to 16 hex digits."""
    return fingerprint_of(pieces_of(request))


def fingerprint_of(pieces: Iterable[str]) -> str:
    """Hash the pieces of a request, as `pieces_of` gives them, to 16 hex digits."""
    text = "\0".join(pieces)
    try:
        said = text.encode()
    except UnicodeEncodeError:
        said = text.encode("utf-8", "surrogatepass")
    return _pack(_crc32c(said), crc32(said)).hex()


class Continued:
    """Pieces with which many requests begin, hashed once."""

    __slots__ = ("_alone", "_crc32", "_crc32c")

    def __init__(self, pieces: Iterable[str]) -> None:
        begin = list(pieces)
        self._alone = fingerprint_of(begin)
        said = "".join(f"{piece}\0" for piece in begin).encode("utf-8", "surrogatepass")
        self._crc32c = _crc32c(said)
        self._crc32 = crc32(said)

    def fingerprint(self, said: bytes) -> str:
        """Hash these and what follows, the joined pieces in UTF-8, to 16 hex digits."""
        if not said:
            return self._alone
        return _pack(_more_crc32c(self._crc32c, said), crc32(said, self._crc32)).hex()


def pieces_of(request: Mapping[str, object]) -> list[str]:
    """What a request says, piece by piece; a text stands for itself, and inserting into it changes only its piece."""
    contents = (_field(request, "systemInstruction", "system_instruction"), *_many(request.get("contents")))
    return [
        piece
        for content in contents
        if isinstance(content, Mapping)
        for part in _many(content.get("parts"))
        if isinstance(part, Mapping)
        for piece in _said_by(part)
    ]


def uri_piece(uri: str) -> str:
    """The piece of a file's URI."""
    return _URI + uri


def data_piece(data: str) -> str:
    """The piece of inline data in base64, whichever of its two alphabets it is in."""
    if "-" in data or "_" in data:
        data = data.replace("-", "+").replace("_", "/")
    return _DATA + data.rstrip("=")


def _said_by(part: Mapping[str, object]) -> Iterator[str]:
    text = part.get("text")
    if isinstance(text, str) and text:
        yield text
    file = _field(part, "fileData", "file_data")
    uri = _field(file, "fileUri", "file_uri") if isinstance(file, Mapping) else None
    if isinstance(uri, str) and uri:
        yield uri_piece(uri)
    blob = _field(part, "inlineData", "inline_data")
    data = blob.get("data") if isinstance(blob, Mapping) else None
    if isinstance(data, str) and data:
        yield data_piece(data)


def _field(value: Mapping[str, object], camel: str, snake: str) -> object:
    found = value.get(camel)
    return value.get(snake) if found is None else found


def _many(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class _Blob(msgspec.Struct, gc=False):
    data: str | None = None


class _File(msgspec.Struct, gc=False):
    fileUri: str | None = None  # noqa: N815  # both spellings are read
    file_uri: str | None = None


class _Part(msgspec.Struct, gc=False):
    text: str | None = None
    fileData: _File | None = None  # noqa: N815  # both spellings are read
    file_data: _File | None = None
    inlineData: _Blob | None = None  # noqa: N815  # both spellings are read
    inline_data: _Blob | None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | None = None


class Echo(msgspec.Struct, gc=False):
    """A request as an answer echoes it, of the usual shape: a type to decode the field `request` to.

    What does not decode to it may still be a request: take its bytes to `fingerprint_of_echo`.
    """

    contents: list[_Content] | None = None
    systemInstruction: _Content | None = None  # noqa: N815  # both spellings are read
    system_instruction: _Content | None = None

    def fingerprint(self) -> str:
        """Hash what the echoed request says to 16 hex digits."""
        contents = self.contents or []
        system = self.system_instruction if self.systemInstruction is None else self.systemInstruction
        return fingerprint_of(_said_in(contents if system is None else [system, *contents]))


def _said_in(contents: list[_Content]) -> list[str]:
    pieces = []
    for content in contents:
        for part in content.parts or ():
            if text := part.text:
                pieces.append(text)
            if part.fileData or part.file_data or part.inlineData or part.inline_data:
                pieces += _media_in(part)
    return pieces


def _media_in(part: _Part) -> Iterator[str]:
    file = part.fileData or part.file_data
    if file is not None and (uri := file.fileUri or file.file_uri):
        yield uri_piece(uri)
    blob = part.inlineData or part.inline_data
    if blob is not None and blob.data:
        yield data_piece(blob.data)


_ECHO = msgspec.json.Decoder(Echo)


def fingerprint_of_echo(raw: bytes | msgspec.Raw) -> str:
    """Hash an echoed request from its bytes to 16 hex digits; empty for what is no JSON object."""
    try:
        return _ECHO.decode(raw).fingerprint()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _of_any(bytes(raw))


def _of_any(raw: bytes) -> str:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return ""
    return fingerprint(value) if isinstance(value, dict) else ""
