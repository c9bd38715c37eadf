"""The query for a function's oldest open work, held against the fake and against Google's Firestore emulator."""

from datetime import UTC, datetime, timedelta

import msgspec

from batchdrop.domain.ids import TurnId
from batchdrop.domain.turn import Function, Step, Turn, oldest_turns, turn_ref
from batchdrop.ports import Documents, Put

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=10), NOW + timedelta(days=7)


def turn(name: str, minutes_old: int, due_at: datetime = NOW, step: Step = Step.STAGE) -> Turn:
    return Turn(id=TurnId(name), step=step, created_at=NOW - timedelta(minutes=minutes_old), due_at=due_at)


def found(documents: Documents, limit: int) -> list[str]:
    return [each.value.id for each in documents.find(oldest_turns(Function.STAGE, SOON, limit))]


def test_the_oldest_come_first_whenever_they_are_due(documents: Documents) -> None:
    turns = [turn("a", 5, due_at=NOW), turn("b", 9, due_at=SOON), turn("c", 7, due_at=NOW - timedelta(minutes=1))]
    documents.commit([Put(turn_ref(each), each) for each in turns])
    assert found(documents, 10) == ["b", "c", "a"]
    assert found(documents, 1) == ["b"]


def test_what_sleeps_longer_and_what_others_do_is_left_out(documents: Documents) -> None:
    turns = [turn("asleep", 90, due_at=LATER), turn("another", 90, step=Step.FINISH), turn("own", 1)]
    documents.commit([Put(turn_ref(each), each) for each in turns])
    assert found(documents, 10) == ["own"]


def test_a_turn_that_was_sent_again_is_as_old_as_it_was(documents: Documents) -> None:
    again = msgspec.structs.replace(turn("a", 30), sent=3)
    documents.commit([Put(turn_ref(again), again), Put(turn_ref(turn("b", 20)), turn("b", 20))])
    assert found(documents, 10) == ["a", "b"]
