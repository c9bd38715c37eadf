"""Cloud Storage over its JSON API, with a few tries for calls that may pass."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from time import sleep
from typing import Any
from urllib.parse import quote

import httpx

from infra.local.vertex.ports import (
    AccessDeniedError,
    BucketUnknownError,
    Content,
    StorageFailedError,
    StoredObject,
)

_TRIES = 4
_FIRST_PAUSE_S = 0.1
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class GcsStorage:
    """The storage at `base_url`, such as `http://127.0.0.1:4443`. `page_size` objects are listed at a time."""

    def __init__(self, base_url: str, pause: Callable[[float], None] = sleep, page_size: int = 1000) -> None:
        self._client = httpx.Client(base_url=base_url.rstrip("/"), timeout=60.0, trust_env=False)
        self._pause = pause
        self._page_size = str(page_size)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def require_bucket(self, bucket: str) -> None:
        """Raise BucketUnknownError unless the bucket is there and may be seen."""
        reply = self._send("GET", f"/storage/v1/b/{_part(bucket)}")
        if reply.status_code == HTTPStatus.NOT_FOUND or reply.status_code in _DENIED:
            raise BucketUnknownError(bucket)
        _accepted(reply)

    def objects(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The live objects whose names begin with `prefix`, by name."""
        page: dict[str, str] = {"prefix": prefix, "maxResults": self._page_size}
        while True:
            reply = self._send("GET", f"/storage/v1/b/{_part(bucket)}/o", params=page)
            if reply.status_code == HTTPStatus.NOT_FOUND:
                raise BucketUnknownError(bucket)
            listing = _accepted(reply).json()
            for item in listing.get("items", ()):
                yield StoredObject(bucket, item["name"], int(item["generation"]), int(item["size"]))
            if "nextPageToken" not in listing:
                return
            page["pageToken"] = listing["nextPageToken"]

    def read(self, stored: StoredObject) -> Iterator[bytes]:
        """The bytes of an object at its generation; a broken stream goes on where it broke."""
        path = f"/download/storage/v1/b/{_part(stored.bucket)}/o/{_part(stored.name)}"
        params = {"alt": "media", "generation": str(stored.generation)}
        at = 0
        for left in reversed(range(_TRIES)):
            try:
                with self._client.stream(
                    "GET", path, params=params, headers={"Range": f"bytes={at}-"} if at else {}
                ) as reply:
                    _accepted(reply)
                    for piece in reply.iter_bytes():
                        at += len(piece)
                        yield piece
                    return
            except (httpx.TransportError, StorageFailedError) as error:
                self._pause_or_fail(left, error)

    def write(self, bucket: str, name: str, content: Content) -> None:
        """Write an object; it appears whole, or not at all."""
        reply = self._send(
            "POST",
            f"/upload/storage/v1/b/{_part(bucket)}/o",
            content.blocks,
            params={"uploadType": "media", "name": name},
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(content.size)},
        )
        if reply.status_code == HTTPStatus.NOT_FOUND:
            raise BucketUnknownError(bucket)
        _accepted(reply)

    def delete(self, bucket: str, name: str) -> None:
        """Delete an object; a missing one is no error."""
        reply = self._send("DELETE", f"/storage/v1/b/{_part(bucket)}/o/{_part(name)}")
        if reply.status_code != HTTPStatus.NOT_FOUND:
            _accepted(reply)

    def _send(
        self, method: str, url: str, blocks: Callable[[], Iterator[bytes]] | None = None, **options: Any
    ) -> httpx.Response:
        for left in reversed(range(_TRIES)):
            try:
                reply = self._client.request(method, url, content=blocks and blocks(), **options)
            except httpx.TransportError as error:
                self._pause_or_fail(left, error)
                continue
            if reply.status_code not in _PASSING:
                return reply
            self._pause_or_fail(left, StorageFailedError(_said(reply)))
        raise AssertionError("the last try returns or raises")

    def _pause_or_fail(self, left: int, error: Exception) -> None:
        if not left:
            raise StorageFailedError(str(error)) from error
        self._pause(_FIRST_PAUSE_S * 2 ** (_TRIES - 1 - left))


def _accepted(reply: httpx.Response) -> httpx.Response:
    if reply.status_code in _DENIED:
        raise AccessDeniedError(_said(reply))
    if reply.is_error:
        raise StorageFailedError(_said(reply))
    return reply


def _said(reply: httpx.Response) -> str:
    return f"{reply.request.method} {reply.request.url.path} answered {reply.status_code}"


def _part(text: str) -> str:
    return quote(text, safe="")
