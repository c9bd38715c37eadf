"""Chooses among labels: the one that is nearest to what the text says."""

import re
from collections.abc import Sequence
from functools import lru_cache

from infra.local.vertex.models.cues import Mood, mood, overlap, stars
from infra.local.vertex.models.lexicon import (
    FALLBACK_LABELS,
    MIXED_LABELS,
    NEGATIVE_LABELS,
    NEUTRAL_LABELS,
    POSITIVE_LABELS,
    VERY_LABELS,
)
from infra.local.vertex.models.prompt import Prompt, tokens


def chosen(prompt: Prompt, labels: Sequence[str], description: str = "") -> str:
    """The nearest label: by mood if the labels are moods, by number if they are ratings, else by shared words.

    `description` is that of the schema; it may say what a label means, as the instructions may.
    """
    values = {label: _mood_value(label) for label in labels}
    known = {label: value for label, value in values.items() if value is not None}
    if any(value > 0 for value in known.values()) and any(value < 0 for value in known.values()):
        return _by_mood(mood(prompt), known, labels)
    if all(label.isdecimal() for label in labels):
        return _by_number(prompt, labels)
    return ranked(prompt, labels, description)[0][0]


def ranked(prompt: Prompt, labels: Sequence[str], description: str = "") -> list[tuple[str, float]]:
    """All labels with how much the text is about them, the nearest first; with no cue a fallback label leads."""
    said = f"{prompt.instructions}\n{description}"
    scored = [(label, overlap(prompt, tokens(label), _definition(said, label))) for label in labels]
    fallback = [(label, score) for label, score in scored if FALLBACK_LABELS.intersection(tokens(label))]
    if fallback and not any(score for _, score in scored):
        return fallback + [pair for pair in scored if pair not in fallback]
    return sorted(scored, key=lambda pair: -pair[1])


def _mood_value(label: str) -> float | None:
    named = set(tokens(label))
    size = 2.0 if named & VERY_LABELS else 1.0
    if named & POSITIVE_LABELS:
        return size
    if named & NEGATIVE_LABELS:
        return -size
    return 0.0 if named & NEUTRAL_LABELS else None


def _by_mood(felt: Mood, known: dict[str, float], labels: Sequence[str]) -> str:
    mixed = [label for label in labels if MIXED_LABELS.intersection(tokens(label))]
    if felt.mixed and mixed:
        return mixed[0]
    widest = max(map(abs, known.values()))
    value = max(-widest, min(widest, felt.value))
    return min(known, key=lambda label: abs(known[label] - value))


def _by_number(prompt: Prompt, labels: Sequence[str]) -> str:
    said = stars(prompt)
    lowest, highest = min(map(int, labels)), max(map(int, labels))
    wanted = said if said is not None else lowest + (mood(prompt).value + 2) / 4 * (highest - lowest)
    return min(labels, key=lambda label: abs(int(label) - wanted))


@lru_cache(maxsize=1024)
def _definition(said: str, label: str) -> tuple[str, ...]:
    """What is said of a label, in lines such as `- billing: invoices and refunds`, or with "means"."""
    pattern = rf"(?:^|[;,.])[\s*•`\"'-]*{re.escape(label)}[`\"'*]*\s*(?::|[-\u2013\u2014=(]|\bmeans\b)\s*([^\n;]+)"
    match = re.search(pattern, said, re.IGNORECASE | re.MULTILINE)
    return tokens(match[1]) if match else ()
