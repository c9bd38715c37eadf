"""What the words of a text say, as far as word lists can tell."""

import re
from collections import Counter
from functools import lru_cache

import msgspec

from infra.local.vertex.models.lexicon import (
    LANGUAGES,
    NEGATIVE,
    NEGATORS,
    POSITIVE,
    STOP_WORDS,
    STRONG,
    stem,
)
from infra.local.vertex.models.prompt import Prompt
from infra.local.vertex.models.topics import STEMS, THEMES

_NEGATION_REACH = 3
_MIXED_BELOW = 0.5
_STRONG_FROM = 3
_STARS = re.compile(
    r"([0-9](?:[.,][0-9])?)\s*(?:/\s*(5|10)\b|(?:out of|von|sur|de)\s+(5|10)\b|[- ]?stars?\b|[- ]?Sterne?\b|★)",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]+")
_RATING_KEYS = ("rating", "stars", "score")
_FIVE = 5


class Mood(msgspec.Struct, frozen=True):
    """How a text feels: weights of what speaks for it and against it, and whether words are strong."""

    good: float
    bad: float
    strong: bool

    @property
    def balance(self) -> float:
        """From -1 (all against) to 1 (all for); 0 where nothing is said."""
        total = self.good + self.bad
        return (self.good - self.bad) / total if total else 0.0

    @property
    def mixed(self) -> bool:
        """Whether both are said, about as much."""
        return min(self.good, self.bad) > 0 and abs(self.balance) < _MIXED_BELOW

    @property
    def value(self) -> float:
        """The mood on a scale from -2 (very bad) to 2 (very good)."""
        if not self.good and not self.bad:
            return 0.0
        sure = 2.0 if self.strong or abs(self.good - self.bad) >= _STRONG_FROM else 1.0
        return self.balance * sure


@lru_cache(maxsize=64)
def mood(prompt: Prompt) -> Mood:
    """The mood of what the prompt is about; a rating in stars counts like several words."""
    good = bad = 0.0
    words = prompt.words
    for at, word in enumerate(words):
        side = (word in POSITIVE) - (word in NEGATIVE)
        if not side:
            continue
        if not NEGATORS.isdisjoint(words[max(0, at - _NEGATION_REACH) : at]):
            side = -side
        good += side > 0
        bad += side < 0
    rated = stars(prompt)
    if rated is not None:
        good += 2 * max(0.0, rated - 3)
        bad += 2 * max(0.0, 3 - rated)
    strong = "!" in prompt.subject or not STRONG.isdisjoint(words)
    return Mood(good, bad, strong)


def weight(sentence: str) -> int:
    """How many words of a sentence praise or blame."""
    return sum(word in POSITIVE or word in NEGATIVE for word in _LETTERS.findall(sentence.lower()))


def stars(prompt: Prompt) -> float | None:
    """A rating that the text states, from 1 to 5."""
    for key in _RATING_KEYS:
        said = prompt.fact(key)
        if said and (number := re.search(r"[0-9]{1,9}(?:[.,][0-9]+)?", said)):
            rating = float(number[0].replace(",", "."))
            return rating if rating <= _FIVE else rating / 2 if rating <= 2 * _FIVE else None
    match = _STARS.search(prompt.subject)
    if match is None:
        return None
    rating = float(match[1].replace(",", "."))
    return min(float(_FIVE), rating / 2 if "10" in (match[2], match[3]) else rating)


def overlap(prompt: Prompt, name: tuple[str, ...], description: tuple[str, ...]) -> float:
    """How much of a text is about something that has a name and a description."""
    counts = _stem_counts(prompt.words)
    return sum(weight * counts[word] for word, weight in _weights(name, description) if word in counts)


@lru_cache(maxsize=1024)
def _weights(name: tuple[str, ...], description: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    named = set(map(stem, name))
    related = frozenset[str]().union(*(group for group in STEMS.values() if named & group))
    described = {stem(word) for word in description if word not in STOP_WORDS}
    weights = dict.fromkeys(sorted(described | related), 1.0) | dict.fromkeys(sorted(named), 3.0)
    return tuple(weights.items())


@lru_cache(maxsize=256)
def _stem_counts(words: tuple[str, ...]) -> Counter[str]:
    return Counter(map(stem, words))


def keywords(prompt: Prompt, count: int) -> list[str]:
    """The words a text is made of, the most frequent first, then by place."""
    told = Counter(word for word in prompt.words if _telling(word))
    return [word for word, _ in told.most_common(count)]


def themes(prompt: Prompt) -> list[str]:
    """What a text is about, the most telling theme first."""
    scores: Counter[str] = Counter()
    for word, count in _stem_counts(prompt.words).items():
        for theme in THEMES.get(word, ()):
            scores[theme] += count
    return [theme for theme, _ in scores.most_common()]


def _telling(word: str) -> bool:
    return len(word) > 2 and word not in STOP_WORDS and not word[0].isdigit()  # noqa: PLR2004  # not a, I, of


def language(prompt: Prompt) -> str:
    """The code of the language whose small words are there most often."""
    return max(LANGUAGES, key=lambda code: (sum(word in LANGUAGES[code] for word in prompt.words), code == "en"))
