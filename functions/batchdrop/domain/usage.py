"""Tokens that Vertex reported."""

from datetime import date

import msgspec

LONG_PROMPT = 200_000
"""A request with more prompt tokens than this is charged at the long rate, all of it."""


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens, summed; `rows` counts the answers that reported any.

    `prompt` includes `cached` and `audio`; `cached_audio` is in all three. `tools` are prompt tokens that a tool's
    result took, beside `prompt`; `thoughts` are charged as output, beside `output`.
    """

    rows: int = 0
    prompt: int = 0
    cached: int = 0
    output: int = 0
    thoughts: int = 0
    tools: int = 0
    audio: int = 0
    cached_audio: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Sum field by field."""
        return Usage(
            rows=self.rows + other.rows,
            prompt=self.prompt + other.prompt,
            cached=self.cached + other.cached,
            output=self.output + other.output,
            thoughts=self.thoughts + other.thoughts,
            tools=self.tools + other.tools,
            audio=self.audio + other.audio,
            cached_audio=self.cached_audio + other.cached_audio,
        )

    @property
    def is_long(self) -> bool:
        """Whether the usage of a single request is charged at the long rate."""
        return self.prompt > LONG_PROMPT


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Usage that has one price: of one attempt, answered on one day (UTC), of `long` prompts or of others."""

    attempt: int
    on: date
    usage: Usage
    long: bool = False


def used(spent: tuple[Spent, ...]) -> Usage:
    """All of it, whatever it costs."""
    return sum((each.usage for each in spent), start=Usage())


def add_spent(known: tuple[Spent, ...], more: tuple[Spent, ...]) -> tuple[Spent, ...]:
    """Sum what has one attempt, day and length, in order of these; usage of nothing is left out."""
    sums: dict[tuple[int, date, bool], Usage] = {}
    for spent in (*known, *more):
        if spent.usage != Usage():
            key = (spent.attempt, spent.on, spent.long)
            sums[key] = sums.get(key, Usage()) + spent.usage
    return tuple(Spent(attempt=key[0], on=key[1], long=key[2], usage=sums[key]) for key in sorted(sums))
