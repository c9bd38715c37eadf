"""What a job cost, and how well that was foretold: in the manifest, the job's document and the log."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from batchdrop.domain.history import History, history_ref
from batchdrop.domain.ids import ModelName, prompt_id
from batchdrop.domain.money import Bill
from batchdrop.domain.states import JobState
from infra.local.vertex.models.base import Question
from infra.local.vertex.models.base import Reply as StandInReply
from infra.local.vertex.models.stand_in import StandIn
from tests.fakes.service import SETTINGS, FakeService, Line, Model, answered

SAMPLES = Path("infra/local/samples")
MODEL = ModelName("gemini-3.5-flash-lite")
PROMPT = "---\nmodel: gemini-2.5-flash\nbatch.labels: {team: shop}\n---\nDescribe {{name}}.\n"


def rows(count: int) -> str:
    return "name\n" + "".join(f"Chair {number}\n" for number in range(count))


def reporting(line: Line, metadata: dict[str, Any], text: str = "ok") -> Line:
    found = answered(line, text)
    found["response"]["usageMetadata"] = metadata
    return found


def using(metadata: dict[str, Any], text: str = "ok") -> Model:
    return lambda line: reporting(line, metadata, text)


def run(model: Model, prompt: str = PROMPT, count: int = 10) -> tuple[FakeService, dict[str, Any]]:
    service = FakeService(model=model)
    service.drop("default.prompt", prompt)
    service.drop("a.csv", rows(count))
    service.run_on(timedelta(minutes=10), ticks=4)
    return service, service.manifest("a.csv")


def test_the_manifest_tells_the_cost_and_what_was_saved() -> None:
    # 10 rows of 1,000 in, 400 of them cached, 100 out, 50 thoughts, 2.5 Flash:
    # paid: 600 x 0.15 + 400 x 0.03 + 150 x 1.25 = 289.5 millionths a row; standard: 1,000 x 0.30 + 150 x 2.50 = 675
    metadata = {
        "promptTokenCount": 1_000,
        "cachedContentTokenCount": 400,
        "candidatesTokenCount": 100,
        "thoughtsTokenCount": 50,
    }
    service, manifest = run(using(metadata))
    cost = manifest["cost"]
    assert {key: cost[key] for key in ("currency", "paid", "standard", "saved_by_batch", "saved_by_cache")} == {
        "currency": "USD",
        "paid": "0.002895",
        "standard": "0.006750",
        "saved_by_batch": "0.002775",
        "saved_by_cache": "0.001080",
    }
    assert (cost["attempts"], cost["labels"], cost["unreported_answers"]) == ({"1": "0.002895"}, {"team": "shop"}, 0)
    ended = next(line.fields for line in service.log.lines if line.event == "job.ended")
    assert (ended["cost_usd"], ended["prompt"], ended["labels"]) == (0.002895, "default.prompt", {"team": "shop"})
    assert ended["cost"] == {
        key: cost[key] for key in ("currency", "paid", "standard", "saved_by_batch", "saved_by_cache")
    }


def test_the_job_s_document_keeps_the_exact_bill() -> None:
    service = FakeService(model=using({"promptTokenCount": 7, "candidatesTokenCount": 3}))
    service.drop("default.prompt", PROMPT)
    info = service.drop("a.csv", rows(3))
    service.run()
    # 3 rows: 21 x 0.15 + 9 x 1.25 = 14.4 millionths, half of the standard price
    paid = Decimal("0.0000144")
    assert service.job(info).bill == Bill(currency="USD", paid=paid, saved_by_batch=paid)


def test_answers_that_were_asked_again_were_paid_all_the_same() -> None:
    # JSON that does not fit its schema is asked once more: twice 10 x (100 x 0.15 + 10 x 1.25)
    prompt = PROMPT.replace("batch.labels", "output: {schema: {label: string}}\nbatch.labels")
    _, manifest = run(using({"promptTokenCount": 100, "candidatesTokenCount": 10}, text="no JSON"), prompt)
    assert manifest["counts"]["results"] == 0
    assert manifest["cost"]["attempts"] == {"1": "0.000275", "2": "0.000275"}
    assert manifest["cost"]["paid"] == "0.000550"


def test_a_long_prompt_costs_the_long_rate_among_others() -> None:
    # 3.1 Pro: one row of 300,000 x 2 + 10 x 9, nine of 1,000 x 1 + 10 x 6 a million
    def model(line: Line) -> Line:
        long = line["custom_id"].endswith(".4")
        return reporting(line, {"promptTokenCount": 300_000 if long else 1_000, "candidatesTokenCount": 10})

    _, manifest = run(model, PROMPT.replace("2.5-flash", "3.1-pro-preview"))
    assert manifest["cost"]["paid"] == "0.609630"


def test_only_answered_requests_are_charged() -> None:
    def model(line: Line) -> Line:
        if line["custom_id"].endswith(("1", "2")):
            return line | {"status": "Bad Request: {}", "response": {}}
        return reporting(line, {"promptTokenCount": 1_000_000})

    _, manifest = run(model)
    assert manifest["counts"]["errors"] == 2
    assert manifest["cost"]["paid"] == "1.200000"


def test_answers_that_tell_no_tokens_are_counted() -> None:
    service, manifest = run(using({}))
    assert (manifest["cost"]["paid"], manifest["cost"]["unreported_answers"]) == ("0.000000", 10)
    assert manifest["estimate"]["error"] == {"input_tokens": None, "output_tokens": None, "cost": None}
    assert service.documents.get(history_ref(prompt_id("input", "default.prompt", ModelName("gemini-2.5-flash"))))


def test_a_model_without_a_price_has_no_cost_in_the_manifest_and_none_in_the_log() -> None:
    service, manifest = run(using({"promptTokenCount": 5}), PROMPT.replace("2.5-flash", "9-ultra"))
    assert manifest["state"] == "SUCCEEDED"
    assert (manifest["cost"], manifest["estimate"]["cost"]) == (None, None)
    ended = next(line.fields for line in service.log.lines if line.event == "job.ended")
    assert ended["cost_usd"] is None


def test_a_rejected_file_cost_nothing_and_says_what_it_would_have() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT)
    service.drop("a.csv", rows(40) + "a,b\n" * 30)
    service.run()
    manifest = service.manifest("a.csv")
    assert (manifest["state"], manifest["cost"]["paid"]) == ("REJECTED", "0.000000")
    assert Decimal(manifest["estimate"]["cost"]["expected"]) > 0


def stand_in(line: Line) -> Line:
    made = StandIn().answer(Question(MODEL, line["request"]))
    assert isinstance(made, StandInReply)
    return line | {"status": "", "processed_time": "2026-11-01T12:00:00Z", "response": made.response}


def history(service: FakeService, name: str) -> History:
    found = service.documents.get(history_ref(prompt_id("input", name, MODEL)))
    assert found is not None
    return found.value


@pytest.mark.parametrize(
    ("data", "prompt"),
    [
        ("products/catalog.csv", "products/catalog.prompt"),
        ("reviews/november.csv", "reviews/default.prompt"),
        ("support/tickets.jsonl", "support/tickets.prompt"),
        ("vision/mixed.jsonl", "vision/"),
    ],
)
def test_after_one_job_of_a_prompt_a_sample_is_foretold_within_a_quarter(data: str, prompt: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, allowed_media_buckets=("batchdrop-input",))
    service = FakeService(settings, model=stand_in)
    if not prompt.endswith("/"):
        service.drop(prompt, (SAMPLES / prompt).read_bytes())
    whole = (SAMPLES / data).read_bytes().splitlines(keepends=True)
    half = len(whole) // 2
    service.drop(data, b"".join(whole[:half]))
    service.run()
    first = service.manifest(data)["estimate"]
    info = service.drop(data, b"".join(whole[:1] * (data.endswith("csv")) + whole[half:]))
    service.run()
    manifest, job = service.manifest(data), service.job(info)
    assert job.state in {JobState.SUCCEEDED, JobState.PARTIAL}
    assert (first["learned_from_jobs"], manifest["estimate"]["learned_from_jobs"]) == (0, 1)
    errors = {what: abs(float(share)) for what, share in manifest["estimate"]["error"].items()}
    assert errors.keys() == {"input_tokens", "output_tokens", "cost"}
    assert max(errors.values()) < 0.25, errors
    assert history(service, prompt).jobs == 2


def test_a_prompt_s_history_sums_its_jobs_each_once() -> None:
    service = FakeService(model=using({"promptTokenCount": 1_000_000}))
    service.drop("default.prompt", PROMPT.replace("2.5-flash", "3.5-flash-lite"))
    service.drop("a.csv", rows(2))
    service.drop("b.csv", rows(3))
    service.run()
    known = history(service, "default.prompt")
    # 5 x 0.15
    assert (known.jobs, known.requests, known.paid) == (2, 5, {"USD": Decimal("0.75")})


def test_each_audio_token_is_priced_as_such() -> None:
    metadata = {
        "promptTokenCount": 1_000,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 900}, {"modality": "TEXT", "tokenCount": 100}],
    }
    # 10 x (900 x 0.50 + 100 x 0.15)
    _, manifest = run(using(metadata))
    assert manifest["cost"]["paid"] == "0.004650"
    assert json.dumps(manifest["tokens"]["audio"]) == "9000"


def test_identical_requests_are_estimated_once_as_they_are_asked_once() -> None:
    service = FakeService()
    service.drop("default.prompt", PROMPT.replace("batch.labels", "config: {temperature: 0}\nbatch.labels"))
    info = service.drop("a.csv", "name,note\n" + f"Chair,{'x' * 200}\n" * 8_000)
    service.run()
    estimate = service.job(info).estimate
    assert estimate is not None
    assert (estimate.tokens.all.requests, service.manifest("a.csv")["counts"]["results"]) == (1, 8_000)
