"""Money: exact amounts in a currency. Never a float: what is summed over a million rows must stay what it was."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

NOTHING = Decimal(0)
DOLLARS = "USD"
_MICRO = Decimal("0.000001")


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What was, or would be, paid, and what the same tokens would cost at the standard price without any cache.

    Exact amounts. `standard = paid + saved_by_batch + saved_by_cache`.
    """

    currency: str
    paid: Decimal = NOTHING
    saved_by_batch: Decimal = NOTHING
    saved_by_cache: Decimal = NOTHING

    @property
    def standard(self) -> Decimal:
        """The standard price."""
        return self.paid + self.saved_by_batch + self.saved_by_cache

    def __add__(self, other: "Bill") -> "Bill":
        """Sum part by part.

        Raises:
            ValueError: they are in two currencies.
        """
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return Bill(
            currency=self.currency,
            paid=self.paid + other.paid,
            saved_by_batch=self.saved_by_batch + other.saved_by_batch,
            saved_by_cache=self.saved_by_cache + other.saved_by_cache,
        )


def total(bills: Iterable[Bill], currency: str) -> Bill:
    """Sum bills of one currency."""
    return sum(bills, start=Bill(currency=currency))


def written(amount: Decimal) -> str:
    """Write an amount to the millionth: 0.001234."""
    return format(amount.quantize(_MICRO, rounding=ROUND_HALF_EVEN), "f")
