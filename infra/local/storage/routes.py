"""Which handler serves which path.

Paths are split before they are decoded: an object's name comes as one segment with its slashes escaped.
"""

from typing import NamedTuple
from urllib.parse import unquote

from infra.local.storage import serve_buckets, serve_faults, serve_media, serve_objects, serve_uploads
from infra.local.storage.calls import Handler
from infra.local.storage.errors import ApiError, invalid, unsupported

_BUCKETS = "/storage/v1/b"
_BUCKET = f"{_BUCKETS}/*"
_OBJECTS = f"{_BUCKET}/o"
_OBJECT = f"{_OBJECTS}/*"
_UPLOAD = "/upload/storage/v1/b/*/o"
_FAULTS = "/_control/faults"


class Route(NamedTuple):
    """A method and a path, in which `*` stands for one segment that the handler gets."""

    method: str
    path: str
    handler: Handler


ROUTES = (
    Route("GET", _OBJECT, serve_objects.get),
    Route("GET", f"/download{_OBJECT}", serve_media.download),
    Route("POST", _UPLOAD, serve_uploads.insert),
    Route("PUT", _UPLOAD, serve_uploads.proceed),
    Route("DELETE", _UPLOAD, serve_uploads.cancel),
    Route("POST", f"/resumable{_UPLOAD}", serve_uploads.insert),
    Route("PUT", f"/resumable{_UPLOAD}", serve_uploads.proceed),
    Route("DELETE", f"/resumable{_UPLOAD}", serve_uploads.cancel),
    Route("GET", _OBJECTS, serve_objects.list_objects),
    Route("PATCH", _OBJECT, serve_objects.patch),
    Route("PUT", _OBJECT, serve_objects.update),
    Route("DELETE", _OBJECT, serve_objects.delete),
    Route("POST", f"{_OBJECT}/compose", serve_objects.compose),
    Route("POST", f"{_OBJECT}/rewriteTo/b/*/o/*", serve_objects.rewrite),
    Route("POST", f"{_OBJECT}/copyTo/b/*/o/*", serve_objects.copy),
    Route("POST", _BUCKETS, serve_buckets.create),
    Route("GET", _BUCKETS, serve_buckets.listing),
    Route("GET", _BUCKET, serve_buckets.get),
    Route("GET", f"{_BUCKET}/storageLayout", serve_buckets.layout),
    Route("PATCH", _BUCKET, serve_buckets.patch),
    Route("DELETE", _BUCKET, serve_buckets.delete),
    Route("POST", _FAULTS, serve_faults.add),
    Route("GET", _FAULTS, serve_faults.listing),
    Route("DELETE", _FAULTS, serve_faults.clear),
)
_PATTERNS = tuple((route, tuple(route.path.split("/"))) for route in ROUTES)


def find(method: str, raw_path: str) -> tuple[Handler, tuple[str, ...]]:
    """The handler and the decoded segments it captures; 405 or 501 if there is none."""
    segments = raw_path.split("/")
    known = False
    for route, pattern in _PATTERNS:
        captures = _capture(pattern, segments)
        if captures is None:
            continue
        if route.method == method:
            return route.handler, captures
        known = True
    if known:
        raise ApiError(405, "methodNotAllowed", f"{method} is not allowed on this resource.")
    raise unsupported("this resource")


def _capture(pattern: tuple[str, ...], segments: list[str]) -> tuple[str, ...] | None:
    if len(pattern) != len(segments):
        return None
    pairs = list(zip(pattern, segments, strict=True))
    if any(expected not in ("*", segment) for expected, segment in pairs):
        return None
    try:
        return tuple(unquote(segment, errors="strict") for expected, segment in pairs if expected == "*")
    except UnicodeDecodeError as error:
        raise invalid("The path is not UTF-8.") from error
