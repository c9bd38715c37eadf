"""Who is told of what, held against what the code takes as meant for it."""

from itertools import product

import pytest
from cloudevents.http import CloudEvent

from batchdrop import entry
from batchdrop.cloud.events import DOCUMENT_CREATED, MESSAGE_PUBLISHED, Change
from batchdrop.domain.turn import Function, turns_path
from infra.local.eventarc.routing import StorageRoutes, turn_target
from tests.fakes.service import SETTINGS, FakeService
from tests.infra.plan import Plan
from tests.infra.terraform import Json

pytestmark = pytest.mark.timeout(900)

BUCKETS = (SETTINGS.input_bucket, SETTINGS.work_bucket, SETTINGS.predictions_bucket, SETTINGS.output_bucket)
TICK = ""

Told = tuple[str, str, str]
"""A function, an event's type, and the bucket or the folder of turns it is about."""


def criteria_of(trigger: Json) -> dict[str, str]:
    return {criterion["attribute"]: criterion["value"] for criterion in trigger["matching_criteria"]}


def told_of(plan: Plan) -> set[Told]:
    return {_told(trigger) for trigger in plan.of("google_eventarc_trigger").values()}


def _told(trigger: Json) -> Told:
    criteria = criteria_of(trigger)
    function = trigger["destination"][0]["cloud_run_service"][0]["service"].removeprefix("batchdrop-")
    bucket = criteria.get("bucket", "").removeprefix("acme-batch-batchdrop-")
    turns = criteria.get("document", "").removesuffix("/{turn}")
    return (function, criteria["type"], bucket or turns)


def taken(function: Function, kind: str, place: str) -> bool:
    """Whether the code takes such an event as meant for that function."""
    service = FakeService()
    entry._deliver(service.context, function, event(kind, place))
    return not {"event.misrouted", "event.unknown", "event.malformed"} & set(service.log.of("WARNING"))


def event(kind: str, place: str) -> CloudEvent:
    attributes = {"id": "1", "source": "s", "type": kind}
    if kind == DOCUMENT_CREATED:
        return CloudEvent(attributes | {"document": f"{place}/turn"}, b"")
    return CloudEvent(attributes, {"bucket": place, "name": "b1/1/x.jsonl", "generation": "1", "size": "1"})


def test_each_function_is_told_of_exactly_what_it_takes(plan: Plan) -> None:
    everything = [
        *product(Function, Change, BUCKETS),
        *product(Function, [DOCUMENT_CREATED], map(turns_path, Function)),
        *product(Function, [MESSAGE_PUBLISHED], [TICK]),
    ]
    wanted = {
        (str(function), str(kind), place) for function, kind, place in everything if taken(function, str(kind), place)
    }
    assert told_of(plan) == wanted


def test_the_local_events_go_where_the_triggers_send_them(plan: Plan) -> None:
    routes = StorageRoutes(SETTINGS.input_bucket, SETTINGS.predictions_bucket)
    for function, kind, place in told_of(plan):
        if kind in set(Change):
            assert routes.target(kind, place) == function
        if kind == DOCUMENT_CREATED:
            assert turn_target(f"{place}/turn") == function


def test_turns_are_matched_as_patterns_and_come_as_protobuf(plan: Plan) -> None:
    for trigger in plan.of("google_eventarc_trigger").values():
        criteria = {criterion["attribute"]: criterion for criterion in trigger["matching_criteria"]}
        if criteria["type"]["value"] == DOCUMENT_CREATED:
            assert criteria["document"]["operator"] == "match-path-pattern"
            assert criteria["database"]["value"] == plan.at("google_firestore_database.this")["name"]
            assert trigger["event_data_content_type"] == "application/protobuf"


def test_triggers_stand_where_buckets_database_and_functions_are(plan: Plan) -> None:
    triggers = {trigger["location"] for trigger in plan.of("google_eventarc_trigger").values()}
    buckets = {bucket["location"] for bucket in plan.of("google_storage_bucket").values()}
    functions = {function["location"] for function in plan.of("google_cloudfunctions2_function").values()}
    assert triggers == buckets == functions == {plan.at("google_firestore_database.this")["location_id"]}


def test_no_function_hears_of_a_bucket_that_it_writes(plan: Plan) -> None:
    heard = {(function, place) for function, kind, place in told_of(plan) if kind in set(Change)}
    written = {
        (grant.member.removeprefix("serviceAccount:"), grant.on.removeprefix("acme-batch-batchdrop-"))
        for grant in plan.grants()
        if grant.role == "roles/storage.objectUser"
    }
    assert heard.isdisjoint(written)


def test_every_trigger_s_subscription_is_to_be_set_up_and_may_forward_dead_letters(plan: Plan) -> None:
    triggers = {trigger["name"].removeprefix("batchdrop-") for trigger in plan.of("google_eventarc_trigger").values()}
    forwarding = plan.of("google_pubsub_subscription_iam_member")
    assert plan.output("event_subscriptions").keys() == triggers
    assert {address.split('"')[1] for address in forwarding} == triggers


def test_an_event_is_not_sent_again_while_its_run_may_still_end(plan: Plan) -> None:
    longest = max(
        made["service_config"][0]["timeout_seconds"] for made in plan.of("google_cloudfunctions2_function").values()
    )
    for wanted in plan.output("event_subscriptions").values():
        assert longest < wanted["ack_deadline_seconds"] <= 600
        assert wanted["max_delivery_attempts"] == 100
