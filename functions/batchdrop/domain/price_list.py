"""The list of prices that ships with Batchdrop, and lists of one's own that go before it."""

import functools
import re
from datetime import date
from decimal import Decimal
from importlib import resources

import msgspec

from batchdrop.domain.ids import ModelName
from batchdrop.domain.prices import ModelPrices, Price

OWN_PRICES = "_prices.json"
"""Name in the input bucket of a list that goes before all others."""
GLOBAL = "global"

_VERSION = re.compile(r"@[\w.-]+$|-[0-9]{3}$")
_GOOGLE = "publishers/google/models/"


class PriceList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices by model. Amounts are texts or numbers, for a million tokens."""

    models: dict[str, ModelPrices]
    schema_version: int = 1
    as_of: date | None = None
    currency: str = "USD"
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a list of a form that is yet to come."""
        if self.schema_version != 1:
            raise ValueError(f"schema_version {self.schema_version} is unknown; this release reads 1")


class NamedList(msgspec.Struct, frozen=True):
    """A price list, and where it comes from."""

    name: str
    list: PriceList


def parse_prices(data: bytes | str) -> PriceList:
    """Read a price list.

    Raises:
        ValueError: it is none; says where and why.
    """
    try:
        return msgspec.json.decode(data, type=PriceList)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"no list of prices: {error}") from error


@functools.cache
def shipped() -> NamedList:
    """The list in this package."""
    prices = parse_prices(resources.files("batchdrop.domain").joinpath("prices.json").read_bytes())
    return NamedList(f"Batchdrop's list of {prices.as_of}", prices)


def price_of(model: ModelName, location: str, lists: tuple[NamedList, ...]) -> Price | None:
    """The price of a model, of the first list that has it; None if none has: it is unknown, not free.

    A version's suffix (`-001`, `@default`) is passed over if the version has no price of its own.
    """
    for name in _names(model):
        for named in lists:
            prices = named.list.models.get(name)
            if prices is not None:
                return Price(
                    model=model,
                    prices=prices,
                    currency=named.list.currency,
                    source=named.name,
                    factor=Decimal(1) + (prices.surcharge if location != GLOBAL else Decimal(0)),
                )
    return None


def _names(model: str) -> tuple[str, ...]:
    name = model.rpartition(_GOOGLE)[2] if _GOOGLE in model else model
    return tuple(dict.fromkeys((model, name, _VERSION.sub("", name))))
