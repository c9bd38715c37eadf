"""Which price a job is planned with."""

import json

import msgspec
import pytest

from batchdrop.domain.states import JobState
from tests.fakes.service import SETTINGS, FakeService

ROWS = '{"request": {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}}\n'


def listed(model: str, amount: str) -> str:
    return json.dumps({"models": {model: {"standard": {"input": amount, "output": amount}}}})


def test_a_job_is_planned_with_the_price_that_ships() -> None:
    service = FakeService()
    info = service.drop("a.jsonl", ROWS)
    service.run()
    price = service.job(info).price
    assert price is not None
    assert price.source == "Batchdrop's list of 2026-11-23"
    assert str(price.prices.batch_rates.input) == "0.15"


def test_the_setting_goes_before_and_the_bucket_s_own_list_before_that() -> None:
    service = FakeService(msgspec.structs.replace(SETTINGS, prices=listed("gemini-3.5-flash-lite", "3")))
    info = service.drop("a.jsonl", ROWS)
    service.run()
    first = service.job(info).price
    service.drop("_prices.json", listed("gemini-3.5-flash-lite", "5"))
    info = service.drop("b.jsonl", ROWS)
    service.run()
    second = service.job(info).price
    assert first is not None
    assert second is not None
    assert (first.source, str(first.prices.standard.input)) == ("the setting PRICES", "3")
    assert (second.source.partition(",")[0], str(second.prices.standard.input)) == ("_prices.json", "5")


def test_a_model_without_a_price_runs_and_says_so() -> None:
    service = FakeService()
    service.drop("default.prompt", "---\nmodel: gemini-9-ultra\n---\n")
    info = service.drop("a.jsonl", ROWS)
    service.run()
    job = service.job(info)
    assert (job.state, job.price) == (JobState.SUCCEEDED, None)
    assert "The price of gemini-9-ultra is unknown" in job.warnings[0]


@pytest.mark.parametrize("content", ["{", '{"models": []}', " " * (2**20 + 1)])
def test_a_list_that_cannot_be_read_is_passed_over_loudly(content: str) -> None:
    service = FakeService()
    service.drop("_prices.json", content)
    info = service.drop("a.jsonl", ROWS)
    service.run()
    job = service.job(info)
    assert job.price is not None
    assert job.price.source.startswith("Batchdrop")
    assert job.warnings[0].startswith("_prices.json is passed over")
    assert "prices.unreadable" in service.log.of("ERROR")
