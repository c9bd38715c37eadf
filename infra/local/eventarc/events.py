"""The CloudEvents that Google Cloud sends, in binary mode: attributes in headers, data in the body."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

FINALIZED = "google.cloud.storage.object.v1.finalized"
DELETED = "google.cloud.storage.object.v1.deleted"
ARCHIVED = "google.cloud.storage.object.v1.archived"
CREATED = "google.cloud.firestore.document.v1.created"
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"

_JSON = "application/json"
_PROTOBUF = "application/protobuf"
_VALUE_FIELD = 0x0A
"""Tag of field 1, length-delimited: `value` of google.events.cloud.firestore.v1.DocumentEventData."""


@dataclass(frozen=True, slots=True)
class Event:
    """A CloudEvent. `attributes` are extensions beyond id, source, type, subject and time."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    content_type: str
    body: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Database:
    """A Firestore database and where it lies."""

    project: str
    name: str
    location: str = "local"


def headers(event: Event) -> dict[str, str]:
    """Write an event's attributes as HTTP headers.

    Whatever is not printable ASCII, and space, quote and percent, is percent-encoded
    (CloudEvents HTTP binding 1.0.2, 3.1.3.2).
    """
    attributes = {
        "id": event.id,
        "source": event.source,
        "specversion": "1.0",
        "type": event.type,
        "subject": event.subject,
        "time": _rfc3339(event.time),
        **event.attributes,
    }
    encoded = {f"ce-{name}": _encode(value) for name, value in attributes.items() if value}
    return {**encoded, "content-type": event.content_type}


def storage_event(event_id: str, kind: str, bucket: str, resource: Mapping[str, object], now: datetime) -> Event:
    """Tell of an object. `resource` is the object as the JSON API gives it, with size and generation as text."""
    name = str(resource["name"])
    return Event(
        id=event_id,
        source=f"//storage.googleapis.com/projects/_/buckets/{bucket}",
        type=kind,
        subject=f"objects/{name}",
        time=now,
        content_type=_JSON,
        body=json.dumps(resource, ensure_ascii=False).encode(),
        attributes={"bucket": bucket},
    )


def created_event(event_id: str, database: Database, path: str, document: bytes, now: datetime) -> Event:
    """Tell of a new document. `path` is relative to the database, `document` a serialised firestore.v1.Document.

    google.events.cloud.firestore.v1.Document has the same fields under the same numbers.
    """
    return Event(
        id=event_id,
        source=f"//firestore.googleapis.com/projects/{database.project}/databases/{database.name}",
        type=CREATED,
        subject=f"documents/{path}",
        time=now,
        content_type=_PROTOBUF,
        body=bytes([_VALUE_FIELD]) + _varint(len(document)) + document,
        attributes={
            "dataschema": "https://github.com/googleapis/google-cloudevents/blob/main/proto"
            "/google/events/cloud/firestore/v1/data.proto",
            "document": path,
            "database": database.name,
            "namespace": "(default)",
            "project": database.project,
            "location": database.location,
        },
    )


def published_event(event_id: str, project: str, topic: str, data: bytes, now: datetime) -> Event:
    """Tell of a Pub/Sub message."""
    message = {
        "data": base64.b64encode(data).decode(),
        "attributes": {},
        "messageId": event_id,
        "publishTime": _rfc3339(now),
    }
    body = {"message": message, "subscription": f"projects/{project}/subscriptions/eventarc-local-{topic}"}
    return Event(
        id=event_id,
        source=f"//pubsub.googleapis.com/projects/{project}/topics/{topic}",
        type=PUBLISHED,
        subject="",
        time=now,
        content_type=_JSON,
        body=json.dumps(body).encode(),
    )


def _encode(value: str) -> str:
    return "".join(char if "!" <= char <= "~" and char not in '"%' else _percent(char) for char in value)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004  # seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
