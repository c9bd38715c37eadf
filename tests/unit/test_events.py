"""CloudEvents, as Eventarc posts them, read into values."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cloudevents.http import CloudEvent, from_http

from batchdrop.cloud.events import Change, Event, Malformed, ObjectEvent, Tick, TurnCreated, Unknown, parse
from batchdrop.domain.ids import Generation
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.refs import Ref
from batchdrop.domain.turn import Function, Turn

EVENTS = Path(__file__).parents[1] / "events"
CREATED = "google.cloud.firestore.document.v1.created"
CREATED_AT = datetime(2026, 11, 1, 12, 0, 0, 123000, tzinfo=UTC)
REVIEWS = ObjectInfo(
    bucket="acme-input",
    name="reviews/2026-11.csv",
    generation=Generation(1793534400123456),
    size=352,
    crc32c="yZRlqg==",
    content_type="text/csv",
    created_at=CREATED_AT,
)


def golden(name: str) -> Event:
    """Read a posted event, as the framework hands it over."""
    posted = json.loads((EVENTS / f"{name}.json").read_text())
    body = base64.b64decode(posted["base64"]) if "base64" in posted else json.dumps(posted["body"]).encode()
    return parse(from_http(posted["headers"], body))


def event(kind: str, data: object = None, **attributes: str) -> CloudEvent:
    return CloudEvent({"type": kind, "source": "//here", **attributes}, data)


def test_a_finalized_object_comes_with_all_its_metadata() -> None:
    assert golden("finalized") == ObjectEvent(Change.FINALIZED, REVIEWS)


def test_an_archived_object_is_the_generation_that_went() -> None:
    found = golden("archived")
    assert isinstance(found, ObjectEvent)
    assert found.change is Change.ARCHIVED
    assert (found.object.generation, found.object.content_encoding) == (REVIEWS.generation, "gzip")


def test_a_time_with_an_offset_is_told_in_utc() -> None:
    found = golden("archived")
    assert isinstance(found, ObjectEvent)
    assert found.object.created_at is not None
    assert found.object.created_at.isoformat() == CREATED_AT.isoformat()


def test_a_deleted_object_may_lack_what_is_not_known_any_more() -> None:
    deleted = ObjectInfo(
        bucket="acme-input", name="ünï code/a%2Fb.jsonl", generation=REVIEWS.generation, size=0, crc32c="AAAAAA=="
    )
    assert golden("deleted") == ObjectEvent(Change.DELETED, deleted)


def test_an_event_in_structured_mode_is_the_same_event() -> None:
    found = golden("structured")
    assert isinstance(found, ObjectEvent)
    assert found.object.bucket == "acme-predictions"
    assert (found.object.generation, found.object.size) == (1793534400123457, 99)


def test_a_created_turn_is_named_by_the_attribute_alone() -> None:
    path = "turns/stage/items/stage-j0123456789abcdef0123-000000~2"
    assert golden("document-created") == TurnCreated(Function.STAGE, Ref(path, Turn))


def test_a_message_is_a_tick() -> None:
    assert golden("message-published") == Tick()


def test_data_that_nobody_parsed_yet_are_parsed() -> None:
    data = b'{"bucket": "b", "name": "n", "generation": "7", "size": "1"}'
    found = parse(event(Change.FINALIZED, data))
    assert isinstance(found, ObjectEvent)
    assert (found.object.name, found.object.generation) == ("n", 7)


def test_numbers_may_come_as_numbers() -> None:
    found = parse(event(Change.FINALIZED, {"bucket": "b", "name": "n", "generation": 7, "size": 1}))
    assert isinstance(found, ObjectEvent)
    assert (found.object.generation, found.object.size) == (7, 1)


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"{",
        b"\xff",
        "text",
        [],
        {},
        {"bucket": "b", "name": "n"},
        {"bucket": "b", "name": "n", "generation": "seven"},
        {"bucket": "b", "name": "n", "generation": "0"},
        {"bucket": "b", "name": "", "generation": "7"},
        {"bucket": "", "name": "n", "generation": "7"},
        {"bucket": None, "name": "n", "generation": "7"},
        {"bucket": "b", "name": "n", "generation": "7", "size": []},
        {"bucket": "b", "name": "n", "generation": "7", "timeCreated": "yesterday"},
        {"bucket": "b", "name": "n", "generation": "7", "timeCreated": "2026-11-01T12:00:00"},
        {"bucket": "b", "name": "n", "generation": "7", "timeCreated": "0001-01-01T00:00:00+05:00"},
    ],
)
def test_data_that_are_no_object_are_malformed(data: object) -> None:
    assert isinstance(parse(event(Change.FINALIZED, data)), Malformed)


def test_a_malformed_event_says_where_and_not_what() -> None:
    found = parse(event(Change.FINALIZED, {"bucket": "b", "name": "n", "generation": "secret"}))
    assert isinstance(found, Malformed)
    assert "$.generation" in found.reason
    assert "secret" not in found.reason


@pytest.mark.parametrize(
    "document",
    [
        "",
        "turns/stage/items/",
        "turns/stage/items",
        "turns/nobody/items/x",
        "turns/stage/others/x",
        "jobs/j1",
        "turns/stage/items/x/below/y",
    ],
)
def test_a_created_document_that_is_no_turn_is_malformed(document: str) -> None:
    assert isinstance(parse(event(CREATED, document=document)), Malformed)


def test_a_created_document_without_a_name_is_malformed() -> None:
    assert isinstance(parse(event(CREATED)), Malformed)


@pytest.mark.parametrize("function", list(Function))
def test_each_function_has_its_turns(function: Function) -> None:
    path = f"turns/{function}/items/x"
    assert parse(event(CREATED, document=path)) == TurnCreated(function, Ref(path, Turn))


@pytest.mark.parametrize("kind", ["google.cloud.storage.object.v1.metadataUpdated", "com.example.thing", ""])
def test_an_event_of_another_type_is_unknown(kind: str) -> None:
    assert parse(event(kind)) == Unknown(kind)
