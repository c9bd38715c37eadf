"""Media that a prompt points to, as parts of a request."""

import re
from typing import NamedTuple

from batchdrop.rows.media_buckets import MediaBuckets
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.values import Problem, Stage

MIME_TYPES = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".m4a": "audio/mp4",
    ".opus": "audio/opus",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mpeg": "video/mpeg",
    ".mpg": "video/mpeg",
    ".avi": "video/avi",
    ".webm": "video/webm",
    ".wmv": "video/wmv",
    ".flv": "video/x-flv",
    ".3gp": "video/3gpp",
    ".mkv": "video/x-matroska",
}


class Medium(NamedTuple):
    """A medium's place in a text; the content type may be empty. `field` is what in the row named it, if known."""

    url: str
    content_type: str
    field: str = ""


_GS = re.compile(r"gs://[^/\s]+/[^/].*", re.DOTALL)
_DATA = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]*)*;base64,(?P<data>[A-Za-z0-9+/_-]+={0,2})")


def render_problem(code: str, message: str, hint: str, path: str = "") -> RowProblem:
    """Tell why a row gives no request."""
    return RowProblem(Problem(stage=Stage.RENDER, code=code, message=message, hint=hint, path=path))


def media_part(medium: Medium, buckets: MediaBuckets) -> dict[str, object]:
    """Make a part of a gs:// or a data: URL; an empty content type is told from the URL.

    Raises:
        RowProblem: the URL is of another kind, or points into another bucket, or its type cannot be told.
    """
    url, content_type, field = medium.url.strip(), medium.content_type, medium.field
    if _GS.fullmatch(url):
        if not buckets.hold(url):
            raise RowProblem(buckets.refusal(Stage.RENDER, field))
        return {"fileData": {"mimeType": content_type or _type_of(url, field), "fileUri": url}}
    data = _DATA.fullmatch(url)
    if data is not None:
        return {"inlineData": {"mimeType": content_type or data["type"] or "text/plain", "data": data["data"]}}
    if url.startswith("data:"):
        raise render_problem("BAD_MEDIA", "A data: URL is not base64.", "Write data:image/png;base64,....", field)
    hint = "Put the file into a bucket of the same project and write gs://bucket/name."
    raise render_problem("BAD_MEDIA", "The URL of a medium is neither gs://bucket/name nor data:.", hint, field)


def _type_of(url: str, field: str) -> str:
    stem, dot, suffix = url.rpartition("/")[2].rpartition(".")
    mime_type = MIME_TYPES.get(dot + suffix.lower()) if stem else None
    if mime_type is None:
        hint = 'Say it in the template: {{media url=column contentType="image/png"}}.'
        raise render_problem("MEDIA_TYPE", "The type of a medium cannot be told from its name.", hint, field)
    return mime_type
