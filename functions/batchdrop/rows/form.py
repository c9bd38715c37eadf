"""A frame as bytes: request lines made by filling in what differs from row to row."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from batchdrop.domain.ids import RowKey
from batchdrop.rows.fingerprint import Continued, data_piece, pieces_of, uri_piece
from batchdrop.rows.messages import Message
from batchdrop.rows.mould import BEGIN, OPENING
from batchdrop.rows.slots import MediaSlot, Part, Row, Slot, TextSlot

Frame = Sequence[Message[Part | Slot]]


class _Field(NamedTuple):
    """A slot, with the bytes and the fingerprint's pieces that stand before it."""

    before: bytes
    said: list[str]
    slot: Slot


class Form:
    """The request lines of a frame. `rest` are the fields beside contents and system instruction."""

    def __init__(self, frame: Frame, rest: Mapping[str, object]) -> None:
        fields: list[_Field] = []
        written, said = b"", list[str]()
        for token in _tokens(frame, rest):
            match token:
                case bytes():
                    written += token
                case str():
                    said.append(token)
                case _:
                    fields.append(_Field(written, said, token))
                    written, said = b"", []
        self._say = Continued(fields[0].said if fields else said).fingerprint
        self._fields = [field._replace(said=[]) if index == 0 else field for index, field in enumerate(fields)]
        self._said_last = said if fields else []
        self._end = written
        self._opening = self._fields[0].before if self._fields else b""
        only = self._fields[0].slot if len(self._fields) == 1 else None
        self._only = only.text if isinstance(only, TextSlot) and not self._said_last else None

    def fill(self, key: RowKey, row: Row) -> tuple[bytes, str]:
        """Make the request line of a row, and its fingerprint.

        Raises:
            Irregular, KeyError, UnicodeEncodeError, orjson.JSONEncodeError: the row does not fit the form.
            RowProblem: its values cannot be sent.
        """
        if self._only is not None:
            text = self._only(row)
            line = b"".join((BEGIN, key.encode(), self._opening, orjson.dumps(text), self._end))
            return line, self._say(text.encode())
        return self._fill_all(key, row)

    def _fill_all(self, key: RowKey, row: Row) -> tuple[bytes, str]:
        chunks = [BEGIN, key.encode()]
        pieces: list[str] = []
        for before, said, slot in self._fields:
            pieces += said
            if isinstance(slot, TextSlot):
                text = slot.text(row)
                pieces.append(text)
                chunks += (before, orjson.dumps(text))
            else:
                part = slot.part(row)
                pieces.append(_medium_piece(part))
                chunks += (before, orjson.dumps(part))
        chunks.append(self._end)
        pieces += self._said_last
        return b"".join(chunks), self._say("\0".join(pieces).encode())


def _pieces(part: Part) -> list[str]:
    return pieces_of({"contents": [{"parts": [part]}]})


def _medium_piece(part: Part) -> str:
    """What `pieces_of` would say, sooner."""
    file, data = part.get("fileData"), part.get("inlineData")
    if isinstance(file, dict):
        return uri_piece(file["fileUri"])
    return data_piece(data["data"]) if isinstance(data, dict) else ""


def _tokens(frame: Frame, rest: Mapping[str, object]) -> Iterator[bytes | str | Slot]:
    r"""A request line behind its key, `","request":{...}}\n`: bytes, slots, and what the constant parts say."""
    system = [part for message in frame if message.role == "system" for part in message.parts]
    yield OPENING + b"{"
    if system:
        yield b'"systemInstruction":{"parts":['
        yield from _listed(system)
        yield b"]},"
    comma = b'"contents":['
    for message in frame:
        if message.role != "system":
            yield comma + b'{"role":' + orjson.dumps(message.role) + b',"parts":['
            yield from _listed(message.parts)
            yield b"]}"
            comma = b","
    yield b"]" + (b"," + orjson.dumps(rest)[1:-1] if rest else b"") + b"}}\n"


def _listed(parts: Sequence[Part | Slot]) -> Iterator[bytes | str | Slot]:
    for index, part in enumerate(parts):
        yield b"," if index else b""
        if isinstance(part, TextSlot):
            yield b'{"text":'
            yield part
            yield b"}"
        elif isinstance(part, MediaSlot):
            yield part
        else:
            yield orjson.dumps(part)
            yield from _pieces(part)
