"""What tokens cost.

Batch halves the prices of input and output. Cached tokens cost what the model's entry says, usually a tenth of the
standard input price; the two discounts do not stack, the cache wins. Thoughts are output, tokens of tools are input.
A request whose prompt is long is charged at the long rates, all of it. Only answered requests are charged.
"""

from datetime import date
from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from batchdrop.domain.ids import ModelName
from batchdrop.domain.money import Bill, total
from batchdrop.domain.usage import Spent, Usage

_TENTH = Decimal("0.1")
_HALF = Decimal("0.5")
_MILLIONTH = Decimal("0.000001")


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Prices of a million tokens. Texts, images and video share `input`; `audio` costs the same unless told."""

    input: Decimal
    output: Decimal
    audio: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        _check(self.input, self.output, self.audio)

    @property
    def hearing(self) -> Decimal:
        """A million tokens of audio."""
        return self.input if self.audio is None else self.audio

    def times(self, factor: Decimal) -> "Rates":
        """All prices, multiplied."""
        return Rates(input=self.input * factor, output=self.output * factor, audio=self.hearing * factor)


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Standard and batch prices. Unless told, batch is half the standard, and cached tokens cost a tenth of it.

    `cached` is None for a model without implicit cache: such tokens are charged as any others.
    """

    standard: Rates
    batch: Rates | None = None
    cached: Decimal | UnsetType | None = UNSET
    cached_audio: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        _check(None if self.cached is UNSET else self.cached, self.cached_audio)

    @property
    def batch_rates(self) -> Rates:
        """Batch prices."""
        return self.standard.times(_HALF) if self.batch is None else self.batch

    @property
    def cached_rates(self) -> tuple[Decimal, Decimal] | None:
        """A million cached tokens, and the same of audio; None if there is no cache."""
        if self.cached is None:
            return None
        plain = self.standard.input * _TENTH if self.cached is UNSET else self.cached
        usual = self.standard.hearing * _TENTH if self.cached is UNSET else plain
        return plain, usual if self.cached_audio is None else self.cached_audio


class Promo(Terms, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Prices up to a day, that day included."""

    until: date


class ModelPrices(Terms, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All prices of a model.

    `surcharge` is the share that locations other than `global` cost more. `contested` says what of it is not sure.
    """

    long: Terms | None = None
    promo: Promo | None = None
    surcharge: Decimal = Decimal(0)
    contested: tuple[str, ...] = ()

    def terms(self, on: date, *, long: bool) -> Terms:
        """The prices of a day. A promo has no long rates of its own."""
        if long and self.long is not None:
            return self.long
        return self.promo if self.promo is not None and on <= self.promo.until else self


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a job's tokens cost, pinned when the job is planned. `source` says where the prices come from."""

    model: ModelName
    prices: ModelPrices
    currency: str
    source: str
    factor: Decimal = Decimal(1)

    def bill(self, usage: Usage, on: date, *, long: bool = False) -> Bill:
        """What tokens cost that were answered on a day."""
        terms = self.prices.terms(on, long=long)
        batch, cached = terms.batch_rates, terms.cached_rates
        unit = self.factor * _MILLIONTH
        plain = _charged(usage, terms.standard, (terms.standard.input, terms.standard.hearing)) * unit
        with_cache = _charged(usage, terms.standard, cached or (terms.standard.input, terms.standard.hearing)) * unit
        paid = _charged(usage, batch, cached or (batch.input, batch.hearing)) * unit
        return Bill(
            currency=self.currency, paid=paid, saved_by_batch=with_cache - paid, saved_by_cache=plain - with_cache
        )

    def bill_all(self, spent: tuple[Spent, ...]) -> Bill:
        """What all of it costs, each at its own price."""
        return total((self.bill(each.usage, each.on, long=each.long) for each in spent), self.currency)


def _charged(usage: Usage, rates: Rates, cached: tuple[Decimal, Decimal]) -> Decimal:
    """Tokens times the price of a million. Counts that contradict each other never make a negative price."""
    all_cached = min(usage.cached, usage.prompt)
    cached_audio = min(usage.cached_audio, usage.audio, all_cached)
    cached_other = all_cached - cached_audio
    audio = min(usage.audio, usage.prompt - cached_other) - cached_audio
    other = usage.prompt - all_cached - audio + usage.tools
    return (
        other * rates.input
        + audio * rates.hearing
        + cached_other * cached[0]
        + cached_audio * cached[1]
        + (usage.output + usage.thoughts) * rates.output
    )


def _check(*amounts: Decimal | UnsetType | None) -> None:
    for amount in amounts:
        if isinstance(amount, Decimal) and not (amount.is_finite() and amount >= 0):
            raise ValueError(f"{amount} is no price")
