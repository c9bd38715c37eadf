import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

import httpx
import pytest
from google.cloud.firestore import Client
from google.cloud.firestore_v1.types import Document

from infra.local.clients import firestore_client
from infra.local.eventarc import Backoff, Eventarc, Faults, Wiring
from infra.local.eventarc.events import FINALIZED, Database
from infra.local.eventarc.routing import FUNCTIONS, StorageRoutes
from infra.local.ports import wait_until
from tests.e2e.receiver import Receiver

PROJECT = "eventarc-test"


@dataclass(frozen=True, slots=True)
class Setup:
    eventarc: Eventarc
    receivers: dict[str, Receiver]
    lines: list[str]
    database: str

    def notify(self, bucket: str, name: str, kind: str = FINALIZED) -> None:
        notice = {"type": kind, "bucket": bucket, "data": {"name": name, "generation": "1"}}
        with httpx.Client(trust_env=False) as client:
            client.post(self.eventarc.notify_url, json=notice).raise_for_status()

    def settle(self) -> None:
        """Wait until every event was acknowledged."""
        wait_until(lambda: self.eventarc.open == 0, 20.0, "acknowledgements")


@contextmanager
def running(receivers: dict[str, Receiver] | None = None, faults: Faults | None = None) -> Iterator[Setup]:
    """Run Eventarc with receivers for functions, and a database of its own."""
    given = receivers or {}
    receivers = {name: given.get(name) or Receiver() for name in FUNCTIONS}
    lines: list[str] = []
    database = f"db-{uuid.uuid4().hex[:12]}"
    wiring = Wiring(
        functions={name: receiver.url for name, receiver in receivers.items()},
        routes=StorageRoutes("in", "predictions"),
        database=Database(PROJECT, database),
        backoff=Backoff(first=0.01, longest=0.05),
    )
    with ExitStack() as stack:
        for receiver in receivers.values():
            stack.enter_context(receiver)
        eventarc = stack.enter_context(Eventarc(wiring, lines.append, faults=faults or Faults(), seed=1))
        yield Setup(eventarc, receivers, lines, database)


@pytest.fixture
def setup() -> Iterator[Setup]:
    with running() as setup:
        yield setup


def client_of(host: str, database: str) -> "closing[Client]":
    return closing(firestore_client(host, PROJECT, database))


def test_an_event_is_delivered_again_until_it_is_acknowledged() -> None:
    with running({"intake": Receiver(lambda number: 500 if number < 2 else 200)}) as setup:
        setup.notify("in", "a.csv")
        setup.settle()
        received = setup.receivers["intake"].received
    assert [each.headers["ce-subject"] for each in received] == ["objects/a.csv"] * 3
    assert len({each.headers["ce-id"] for each in received}) == 1
    assert [line.split(", ")[1] for line in setup.lines] == ["500", "500", "200"]


def test_storage_events_go_by_bucket_and_kind(setup: Setup) -> None:
    setup.notify("work", "nobody.csv")
    setup.notify("in", "a.csv")
    setup.notify("in", "b.csv", "google.cloud.storage.object.v1.deleted")
    setup.notify("in", "c.csv", "google.cloud.storage.object.v1.archived")
    setup.notify("predictions", "p.jsonl", "google.cloud.storage.object.v1.deleted")
    setup.notify("predictions", "q.jsonl")
    setup.settle()
    subjects = {
        name: sorted(each.headers["ce-subject"] for each in receiver.received)
        for name, receiver in setup.receivers.items()
    }
    assert subjects == {
        "intake": ["objects/a.csv", "objects/b.csv", "objects/c.csv"],
        "stage": [],
        "dispatch": ["objects/q.jsonl"],
        "collect": [],
    }


def test_what_is_no_notice_is_refused(setup: Setup) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.post(setup.eventarc.notify_url, content=b"{").status_code == 400
        assert client.post(setup.eventarc.notify_url, json={"type": FINALIZED}).status_code == 400


def test_as_many_requests_run_at_once_as_told_and_no_more() -> None:
    four_at_once = threading.Barrier(4)

    def together(_: int) -> int:
        four_at_once.wait(20.0)
        return 200

    with running({"intake": Receiver(together)}) as setup:
        for number in range(20):
            setup.notify("in", f"{number}.csv")
        setup.settle()
        assert setup.receivers["intake"].most_at_once == 4


def test_duplicated_events_come_twice_with_one_id() -> None:
    with running(faults=Faults(duplicate=1.0)) as setup:
        setup.notify("in", "a.csv")
        first, second = setup.receivers["intake"].wait_for(2)
        setup.settle()
    assert first == second


def test_delayed_events_overtake_one_another() -> None:
    with running(faults=Faults(max_delay=0.5)) as setup:
        for number in range(20):
            setup.notify("in", f"{number:02}.csv")
        setup.settle()
        subjects = [each.headers["ce-subject"] for each in setup.receivers["intake"].received]
    assert len(subjects) == 20
    assert subjects != sorted(subjects)


def test_dropped_events_never_come_and_are_recorded() -> None:
    with running(faults=Faults(drop=1.0)) as setup:
        setup.notify("in", "lost.csv")
        setup.eventarc.faults = Faults()
        setup.notify("in", "found.csv")
        setup.settle()
        assert [each.headers["ce-subject"] for each in setup.receivers["intake"].received] == ["objects/found.csv"]
        assert [line for line in setup.lines if "lost.csv" in line and "dropped" in line]


def test_a_creation_arrives_with_attributes_and_the_document(setup: Setup, firestore_host: str) -> None:
    setup.eventarc.listen(firestore_host)
    with client_of(firestore_host, setup.database) as client:
        client.document("turns/stage/items/t1~2").create({"step": "stage", "sent": 2})
        (received,) = setup.receivers["stage"].wait_for(1)
    assert received.headers["ce-type"] == "google.cloud.firestore.document.v1.created"
    assert received.headers["ce-document"] == "turns/stage/items/t1~2"
    assert received.headers["ce-database"] == setup.database
    assert received.headers["content-type"] == "application/protobuf"
    root = f"projects/{PROJECT}/databases/{setup.database}"
    assert received.headers["ce-source"] == f"//firestore.googleapis.com/{root}"
    document = Document.deserialize(received.body[2:] if received.body[1] < 0x80 else received.body[3:])
    assert document.name == f"{root}/documents/turns/stage/items/t1~2"
    assert document.fields["step"].string_value == "stage"
    assert document.fields["sent"].integer_value == 2


def test_each_turn_goes_to_its_own_function_and_other_documents_to_none(setup: Setup, firestore_host: str) -> None:
    setup.eventarc.listen(firestore_host)
    with client_of(firestore_host, setup.database) as client:
        client.document("elsewhere/stage/items/t").create({})
        client.document("jobs/j").create({})
        for name in FUNCTIONS:
            client.document(f"turns/{name}/items/t").create({})
        for name, receiver in setup.receivers.items():
            assert [each.headers["ce-document"] for each in receiver.wait_for(1)] == [f"turns/{name}/items/t"]


def test_turns_that_stand_already_are_told_of(setup: Setup, firestore_host: str) -> None:
    with client_of(firestore_host, setup.database) as client:
        client.document("turns/collect/items/old").create({})
        setup.eventarc.listen(firestore_host)
        setup.receivers["collect"].wait_for(1)


def test_a_change_is_no_creation_but_a_creation_after_a_deletion_is_one(setup: Setup, firestore_host: str) -> None:
    setup.eventarc.listen(firestore_host)
    with client_of(firestore_host, setup.database) as client:
        turn = client.document("turns/stage/items/t")
        turn.create({"n": 1})
        setup.receivers["stage"].wait_for(1)
        turn.set({"n": 2})
        turn.delete()
        turn.create({"n": 3})
        setup.receivers["stage"].wait_for(2)
        client.document("turns/stage/items/last").create({})
        documents = [each.headers["ce-document"] for each in setup.receivers["stage"].wait_for(3)]
    assert documents == ["turns/stage/items/t", "turns/stage/items/t", "turns/stage/items/last"]


def test_ticks_come_one_at_a_time_however_slow_the_answer() -> None:
    def slowly(_: int) -> int:
        time.sleep(0.1)
        return 200

    with running({"dispatch": Receiver(slowly)}) as setup:
        setup.eventarc.tick_every(0.01)
        received = setup.receivers["dispatch"].wait_for(4)
        assert setup.receivers["dispatch"].most_at_once == 1
    assert {each.headers["ce-type"] for each in received} == {"google.cloud.pubsub.topic.v1.messagePublished"}
    assert {each.headers["ce-source"] for each in received} == {
        f"//pubsub.googleapis.com/projects/{PROJECT}/topics/tick"
    }
