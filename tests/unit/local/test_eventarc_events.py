import base64
import json
from datetime import UTC, datetime

from cloudevents.http import from_http
from google.cloud.firestore_v1.types import Document, Value

from infra.local.eventarc.events import (
    CREATED,
    FINALIZED,
    PUBLISHED,
    Database,
    created_event,
    headers,
    published_event,
    storage_event,
)

NOW = datetime(2026, 11, 23, 10, 0, 0, 123000, tzinfo=UTC)
DATABASE = Database("shop", "batchdrop", "europe-west4")


def test_a_storage_event_reads_in_googles_parser_as_the_cloud_sends_it() -> None:
    resource = {"name": "reviews/nov.csv", "bucket": "in", "generation": "17", "size": "3"}
    event = storage_event("1", FINALIZED, "in", resource, NOW)
    parsed = from_http(headers(event), event.body)
    assert parsed.get_attributes() == {
        "specversion": "1.0",
        "id": "1",
        "source": "//storage.googleapis.com/projects/_/buckets/in",
        "type": FINALIZED,
        "subject": "objects/reviews/nov.csv",
        "time": "2026-11-23T10:00:00.123000Z",
        "datacontenttype": "application/json",
        "bucket": "in",
    }
    assert parsed.data == resource


def test_names_outside_ascii_are_percent_encoded_in_headers_and_plain_in_the_body() -> None:
    event = storage_event("1", FINALIZED, "in", {"name": 'ü 100%"名".csv'}, NOW)
    assert headers(event)["ce-subject"] == "objects/%C3%BC%20100%25%22%E5%90%8D%22.csv"
    assert json.loads(event.body) == {"name": 'ü 100%"名".csv'}


def test_a_creation_names_its_document_in_the_attributes_of_the_real_trigger() -> None:
    event = created_event("1", DATABASE, "turns/stage/items/t1~2", b"", NOW)
    attributes = from_http(headers(event), event.body).get_attributes()
    assert attributes["type"] == CREATED
    assert attributes["source"] == "//firestore.googleapis.com/projects/shop/databases/batchdrop"
    assert attributes["subject"] == "documents/turns/stage/items/t1~2"
    assert attributes["datacontenttype"] == "application/protobuf"
    assert [attributes[name] for name in ("document", "database", "namespace", "project", "location")] == [
        "turns/stage/items/t1~2",
        "batchdrop",
        "(default)",
        "shop",
        "europe-west4",
    ]


def test_a_creations_body_holds_the_document_as_field_one_at_any_length() -> None:
    for length in (1, 127, 128, 20_000):
        document = Document(name="n" * 10, fields={"text": Value(string_value="x" * length)})
        body = created_event("1", DATABASE, "turns/stage/items/t", Document.serialize(document), NOW).body
        # DocumentEventData has its message in field 1, as ArrayValue and MapValue's fields have: a generic reading.
        assert Document.deserialize(_field_one(body)) == document


def test_a_tick_is_a_pubsub_message() -> None:
    event = published_event("7", "shop", "tick", b"tick", NOW)
    parsed = from_http(headers(event), event.body)
    assert parsed["type"] == PUBLISHED
    assert parsed["source"] == "//pubsub.googleapis.com/projects/shop/topics/tick"
    assert base64.b64decode(parsed.data["message"]["data"]) == b"tick"
    assert parsed.data["message"]["messageId"] == "7"


def test_an_empty_attribute_is_left_out() -> None:
    assert "ce-subject" not in headers(published_event("7", "shop", "tick", b"", NOW))


def _field_one(body: bytes) -> bytes:
    assert body[0] == (1 << 3) | 2
    length, shift, position = 0, 0, 1
    while True:
        length |= (body[position] & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not body[position - 1] & 0x80:
            break
    assert len(body) == position + length
    return body[position:]
