"""Finding a job's price: in the input bucket's own list, the installation's, or the one that ships."""

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.errors import ObjectGone
from batchdrop.domain.ids import ModelName
from batchdrop.domain.price_list import OWN_PRICES, NamedList, parse_prices, price_of, shipped
from batchdrop.domain.prices import Price
from batchdrop.steps.context import Files


class FoundPrice(msgspec.Struct, frozen=True):
    """What a model costs, None if no list has it, and what a person is to be warned of."""

    price: Price | None
    warnings: tuple[str, ...] = ()


def find_price(context: Files, bucket: str, model: ModelName) -> FoundPrice:
    """Look a model up, in the bucket's own list first."""
    lists: tuple[NamedList, ...] = (shipped(),)
    warnings: tuple[str, ...] = ()
    if context.settings.prices:
        lists = (NamedList("the setting PRICES", parse_prices(context.settings.prices)), *lists)
    own = _own_list(context, bucket)
    if isinstance(own, NamedList):
        lists = (own, *lists)
    elif own is not None:
        context.log.error("prices.unreadable", object=OWN_PRICES, error=own)
        warnings = (f"{OWN_PRICES} is passed over: {own}",)
    price = price_of(model, context.settings.vertex_location, lists)
    if price is None:
        unknown = f"The price of {model} is unknown, so is the job's cost. Write the price into {OWN_PRICES}."
        warnings = (*warnings, unknown)
    return FoundPrice(price, warnings)


def _own_list(context: Files, bucket: str) -> NamedList | str | None:
    """The bucket's own list, or what is wrong with it; None if there is none."""
    info = context.objects.stat(bucket, OWN_PRICES)
    if info is None:
        return None
    if info.size > limits.PRICES_BYTES:
        return f"it has {info.size:,} bytes; a list of prices has {limits.PRICES_BYTES:,} at most"
    try:
        data = b"".join(context.objects.read(bucket, OWN_PRICES, info.generation))
    except ObjectGone:
        return None
    try:
        return NamedList(f"{OWN_PRICES}, generation {info.generation}", parse_prices(data))
    except ValueError as error:
        return str(error)
