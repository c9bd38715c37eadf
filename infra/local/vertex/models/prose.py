"""Short texts made of a prompt's own words."""

import re

from infra.local.vertex.models.cues import keywords, themes, weight
from infra.local.vertex.models.prompt import Prompt, tokens
from infra.local.vertex.wordset import words

_NAME_KEYS = ("product name", "name", "title", "headline", "product", "subject", "item")
_TITLE_WORDS = 6
_THEME_NAMES = words("topic topics theme themes aspect aspects category categories")
_KEYWORD_NAMES = words("keyword keywords tag tags entities hashtags terms")
_LIST_SPLIT = re.compile(r"\s*[;|•]\s*|,\s+")
_CLAUSE = re.compile(r"(?<=[.!?;])\s+|\n+")
_SUMMARY_WORDS = 24
_TOLD_WORDS = 3
_FIRST_SENTENCES = 4
_SUMMARY_FACTS = 4
_FACT_WORDS = 16
_ENDS = (".", "!", "?", "\u3002", "\uff01", "\uff1f", "\u2026")


def title(prompt: Prompt) -> str:
    """What a text is called, or its most telling words."""
    for key in _NAME_KEYS:
        said = prompt.fact(key)
        if said:
            return cut_words(said, 2 * _TITLE_WORDS)
    words = keywords(prompt, _TITLE_WORDS - 2) or prompt.subject.split()[:_TITLE_WORDS]
    return " ".join(word.capitalize() for word in words) or "Untitled"


def summary(prompt: Prompt) -> str:
    """A sentence: the fullest of the first that the text says, or what the facts say."""
    if len(prompt.told.split()) >= _TOLD_WORDS or not prompt.facts:
        sentences = _sentences(prompt.told or prompt.subject)[:_FIRST_SENTENCES]
        fullest = max(sentences, key=lambda sentence: len(sentence.split()), default=title(prompt))
        return ended(cut_words(fullest, _SUMMARY_WORDS))
    return " ".join([ended(title(prompt)), *_told_facts(prompt)[:_SUMMARY_FACTS]])


def decisive(prompt: Prompt) -> str:
    """The sentence of the text whose words decide how it feels, quoted."""
    most = max(_sentences(prompt.subject), key=weight, default="")
    return f'"{cut_words(most, _SUMMARY_WORDS)}"' if most else summary(prompt)


def text(prompt: Prompt) -> str:
    """An answer in prose: what the text says or is called, all facts, and the words it turns on."""
    facts = _told_facts(prompt)
    if facts:
        opening = prompt.told and summary(prompt)
        return " ".join([ended(title(prompt)), *([opening] if opening else []), *facts])
    turns_on = ", ".join(keywords(prompt, 5))
    return f"{summary(prompt)} It turns on {turns_on}." if turns_on else summary(prompt)


def phrases(prompt: Prompt, name: str, count: int) -> list[str]:
    """Things a text lists under a name, such as the `features: a, b, c` of a product; else its facts or words."""
    said = prompt.fact(name) or prompt.fact(name.removesuffix("s"))
    if said:
        return _listed(said)[:count]
    if _THEME_NAMES.intersection(tokens(name)):
        return (themes(prompt) or keywords(prompt, 2))[:count]
    if _KEYWORD_NAMES.intersection(tokens(name)):
        return keywords(prompt, count)
    named = title(prompt)
    facts = [(key, value) for key, value in prompt.facts if value != named]
    points = [part for _, value in facts for part in _listed(value) if len(_listed(value)) > 1]
    single = [f"{key.capitalize()}: {value}" for key, value in facts if len(_listed(value)) == 1]
    return (points + single)[:count] or keywords(prompt, count)


def _sentences(said: str) -> list[str]:
    return [sentence.strip() for sentence in _CLAUSE.split(said) if sentence.strip()]


def _told_facts(prompt: Prompt) -> list[str]:
    named = title(prompt)
    return [
        ended(f"{key.capitalize()}: {cut_words(', '.join(_listed(value)), _FACT_WORDS)}")
        for key, value in prompt.facts
        if value != named
    ]


def _listed(value: str) -> list[str]:
    return [part for part in _LIST_SPLIT.split(value.strip(" .")) if part]


def cut_words(said: str, count: int) -> str:
    """The first words of a text."""
    return " ".join(said.split()[:count]).rstrip(",;:")


def ended(said: str) -> str:
    """A text with a full stop, if it has no other end."""
    return said if said.endswith(_ENDS) else f"{said}."
