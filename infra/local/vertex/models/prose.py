"""Short texts made of a prompt's own words."""

import re

from infra.local.vertex.models.cues import keywords, themes
from infra.local.vertex.models.prompt import Prompt, tokens
from infra.local.vertex.wordset import words

_NAME_KEYS = ("product name", "name", "title", "headline", "product", "subject", "item")
_TITLE_WORDS = 6
_THEME_NAMES = words("topic topics theme themes aspect aspects category categories")
_KEYWORD_NAMES = words("keyword keywords tag tags entities hashtags terms")
_LIST_SPLIT = re.compile(r"\s*[;,|•]\s*|\s+and\s+")
_CLAUSE = re.compile(r"(?<=[.!?;])\s+")
_SUMMARY_WORDS = 24
_SUMMARY_FACTS = 4
_FACT_WORDS = 16


def title(prompt: Prompt) -> str:
    """What a text is called, or its most telling words."""
    for key in _NAME_KEYS:
        said = prompt.fact(key)
        if said:
            return cut_words(said, 2 * _TITLE_WORDS)
    words = keywords(prompt, _TITLE_WORDS - 2) or prompt.subject.split()[:_TITLE_WORDS]
    return " ".join(word.capitalize() for word in words) or "Untitled"


def summary(prompt: Prompt) -> str:
    """One or two sentences: what the facts say, or the beginning of the text."""
    named = title(prompt)
    told = [f"{key.lower()} {cut_words(value, _FACT_WORDS)}" for key, value in prompt.facts if value != named]
    if len(told) > 1:
        return f"{named}: {', '.join(told[:_SUMMARY_FACTS])}."
    first = _CLAUSE.split(prompt.subject.strip(), maxsplit=1)[0]
    return ended(cut_words(first or named, _SUMMARY_WORDS))


def text(prompt: Prompt) -> str:
    """An answer in prose: the summary, what else is told, and the words it turns on."""
    told = [f"{key.capitalize()}: {cut_words(value, _FACT_WORDS)}." for key, value in prompt.facts[_SUMMARY_FACTS:]]
    turns_on = ", ".join(keywords(prompt, 5))
    closing = [f"It turns on {turns_on}."] if turns_on else []
    return " ".join([summary(prompt), *told, *closing])


def phrases(prompt: Prompt, name: str) -> list[str]:
    """Things a text lists under a name, such as the `features: a, b, c` of a product; else its facts or words."""
    said = prompt.fact(name) or prompt.fact(name.removesuffix("s"))
    if said:
        return [part for part in _LIST_SPLIT.split(said.strip(" .")) if part]
    if _THEME_NAMES.intersection(tokens(name)):
        return themes(prompt) or keywords(prompt, 2)
    if _KEYWORD_NAMES.intersection(tokens(name)):
        return keywords(prompt, 5)
    listed = [part for _, value in prompt.facts for part in _LIST_SPLIT.split(value) if len(part.split()) > 1]
    return listed[:5] or keywords(prompt, 5)


def cut_words(said: str, count: int) -> str:
    """The first words of a text."""
    return " ".join(said.split()[:count]).rstrip(",;:")


def ended(said: str) -> str:
    """A text with a full stop, if it has no other end."""
    return said if said.endswith((".", "!", "?")) else f"{said}."
