"""Puts stored media into a request, for models that cannot read the bucket."""

import base64
from typing import Any

from infra.local.vertex.errors import error_body
from infra.local.vertex.importer import split_uri
from infra.local.vertex.models.base import Refusal, field
from infra.local.vertex.ports import AccessDeniedError, BucketUnknownError, Storage, StorageFailedError

_BYTES_MAX = 20_000_000


class _UnreadableError(Exception):
    """A file of the request cannot be had; the message is for the row."""


def with_media(request: dict[str, Any], storage: Storage) -> dict[str, Any] | Refusal:
    """The request with `inlineData` in place of every `fileData` that names a `gs://` object."""
    try:
        contents = [_content(content, storage) for content in request["contents"]]
    except _UnreadableError as error:
        return Refusal(400, error_body(400, str(error)))
    return {**request, "contents": contents}


def _content(content: dict[str, Any], storage: Storage) -> dict[str, Any]:
    parts = content["parts"] if isinstance(content["parts"], list) else [content["parts"]]
    return {**content, "parts": [_part(part, storage) for part in parts]}


def _part(part: dict[str, Any], storage: Storage) -> dict[str, Any]:
    stored = field(part, "fileData", "file_data")
    uri = str(field(stored, "fileUri", "file_uri")) if isinstance(stored, dict) else ""
    if not uri.startswith("gs://"):
        return part
    data = base64.b64encode(_read(uri, storage)).decode()
    return {"inlineData": {"mimeType": field(stored, "mimeType", "mime_type"), "data": data}}


def _read(uri: str, storage: Storage) -> bytes:
    bucket, name = split_uri(uri)
    try:
        found = next((stored for stored in storage.objects(bucket, name) if stored.name == name), None)
        if found is None or found.size > _BYTES_MAX:
            raise _UnreadableError(f"The file {uri} does not exist or is larger than {_BYTES_MAX} bytes.")
        return b"".join(storage.read(found))
    except (AccessDeniedError, BucketUnknownError, StorageFailedError) as error:
        raise _UnreadableError(f"The file {uri} cannot be read.") from error
