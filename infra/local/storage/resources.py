"""How stored values look on the wire: resources of the JSON API and headers of a media download."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from infra.local.storage.checksums import encode_crc32c, encode_md5
from infra.local.storage.model import Bucket, Json, StoredObject

WRITABLE = frozenset(
    {
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "customTime",
        "eventBasedHold",
        "metadata",
        "storageClass",
        "temporaryHold",
    }
)
_BUCKET_READ_ONLY = frozenset(
    {"kind", "id", "selfLink", "name", "projectNumber", "metageneration", "etag", "timeCreated", "updated"}
)
_NOT_IN_HEADERS = re.compile(r"[^\x20-\x7e]")
_MULTI_REGIONS = frozenset({"US", "EU", "ASIA"})


def writable(resource: Mapping[str, Any]) -> Json:
    """What a client may set on an object; the rest of what it sent is the server's to say."""
    return {key: value for key, value in resource.items() if key in WRITABLE and value is not None}


def bucket_properties(resource: Mapping[str, Any]) -> Json:
    """What a client may set on a bucket."""
    return {key: value for key, value in resource.items() if key not in _BUCKET_READ_ONLY}


def merge(current: Mapping[str, Any], changes: Mapping[str, Any]) -> Json:
    """Patch semantics: null removes, objects merge, anything else replaces."""
    merged = dict(current)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            before = merged.get(key)
            merged[key] = merge(before if isinstance(before, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def etag(item: StoredObject) -> str:
    """Opaque, and different for each generation and metageneration."""
    return base64.b64encode(f"{item.generation}/{item.metageneration}".encode()).decode()


def object_resource(item: StoredObject, base: str) -> Json:
    """The `storage#object` resource; 64-bit numbers are strings. `base` is the server's own URL."""
    path = f"b/{quote(item.bucket, safe='')}/o/{quote(item.name, safe='')}"
    resource: Json = {
        "kind": "storage#object",
        "id": f"{item.bucket}/{item.name}/{item.generation}",
        "selfLink": f"{base}/storage/v1/{path}",
        "mediaLink": f"{base}/download/storage/v1/{path}?generation={item.generation}&alt=media",
        "name": item.name,
        "bucket": item.bucket,
        "generation": str(item.generation),
        "metageneration": str(item.metageneration),
        "storageClass": "STANDARD",
        "size": str(item.digest.size),
        "crc32c": encode_crc32c(item.digest.crc32c),
        "etag": etag(item),
        "timeCreated": _time(item.created),
        "updated": _time(item.updated),
        "timeStorageClassUpdated": _time(item.created),
        "timeFinalized": _time(item.created),
    }
    if item.digest.md5 is not None:
        resource["md5Hash"] = encode_md5(item.digest.md5)
    if item.components is not None:
        resource["componentCount"] = item.components
    if item.deleted is not None:
        resource["timeDeleted"] = _time(item.deleted)
    return resource | item.properties


def bucket_resource(bucket: Bucket, base: str) -> Json:
    """The `storage#bucket` resource."""
    return {
        "kind": "storage#bucket",
        "id": bucket.name,
        "selfLink": f"{base}/storage/v1/b/{quote(bucket.name, safe='')}",
        "name": bucket.name,
        "projectNumber": "0",
        "metageneration": str(bucket.metageneration),
        "storageClass": "STANDARD",
        "etag": base64.b64encode(str(bucket.metageneration).encode()).decode(),
        "timeCreated": _time(bucket.created),
        "updated": _time(bucket.updated),
        **bucket.properties,
        **_place(bucket),
    }


def storage_layout(bucket: Bucket) -> Json:
    """The `storage#storageLayout` resource, for which gcloud asks before it copies."""
    return {
        "kind": "storage#storageLayout",
        "bucket": bucket.name,
        **_place(bucket),
        "hierarchicalNamespace": {"enabled": False},
    }


def media_headers(item: StoredObject) -> dict[str, str]:
    """Headers of a download that speak of the stored object, whichever part of it is sent."""
    hashes = [f"crc32c={encode_crc32c(item.digest.crc32c)}"]
    if item.digest.md5 is not None:
        hashes.append(f"md5={encode_md5(item.digest.md5)}")
    headers = {
        "Content-Type": str(item.properties.get("contentType", "application/octet-stream")),
        "ETag": etag(item),
        "Last-Modified": format_datetime(item.updated, usegmt=True),
        "X-Goog-Generation": str(item.generation),
        "X-Goog-Metageneration": str(item.metageneration),
        "X-Goog-Hash": ",".join(hashes),
        "X-Goog-Storage-Class": str(item.properties.get("storageClass", "STANDARD")),
        "X-Goog-Stored-Content-Encoding": str(item.properties.get("contentEncoding", "identity")),
        "X-Goog-Stored-Content-Length": str(item.digest.size),
    }
    optional = {
        "Cache-Control": "cacheControl",
        "Content-Disposition": "contentDisposition",
        "Content-Language": "contentLanguage",
    }
    given = {header: str(item.properties[key]) for header, key in optional.items() if key in item.properties}
    return {name: _NOT_IN_HEADERS.sub("?", value) for name, value in (headers | given).items()}


def _place(bucket: Bucket) -> Json:
    location = str(bucket.properties.get("location", "US")).upper()
    return {
        "location": location,
        "locationType": "multi-region" if location in _MULTI_REGIONS else "region",
    }


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
