"""What a job will take, before it is asked: tokens by rule, then by what its prompt took before, then their price."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec

from batchdrop.domain.prices import Price
from batchdrop.domain.usage import Usage


class Span(msgspec.Struct, frozen=True):
    """A number of tokens: the least and the most that is likely, and what is expected."""

    low: int = 0
    expected: int = 0
    high: int = 0

    def __add__(self, other: "Span") -> "Span":
        """Sum each."""
        return Span(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def times(self, factor: int | Fraction) -> "Span":
        """Multiply each, rounded."""
        return Span(round(self.low * factor), round(self.expected * factor), round(self.high * factor))

    def at_most(self, limit: int) -> "Span":
        """Cut each off at a limit."""
        return Span(min(self.low, limit), min(self.expected, limit), min(self.high, limit))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Requests and their tokens, by rule. `input` includes `audio`; `output` includes thoughts."""

    requests: int = 0
    input: Span = Span()
    audio: Span = Span()
    output: Span = Span()

    def __add__(self, other: "Asked") -> "Asked":
        """Sum field by field."""
        return Asked(
            requests=self.requests + other.requests,
            input=self.input + other.input,
            audio=self.audio + other.audio,
            output=self.output + other.output,
        )


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of a shard, or of a job, take by rule; those with long prompts are priced apart."""

    usual: Asked = Asked()
    long: Asked = Asked()

    def __add__(self, other: "Estimate") -> "Estimate":
        """Sum both."""
        return Estimate(usual=self.usual + other.usual, long=self.long + other.long)

    @property
    def all(self) -> Asked:
        """Both together."""
        return self.usual + self.long


class Scale(msgspec.Struct, frozen=True):
    """A factor on what is expected by rule: the least and the most that is likely, and the expected one."""

    low: Fraction
    expected: Fraction
    high: Fraction

    def of(self, tokens: Span) -> Span:
        """Apply to what is expected by rule; the rule's own spread is replaced by that of experience."""
        base = tokens.expected
        return Span(round(base * self.low), round(base * self.expected), round(base * self.high))


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt's finished jobs teach: factors on the tokens by rule. `jobs` is how many of them speak."""

    jobs: int
    input: Scale
    output: Scale

    def apply(self, asked: Asked) -> Asked:
        """Correct what is expected by rule."""
        return Asked(
            requests=asked.requests,
            input=self.input.of(asked.input),
            audio=self.input.of(asked.audio),
            output=self.output.of(asked.output),
        )


class PriceSpan(msgspec.Struct, frozen=True, kw_only=True):
    """What a job will cost. Exact amounts."""

    currency: str
    low: Decimal
    expected: Decimal
    high: Decimal


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a job will take, and cost: None where the price is unknown. Made when the last row is staged.

    `by_rule` is what was expected before anything was learned from `learned_from` jobs.
    """

    tokens: Estimate
    by_rule: Estimate
    cost: PriceSpan | None = None
    learned_from: int = 0


def forecast(by_rule: Estimate, learned: Learned | None, price: Price | None, on: date) -> Forecast:
    """Foretell a job that is asked on a day, without any luck with a cache."""
    tokens = (
        by_rule if learned is None else Estimate(usual=learned.apply(by_rule.usual), long=learned.apply(by_rule.long))
    )
    return Forecast(
        tokens=tokens,
        by_rule=by_rule,
        cost=None if price is None else cost_of(tokens, price, on),
        learned_from=0 if learned is None else learned.jobs,
    )


def cost_of(tokens: Estimate, price: Price, on: date) -> PriceSpan:
    """Price an estimate."""
    low, expected, high = (
        price.bill(_usage(tokens.usual, bound), on).paid + price.bill(_usage(tokens.long, bound), on, long=True).paid
        for bound in ("low", "expected", "high")
    )
    return PriceSpan(currency=price.currency, low=low, expected=expected, high=high)


def _usage(asked: Asked, bound: str) -> Usage:
    prompt, audio, output = (getattr(span, bound) for span in (asked.input, asked.audio, asked.output))
    return Usage(rows=asked.requests, prompt=prompt, audio=audio, output=output)
