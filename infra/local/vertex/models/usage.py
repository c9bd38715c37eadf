"""Token counts that look like Gemini's: four characters a token, flat counts for media."""

from collections import Counter
from typing import Any

import msgspec

from infra.local.vertex.models.prompt import Media, Prompt

CHARS_PER_TOKEN = 4
_IMAGE = 258
_PAGE_BYTES = 50_000
_VIDEO = 7_900
_AUDIO = 960


class Spent(msgspec.Struct, frozen=True):
    """What an answer took: characters of all candidates, tokens of thoughts, tokens of the prompt from a cache."""

    answered: int
    thoughts: int = 0
    cached: int = 0


def tokens_in(chars: int) -> int:
    """Tokens of a text of so many characters."""
    return -(-chars // CHARS_PER_TOKEN)


def usage(prompt: Prompt, spent: Spent) -> dict[str, Any]:
    """`usageMetadata` of an answered request; what is zero is absent, and the total is the sum."""
    asked, answered = prompt_tokens(prompt), tokens_in(spent.answered)
    made: dict[str, Any] = {
        "promptTokenCount": asked.total(),
        "candidatesTokenCount": answered,
        "totalTokenCount": asked.total() + answered + spent.thoughts,
    }
    if spent.thoughts:
        made["thoughtsTokenCount"] = spent.thoughts
    if spent.cached:
        made["cachedContentTokenCount"] = spent.cached
        made["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": spent.cached}]
    made["promptTokensDetails"] = [{"modality": kind, "tokenCount": count} for kind, count in asked.items() if count]
    made["candidatesTokensDetails"] = [{"modality": "TEXT", "tokenCount": answered}]
    made["trafficType"] = "ON_DEMAND"
    return made


def prompt_tokens(prompt: Prompt) -> Counter[str]:
    """Tokens of a prompt by modality."""
    by_modality = Counter({"TEXT": tokens_in(prompt.chars)})
    for medium in prompt.media:
        modality, count = _medium(medium)
        by_modality[modality] += count
    return by_modality


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
