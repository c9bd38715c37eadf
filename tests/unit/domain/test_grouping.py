from datetime import UTC, datetime, timedelta

import msgspec

from batchdrop.domain.grouping import AT_ONCE, Group, group, next_due
from batchdrop.domain.ids import JobId, LotNumber, ShardIndex
from batchdrop.domain.limits import BATCH_BYTES, BATCH_LOTS
from batchdrop.domain.shard import ByteSlice, Lot, Ready, Shard
from batchdrop.domain.states import LotState, ShardState
from batchdrop.rows.signatures import merge

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TYPES = {"contents[].parts[].text": "string"}


def lot(number: int = 0, rows: int = 10, **over: object) -> Lot:
    values = {"attempt": 1, "bytes": 100, "requests": f"r{number}", "sidecar": f"s{number}", "signature": TYPES}
    return Lot(number=LotNumber(number), rows=rows, **{**values, **over})  # type: ignore[arg-type]


def shard(*lots: Lot, job: str = "j1", index: int = 0, ready: Ready = Ready.ALL) -> Shard:
    return Shard(
        job=JobId(job),
        index=ShardIndex(index),
        slice=ByteSlice(0, 1),
        state=ShardState.OPEN,
        lots=lots,
        ready=ready,
    )


def grouped(*shards: Shard, most_rows: int = 1000) -> Group:
    return group(shards, NOW, merge, most_rows)


def test_lots_of_several_jobs_share_a_batch() -> None:
    assert [found.job for found in grouped(shard(lot(), job="j1"), shard(lot(), job="j2")).lots] == ["j1", "j2"]


def test_a_batch_holds_no_more_rows_than_vertex_takes() -> None:
    assert grouped(shard(lot(rows=600)), shard(lot(rows=600), index=1)).rows == 600


def test_a_smaller_lot_may_fill_what_a_larger_one_left() -> None:
    shards = (shard(lot(rows=600)), shard(lot(rows=600), index=1), shard(lot(rows=300), index=2))
    assert grouped(*shards).rows == 900


def test_a_batch_holds_no_more_bytes_than_vertex_takes() -> None:
    big = BATCH_BYTES // 2 + 1
    assert len(grouped(shard(lot(bytes=big)), shard(lot(bytes=big), index=1)).lots) == 1


def test_a_batch_holds_no_more_lots_than_a_commit_takes() -> None:
    shards = [shard(lot(rows=1), index=index) for index in range(BATCH_LOTS + 5)]
    assert len(grouped(*shards).lots) == BATCH_LOTS


def test_lots_whose_types_conflict_ride_apart() -> None:
    other = {"contents[].parts[].text": "number"}
    assert len(grouped(shard(lot()), shard(lot(signature=other), index=1)).lots) == 1


def test_a_lot_without_a_signature_rides_alone() -> None:
    assert len(grouped(shard(lot(signature=None)), shard(lot(), index=1)).lots) == 1


def test_suspects_ride_with_their_like() -> None:
    shards = (shard(lot(ride="b1-0")), shard(lot(), index=1), shard(lot(ride="b1-0"), index=2))
    assert [found.shard for found in grouped(*shards).lots] == [0, 2]


def test_suspects_do_not_join_others() -> None:
    assert len(grouped(shard(lot()), shard(lot(ride="b1-0"), index=1)).lots) == 1


def test_a_lot_that_is_not_due_waits() -> None:
    assert grouped(shard(lot(due_at=NOW + timedelta(seconds=1)))).lots == ()


def test_nothing_is_taken_of_a_shard_that_is_not_admitted() -> None:
    assert grouped(shard(lot(), ready=Ready.NONE)).lots == ()


def test_of_a_shard_that_is_ready_for_its_canary_nothing_else_goes() -> None:
    canary = msgspec.structs.replace(lot(0), canary=True)
    found = grouped(shard(canary, lot(1), ready=Ready.CANARY), shard(lot(), index=1, ready=Ready.CANARY))
    assert [(each.shard, each.lot) for each in found.lots] == [(0, 0)]


def test_submitted_lots_are_not_taken_again() -> None:
    assert next_due(shard(lot(state=LotState.SUBMITTED))) is None


def test_a_shard_is_due_with_the_first_of_its_waiting_lots() -> None:
    assert next_due(shard(lot(0, due_at=NOW), lot(1, due_at=NOW + timedelta(days=1)))) == NOW


def test_a_lot_without_a_time_is_due_at_once() -> None:
    assert next_due(shard(lot(0, due_at=NOW), lot(1))) == AT_ONCE


def test_a_cancelled_shard_waits_for_nothing() -> None:
    assert next_due(msgspec.structs.replace(shard(lot()), state=ShardState.CANCELLED)) is None
