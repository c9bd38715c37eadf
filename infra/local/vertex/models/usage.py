"""Token counts that look like Gemini's: four characters a token, flat counts for media."""

from collections import Counter
from typing import Any

from infra.local.vertex.models.prompt import Media, Prompt

CHARS_PER_TOKEN = 4
_IMAGE = 258
_PAGE_BYTES = 50_000
_VIDEO = 7_900
_AUDIO = 960


def tokens_in(chars: int) -> int:
    """Tokens of a text of so many characters."""
    return -(-chars // CHARS_PER_TOKEN)


def usage(prompt: Prompt, answer: str) -> dict[str, Any]:
    """`usageMetadata` of an answered request."""
    by_modality = Counter({"TEXT": tokens_in(prompt.chars)})
    for medium in prompt.media:
        modality, count = _medium(medium)
        by_modality[modality] += count
    asked, answered = by_modality.total(), tokens_in(len(answer))
    return {
        "promptTokenCount": asked,
        "candidatesTokenCount": answered,
        "totalTokenCount": asked + answered,
        "promptTokensDetails": [
            {"modality": modality, "tokenCount": count} for modality, count in by_modality.items() if count
        ],
        "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": answered}],
        "trafficType": "ON_DEMAND",
    }


def _medium(medium: Media) -> tuple[str, int]:
    kind = medium.mime_type.partition("/")[0]
    match kind:
        case "image":
            return "IMAGE", _IMAGE
        case "video":
            return "VIDEO", _VIDEO
        case "audio":
            return "AUDIO", _AUDIO
        case "text":
            return "TEXT", _IMAGE
        case _:
            return "DOCUMENT", _IMAGE * max(1, medium.size // _PAGE_BYTES)
