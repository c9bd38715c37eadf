"""Foretelling what a job takes, and learning from jobs that have ended."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from batchdrop.domain.estimate import Asked, Estimate, Learned, Scale, Span, forecast
from batchdrop.domain.history import LABELS, RECENT, Ended, History, Seen, learned, remember
from batchdrop.domain.ids import JobId, ModelName, prompt_id
from batchdrop.domain.money import Bill
from batchdrop.domain.price_list import price_of, shipped
from batchdrop.domain.usage import Usage

DAY = date(2026, 11, 28)
PRO = price_of(ModelName("gemini-3.1-pro-preview"), "global", (shipped(),))
EMPTY = History(
    id=prompt_id("in", "a.prompt", ModelName("gemini-3.5-flash")),
    prompt="a.prompt",
    model=ModelName("gemini-3.5-flash"),
)


def seen(number: int, taken: int, output: int = 100) -> Seen:
    return Seen(job=JobId(f"j{number}"), expected_input=1_000, expected_output=100, input=taken, output=output)


def dollars(amount: str) -> Bill:
    return Bill(currency="USD", paid=Decimal(amount))


def history(*taken: int) -> History:
    known = EMPTY
    for number, tokens in enumerate(taken):
        known = remember(known, Ended(job=JobId(f"j{number}"), usage=Usage(rows=1), seen=seen(number, tokens)))
    return known


def expected_of(*taken: int) -> Fraction:
    found = learned(history(*taken).recent)
    assert found is not None
    return found.input.expected


def test_a_forecast_prices_usual_and_long_prompts_at_their_own_rates() -> None:
    # low: 1,000 x 1 + 100 x 6; expected: 2,000 x 1 + 200 x 6 and 300,000 x 2 + 1,000 x 9; a million
    usual = Asked(requests=2, input=Span(1_000, 2_000, 3_000), output=Span(100, 200, 300))
    long = Asked(requests=1, input=Span(0, 300_000, 300_000), output=Span(0, 1_000, 1_000))
    found = forecast(Estimate(usual=usual, long=long), None, PRO, DAY)
    assert found.cost is not None
    assert (found.cost.low, found.cost.expected) == (Decimal("0.0016"), Decimal("0.6122"))
    assert found.cost.high == Decimal("0.6138")


def test_audio_in_an_estimate_has_its_own_price() -> None:
    # 2.5 Flash: 40 text x 0.15 + 60 audio x 0.50
    price = price_of(ModelName("gemini-2.5-flash"), "global", (shipped(),))
    asked = Asked(requests=1, input=Span(100, 100, 100), audio=Span(60, 60, 60))
    found = forecast(Estimate(usual=asked), None, price, DAY)
    assert found.cost is not None
    assert found.cost.expected == Decimal("0.000036")


def test_a_forecast_without_a_price_has_tokens_but_no_cost() -> None:
    found = forecast(Estimate(usual=Asked(requests=1, input=Span(1, 2, 3))), None, None, DAY)
    assert (found.cost, found.tokens.all.input) == (None, Span(1, 2, 3))


def test_what_was_learned_corrects_what_is_expected_by_rule() -> None:
    half, tenth = Fraction(1, 2), Fraction(1, 10)
    known = Learned(jobs=3, input=Scale(half, Fraction(2), Fraction(3)), output=Scale(tenth, half, Fraction(1)))
    asked = Asked(requests=4, input=Span(10, 100, 900), output=Span(1, 40, 400))
    found = forecast(Estimate(usual=asked), known, None, DAY)
    assert found.tokens.usual == Asked(requests=4, input=Span(50, 200, 300), output=Span(4, 20, 40))
    assert (found.by_rule.usual, found.learned_from) == (asked, 3)


def test_one_job_is_enough_to_learn_from() -> None:
    assert learned(EMPTY.recent) is None
    assert expected_of(1_300) == Fraction(13, 10)


def test_one_odd_job_among_several_moves_nothing() -> None:
    steady = expected_of(1_000, 1_010, 990, 1_000)
    assert expected_of(1_000, 1_010, 990, 1_000, 90_000) == steady
    found = learned(history(1_000, 1_010, 990, 1_000, 90_000).recent)
    assert found is not None
    assert found.input.high < 2


def test_a_prompt_that_changed_is_learned_anew() -> None:
    assert expected_of(*[1_000] * RECENT, *[3_000] * RECENT) == 3


def test_more_jobs_make_the_spread_smaller() -> None:
    spreads = []
    for jobs in (1, 2, 3, 4):
        found = learned(history(*[1_000] * jobs).recent)
        assert found is not None
        spreads.append(found.input.high - found.input.low)
    assert spreads == sorted(spreads, reverse=True)
    assert len(set(spreads)) == 4


def test_a_job_that_is_told_twice_counts_once() -> None:
    ended = Ended(job=JobId("j1"), usage=Usage(rows=3), bill=dollars("0.5"), seen=seen(1, 900))
    once = remember(EMPTY, ended)
    assert remember(once, ended) is once
    assert (once.jobs, once.requests, once.paid, len(once.recent)) == (1, 3, {"USD": Decimal("0.5")}, 1)


def test_the_sums_of_a_prompt_are_of_all_its_jobs_also_those_that_teach_nothing() -> None:
    known = EMPTY
    for ended in (
        Ended(job=JobId("j1"), usage=Usage(rows=3), bill=dollars("0.5"), seen=seen(1, 900)),
        Ended(job=JobId("j2"), usage=Usage(rows=1), bill=dollars("0.25")),
        Ended(job=JobId("j3"), usage=Usage()),
    ):
        known = remember(known, ended)
    assert (known.jobs, known.requests, known.paid) == (3, 4, {"USD": Decimal("0.75")})
    assert len(known.recent) == 1


def labelled(number: int, **labels: str) -> Ended:
    return Ended(job=JobId(f"j{number}"), usage=Usage(), bill=dollars("2"), labels=labels)


def test_what_bore_a_label_is_summed_by_label_also_after_the_prompt_took_another() -> None:
    known = EMPTY
    for number, team in enumerate(("shop", "shop", "press")):
        known = remember(known, labelled(number, team=team, env="live"))
    sums = {name: paid["USD"] for name, paid in known.by_label.items()}
    assert sums == {"team=shop": Decimal(4), "env=live": Decimal(6), "team=press": Decimal(2)}


def test_a_label_for_each_run_does_not_fill_the_document() -> None:
    known = EMPTY
    for number in range(LABELS + 50):
        known = remember(known, labelled(number, run=str(number)))
    known = remember(known, labelled(9_999, run="0"))
    assert (len(known.by_label), known.by_label["run=0"]["USD"]) == (LABELS, Decimal(4))


def test_a_history_stays_small() -> None:
    known = history(*range(1_000, 1_100))
    assert (known.jobs, len(known.recent), len(known.last)) == (100, RECENT, 2 * RECENT)
