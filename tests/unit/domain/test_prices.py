"""Worked examples: each amount is computed by hand from the list's prices, in the comment beside it."""

from datetime import date
from decimal import Decimal

import pytest

from batchdrop.domain.ids import ModelName
from batchdrop.domain.money import Bill, total, written
from batchdrop.domain.price_list import NamedList, parse_prices, price_of, shipped
from batchdrop.domain.prices import Price
from batchdrop.domain.usage import Spent, Usage, add_spent

DAY = date(2026, 11, 28)


def price(model: str, location: str = "global") -> Price:
    found = price_of(ModelName(model), location, (shipped(),))
    assert found is not None
    return found


def amounts(bill: Bill) -> dict[str, str]:
    return {
        "paid": written(bill.paid),
        "standard": written(bill.standard),
        "batch": written(bill.saved_by_batch),
        "cache": written(bill.saved_by_cache),
    }


def test_standard_is_what_the_same_tokens_cost_one_by_one() -> None:
    # 3.5 Flash-Lite: 1,234,567 in x 0.30 + 89,123 out x 2.50 a million = 0.3703701 + 0.2228075
    bill = price("gemini-3.5-flash-lite").bill(Usage(rows=1, prompt=1_234_567, output=89_123), DAY)
    assert written(bill.standard) == "0.593178"
    assert bill.standard == Decimal("0.5931776")


def test_batch_halves_input_and_output() -> None:
    # 1,234,567 x 0.15 + 89,123 x 1.25 a million = 0.18518505 + 0.11140375
    bill = price("gemini-3.5-flash-lite").bill(Usage(rows=1, prompt=1_234_567, output=89_123), DAY)
    assert bill.paid == Decimal("0.2965888")
    assert amounts(bill) == {"paid": "0.296589", "standard": "0.593178", "batch": "0.296589", "cache": "0.000000"}


def test_cached_tokens_cost_a_tenth_of_the_standard_price_and_batch_does_not_halve_that() -> None:
    # 2.5 Flash, nothing but 1,000,000 cached: 0.03, where the standard price is 0.30 and half of a tenth were 0.015
    bill = price("gemini-2.5-flash").bill(Usage(rows=1, prompt=1_000_000, cached=1_000_000), DAY)
    assert amounts(bill) == {"paid": "0.030000", "standard": "0.300000", "batch": "0.000000", "cache": "0.270000"}


def test_batch_and_cache_share_a_request_token_by_token() -> None:
    # 2.5 Flash: 400,000 cached x 0.03 + 600,000 x 0.15 + 100,000 out x 1.25 = 0.012 + 0.09 + 0.125
    # standard: 1,000,000 x 0.30 + 100,000 x 2.50 = 0.55; the cache saves 400,000 x 0.27 = 0.108, batch the rest
    bill = price("gemini-2.5-flash").bill(Usage(rows=1, prompt=1_000_000, cached=400_000, output=100_000), DAY)
    assert amounts(bill) == {"paid": "0.227000", "standard": "0.550000", "batch": "0.215000", "cache": "0.108000"}


def test_audio_has_its_own_price() -> None:
    # 2.5 Flash: 250,000 audio x 0.50 + 50,000 text x 0.15 + 1,000 out x 1.25 = 0.125 + 0.0075 + 0.00125
    usage = Usage(rows=1, prompt=300_000, audio=250_000, output=1_000)
    assert amounts(price("gemini-2.5-flash").bill(usage, DAY))["paid"] == "0.133750"


def test_cached_audio_has_its_own_price() -> None:
    # 2.5 Flash: 100,000 cached audio x 0.10 + 150,000 audio x 0.50 + 50,000 text x 0.15 = 0.01 + 0.075 + 0.0075
    usage = Usage(rows=1, prompt=300_000, cached=100_000, audio=250_000, cached_audio=100_000)
    assert amounts(price("gemini-2.5-flash").bill(usage, DAY))["paid"] == "0.092500"


def test_a_long_prompt_has_all_its_tokens_charged_at_the_long_rate() -> None:
    # 3.1 Pro above 200,000: 250,000 x 2 + 10,000 out x 9 = 0.50 + 0.09; below it were 0.25 + 0.06
    usage = Usage(rows=1, prompt=250_000, output=10_000)
    pro = price("gemini-3.1-pro-preview")
    assert usage.is_long
    assert amounts(pro.bill(usage, DAY, long=True)) == {
        "paid": "0.590000",
        "standard": "1.180000",
        "batch": "0.590000",
        "cache": "0.000000",
    }
    assert amounts(pro.bill(usage, DAY))["paid"] == "0.310000"


def test_cached_tokens_of_a_long_prompt_have_a_price_of_their_own() -> None:
    # 2.5 Pro above 200,000: 200,000 cached x 0.25 + 50,000 x 1.25 = 0.05 + 0.0625
    usage = Usage(rows=1, prompt=250_000, cached=200_000)
    assert amounts(price("gemini-2.5-pro").bill(usage, DAY, long=True))["paid"] == "0.112500"


def test_exactly_200_000_tokens_are_not_long() -> None:
    assert not Usage(prompt=200_000).is_long
    assert Usage(prompt=200_001).is_long


def test_thoughts_are_output_and_tokens_of_tools_are_input() -> None:
    # 3.5 Flash: (1,000 + 500 tools) x 0.75 + (200 + 3,000 thoughts) x 4.50 = 0.001125 + 0.0144
    usage = Usage(rows=1, prompt=1_000, tools=500, output=200, thoughts=3_000)
    assert amounts(price("gemini-3.5-flash").bill(usage, DAY))["paid"] == "0.015525"


@pytest.mark.parametrize(
    ("on", "paid"),
    # 1,000,000 in and 100,000 out: 0.375 + 0.1875, after the promo 0.75 + 0.375
    [(date(2026, 12, 31), "0.562500"), (date(2027, 1, 1), "1.125000")],
)
def test_a_promo_holds_up_to_its_last_day(on: date, paid: str) -> None:
    usage = Usage(rows=1, prompt=1_000_000, output=100_000)
    assert written(price("gemini-3.8-flash").bill(usage, on).paid) == paid


def test_locations_other_than_global_cost_a_tenth_more_from_the_3_family_on() -> None:
    # 3.5 Flash-Lite: 1,000,000 x 0.15 x 1.1; 2.5 Flash-Lite: 1,000,000 x 0.05
    usage = Usage(rows=1, prompt=1_000_000)
    assert written(price("gemini-3.5-flash-lite", "eu").bill(usage, DAY).paid) == "0.165000"
    assert written(price("gemini-2.5-flash-lite", "eu").bill(usage, DAY).paid) == "0.050000"


def test_the_2_0_family_has_no_cache_so_its_cached_tokens_cost_what_all_do() -> None:
    # 1,000,000 x 0.075
    bill = price("gemini-2.0-flash").bill(Usage(rows=1, prompt=1_000_000, cached=500_000), DAY)
    assert amounts(bill) == {"paid": "0.075000", "standard": "0.150000", "batch": "0.075000", "cache": "0.000000"}


def test_an_unknown_model_has_no_price_rather_than_none_to_pay() -> None:
    assert price_of(ModelName("gemini-9-ultra"), "global", (shipped(),)) is None
    tuned = ModelName("projects/p/locations/us-central1/endpoints/1234567")
    assert price_of(tuned, "us-central1", (shipped(),)) is None


@pytest.mark.parametrize(
    "name", ["gemini-2.5-flash-001", "gemini-2.5-flash@default", "publishers/google/models/gemini-2.5-flash"]
)
def test_a_version_costs_what_its_model_does(name: str) -> None:
    assert price(name).prices == price("gemini-2.5-flash").prices


def test_a_list_of_ones_own_goes_before_and_needs_standard_prices_only() -> None:
    text = '{"currency": "EUR", "models": {"gemini-2.5-flash": {"standard": {"input": 1, "output": "4.20"}}}}'
    own = NamedList("_prices.json", parse_prices(text))
    found = price_of(ModelName("gemini-2.5-flash"), "eu", (own, shipped()))
    assert found is not None
    assert found.source == "_prices.json"
    # 600,000 x 0.50 + 400,000 cached x 0.10 + 100,000 x 2.10
    bill = found.bill(Usage(rows=1, prompt=1_000_000, cached=400_000, output=100_000), DAY)
    assert (bill.currency, written(bill.paid)) == ("EUR", "0.550000")
    assert price_of(ModelName("gemini-2.5-pro"), "global", (own, shipped())) == price("gemini-2.5-pro")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "malformed"),
        ('{"models": {"m": {"standard": {"inputt": 1, "output": 1}}}}', "inputt"),
        ('{"models": {"m": {"standard": {"input": -1, "output": 1}}}}', "-1 is no price"),
        ('{"schema_version": 2, "models": {}}', "this release reads 1"),
    ],
)
def test_a_list_that_is_none_says_where_it_goes_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_prices(text)


def test_counts_that_contradict_each_other_never_make_a_negative_price() -> None:
    bill = price("gemini-2.5-flash").bill(Usage(rows=1, prompt=10, cached=99, audio=50, cached_audio=70), DAY)
    assert bill.paid > 0
    assert bill.saved_by_batch >= 0
    assert bill.saved_by_cache > 0


def test_sums_are_exact_over_a_million_rows() -> None:
    # 333 x 0.15 + 77 x 1.25 a million = 0.0000499500 + 0.00009625 a row
    one = price("gemini-3.5-flash-lite").bill(Usage(rows=1, prompt=333, output=77), DAY)
    assert total([one] * 1_000, "USD").paid * 1_000 == Decimal("146.2")


def test_what_has_one_price_is_summed_and_each_sum_is_charged_at_its_own() -> None:
    old = Spent(attempt=1, on=date(2026, 12, 31), usage=Usage(rows=2, prompt=1_000_000))
    new = Spent(attempt=2, on=date(2027, 1, 1), usage=Usage(rows=1, prompt=1_000_000))
    spent = add_spent((old,), (new, old, Spent(attempt=3, on=DAY, usage=Usage())))
    assert [(each.attempt, each.usage.rows, each.usage.prompt) for each in spent] == [(1, 4, 2_000_000), (2, 1, 10**6)]
    # 2,000,000 x 0.375 + 1,000,000 x 0.75
    assert written(price("gemini-3.6-flash").bill_all(spent).paid) == "1.500000"


def test_bills_in_two_currencies_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="USD and EUR"):
        total([Bill(currency="EUR", paid=Decimal(1))], "USD")


def test_every_entry_of_the_shipped_list_follows_the_documented_rules() -> None:
    for name, model in shipped().list.models.items():
        for terms in filter(None, (model, model.long, model.promo)):
            standard, batch = terms.standard, terms.batch_rates
            assert (standard.input, standard.output, standard.hearing) == (
                batch.input * 2,
                batch.output * 2,
                batch.hearing * 2,
            ), name
            assert terms.cached_rates in (None, (standard.input / 10, standard.hearing / 10)), name


def test_the_shipped_list_has_the_batch_prices_of_the_page_it_quotes() -> None:
    listed = {
        "gemini-2.5-pro": ("0.625", "5"),
        "gemini-2.5-flash": ("0.15", "1.25"),
        "gemini-2.5-flash-lite": ("0.05", "0.2"),
        "gemini-3-flash-preview": ("0.25", "1.5"),
        "gemini-3.1-pro-preview": ("1", "6"),
        "gemini-3.1-flash-lite": ("0.125", "0.75"),
        "gemini-3.5-flash": ("0.75", "4.5"),
        "gemini-3.5-flash-lite": ("0.15", "1.25"),
        "gemini-3.8-flash": ("0.375", "1.875"),
        "gemini-4-argon": ("1", "5"),
    }
    rates = {name: price(name).prices.terms(DAY, long=False).batch_rates for name in listed}
    assert {name: (str(found.input), str(found.output)) for name, found in rates.items()} == listed
