"""A `multipart/related` upload: a JSON part and a media part, read as they arrive."""

from collections.abc import AsyncIterator
from email.message import Message

import msgspec

from infra.local.storage.errors import invalid
from infra.local.storage.model import Json

_MAX_HEAD = 1 << 20


class MultipartUpload:
    """The two parts. Read `metadata`, then `media_type`, then `media`."""

    def __init__(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        boundary = _parse(f"content-type: {content_type}").get_param("boundary")
        if not isinstance(boundary, str) or not boundary:
            raise invalid("The Content-Type of a multipart upload needs a boundary.")
        self._opening = b"--" + boundary.encode()
        self._newline = b"\r\n"
        self._reader = _Reader(body)

    async def metadata(self) -> Json:
        """The object resource of the first part."""
        await self._reader.until(self._opening)
        line_end = await self._reader.until(b"\n", keep=True)
        self._newline = b"\r\n" if line_end == b"\r\n" else b"\n"
        await self._reader.until(self._newline * 2)
        document = await self._reader.until(self._newline + self._opening)
        try:
            return msgspec.json.decode(document or b"{}", type=Json)
        except msgspec.DecodeError as error:
            raise invalid("The first part of a multipart upload must be a JSON object.") from error

    async def media_type(self) -> str | None:
        """The content type that the second part states."""
        head = await self._reader.until(self._newline * 2)
        value = _parse(head.decode("latin-1").strip()).get("content-type")
        return None if value is None else str(value)

    def media(self) -> AsyncIterator[bytes]:
        """The bytes of the second part, as they come in."""
        return self._reader.stream_until(self._newline + self._opening)


class _Reader:
    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._buffer = bytearray()

    async def until(self, mark: bytes, *, keep: bool = False) -> bytes:
        """The bytes before the mark, which is passed over; with `keep`, including it and left to be read."""
        while (position := self._buffer.find(mark)) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise invalid("The metadata of the upload is too large.")
            await self._more()
        end = position + len(mark)
        if keep:
            return bytes(self._buffer[:end])
        found = bytes(self._buffer[:position])
        del self._buffer[:end]
        return found

    async def stream_until(self, mark: bytes) -> AsyncIterator[bytes]:
        """Everything before the mark, holding back only what may be the mark's beginning."""
        while (position := self._buffer.find(mark)) < 0:
            safe = len(self._buffer) - len(mark) + 1
            if safe > 0:
                yield bytes(self._buffer[:safe])
                del self._buffer[:safe]
            await self._more()
        yield bytes(self._buffer[:position])

    async def _more(self) -> None:
        chunk = await anext(self._body, None)
        if chunk is None:
            raise invalid("The multipart upload ends before its closing boundary.")
        self._buffer += chunk


def _parse(head: str) -> Message:
    message = Message()
    for line in head.splitlines():
        name, _, value = line.partition(":")
        message[name.strip()] = value.strip()
    return message
