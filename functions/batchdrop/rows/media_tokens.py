"""Tokens of media, by type and size.

Gemini 3 takes by resolution: 280, 560, 1,120 or 2,240 tokens an image or a page, 70 or 280 a second of video (docs:
gemini-api/media-resolution). Before, 258 an image of up to 384 pixels or a tile of a larger one, or a page, and as many
a second of video. Audio is 32 a second (docs: gemini-api/tokens). What a file's size says of pages and seconds is
assumed, and so is the size of a file that only a URI is known of; a prompt's jobs teach the rest.
"""

from collections.abc import Mapping
from typing import Any

from batchdrop.domain.estimate import Span

_TILE = 258
_HEARD = 32
_RESOLUTIONS = {"LOW": 280, "MEDIUM": 560, "HIGH": 1_120, "ULTRA_HIGH": 2_240}
_SMALL_IMAGE = 48 * 1024
_BEFORE_3 = ("gemini-1", "gemini-2")

_PAGE_BYTES = (400_000, 50_000, 10_000)
_VIDEO_BYTES = (1_250_000, 250_000, 60_000)
_SOUND_BYTES = {"wav": (192_000, 88_000, 16_000), "flac": (120_000, 60_000, 15_000)}
_PACKED_SOUND_BYTES = (32_000, 12_000, 4_000)
"""Bytes of a page or a second where low, expected and high are estimated."""
_UNKNOWN_PAGES = Span(1, 4, 40)
_UNKNOWN_VIDEO = Span(5, 60, 600)
_UNKNOWN_SOUND = Span(5, 60, 900)
_UNKNOWN_TEXT = Span(100, 1_000, 20_000)


def tokens_of_medium(part: Mapping[str, Any], model: str, resolution: str) -> tuple[Span, Span]:
    """Estimate the tokens of a part that is a medium, and how many of them are audio; nothing for other parts."""
    inline, stored = part.get("inlineData"), part.get("fileData")
    medium = inline or stored
    if not isinstance(medium, dict):
        return Span(), Span()
    mime_type = str(medium.get("mimeType", "")).lower()
    size = len(str(medium.get("data", ""))) * 3 // 4 if inline else 0
    own = str((part.get("mediaResolution") or {}).get("level", ""))
    return _tokens(mime_type, size, _detail(own or resolution), old=model.rpartition("/")[2].startswith(_BEFORE_3))


def _tokens(mime_type: str, size: int, detail: str, *, old: bool) -> tuple[Span, Span]:
    kind, _, form = mime_type.partition("/")
    match kind:
        case "image":
            return _image(size, detail, old=old), Span()
        case "video":
            seconds = _by_size(size, _VIDEO_BYTES) if size else _UNKNOWN_VIDEO
            seen = (_TILE if detail != "LOW" else 66) if old else 280 if detail.endswith("HIGH") else 70
            return seconds.times(seen + _HEARD), seconds.times(_HEARD)
        case "audio":
            name = form.removeprefix("x-").removeprefix("vnd.").removesuffix("e")
            seconds = _by_size(size, _SOUND_BYTES.get(name, _PACKED_SOUND_BYTES)) if size else _UNKNOWN_SOUND
            return seconds.times(_HEARD), seconds.times(_HEARD)
        case "text":
            return (Span(size // 5, size // 4, size // 2) if size else _UNKNOWN_TEXT), Span()
        case _:
            pages = _by_size(size, _PAGE_BYTES) if size else _UNKNOWN_PAGES
            return pages.times(_TILE if old else _RESOLUTIONS.get(detail, _RESOLUTIONS["MEDIUM"])), Span()


def _image(size: int, detail: str, *, old: bool) -> Span:
    if old:
        return Span(_TILE, _TILE if 0 < size < _SMALL_IMAGE else 3 * _TILE, 10 * _TILE)
    most = _RESOLUTIONS.get(detail, _RESOLUTIONS["HIGH"])
    return Span(_RESOLUTIONS["LOW"], most, most)


def _by_size(size: int, units: tuple[int, int, int]) -> Span:
    return Span(*(max(1, size // unit) for unit in units))


def _detail(resolution: str) -> str:
    return resolution.removeprefix("MEDIA_RESOLUTION_")
