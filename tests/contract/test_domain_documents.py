"""The service's own documents and queries, held against the fake and against Google's Firestore emulator."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from batchdrop.domain.batch import Batch, Claim, Ending, LotRef, batch_ref, batches_in, batches_with
from batchdrop.domain.budget import BudgetDay, FolderDay, Reservation, budget_ref
from batchdrop.domain.canary import CanaryReport
from batchdrop.domain.estimate import Asked, Estimate, Span, forecast
from batchdrop.domain.history import Ended, History, Seen, history_ref, remember
from batchdrop.domain.ids import BatchId, Generation, JobId, LaneId, LotNumber, ModelName, PromptId, ShardIndex, TurnId
from batchdrop.domain.ids import VertexJobName as JobName
from batchdrop.domain.job import (
    InputFormat,
    Job,
    Layout,
    Options,
    OutputFormat,
    PinnedPrompt,
    PlanCursor,
    job_ref,
    jobs_at_budget,
    jobs_in,
    jobs_that_wait_for,
)
from batchdrop.domain.lane import Lane, all_lanes, lane_ref
from batchdrop.domain.money import Bill
from batchdrop.domain.name import Name, name_ref
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.price_list import price_of, shipped
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.refs import D, Document, Query, Ref
from batchdrop.domain.shard import (
    ByteSlice,
    Lot,
    Part,
    Ready,
    Shard,
    Tally,
    any_waiting_shards,
    shard_ref,
    shards_in,
    shards_of,
    waiting_shards,
)
from batchdrop.domain.states import BatchState, JobState, LotState, ShardState
from batchdrop.domain.turn import Function, Step, Turn, overdue_turns, turn_ref, turns_of
from batchdrop.domain.usage import Spent, Usage
from batchdrop.domain.vertex import VertexState
from batchdrop.ports import Documents, Put

NOW = datetime(2026, 11, 1, 12, 0, 0, 5, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
JOB, OTHER = JobId("j1"), JobId("j2")
LANE = LaneId("gemini-3.5-flash@global")
PRICE = price_of(ModelName("gemini-3.8-flash"), "eu", (shipped(),))
PROMPT = PromptId("p1")
INPUT = ObjectInfo(bucket="in", name="a/b.csv", generation=Generation(2**60), size=9, crc32c="aa==", created_at=NOW)


def job(name: JobId = JOB, state: JobState = JobState.PLANNING, *searched: str) -> Job:
    return Job(id=name, input=INPUT, state=state, created_at=NOW, searched=searched)


def shard(index: int, owner: JobId = JOB, **fields: object) -> Shard:
    base = {"job": owner, "index": ShardIndex(index), "slice": ByteSlice(0, 5)}
    return Shard(**(base | fields))  # type: ignore[arg-type]  # the values are those of the test's own lines


def batch(name: str, state: BatchState, *jobs: JobId) -> Batch:
    return Batch(
        id=BatchId(name),
        lane=LANE,
        model=ModelName("gemini-3.5-flash"),
        location="global",
        state=state,
        lots=tuple(LotRef(each, ShardIndex(3), LotNumber(1)) for each in jobs),
        jobs=jobs,
        rows=10,
        bytes=20,
        created_at=NOW,
        claim=Claim("me", NOW),
    )


def turn(name: str, due_at: datetime, step: Step = Step.STAGE, owner: JobId = JOB) -> Turn:
    return Turn(id=TurnId(name), step=step, created_at=NOW, due_at=due_at, job=owner)


def full_job() -> Job:
    return Job(
        rev="r",
        id=JOB,
        input=INPUT,
        state=JobState.CLOSING,
        created_at=NOW,
        times={"PLANNING": NOW, "STAGING": LATER},
        outcome=JobState.REJECTED,
        reason=Reason(code=Code.INPUT_HEADER, message="m", hint="h", where="a/b.csv", line=1, column=2),
        warnings=("w",),
        searched=("a/b.prompt", "default.prompt"),
        prompt=PinnedPrompt(bucket="in", name="a/b.prompt", generation=Generation(5)),
        model=ModelName("gemini-3.5-flash"),
        lane=LANE,
        price=PRICE,
        estimate=forecast(Estimate(usual=Asked(requests=1, input=Span(1, 2, 3))), None, PRICE, NOW.date()),
        bill=Bill(currency="USD", paid=Decimal("0.0000012")),
        options=Options(output=OutputFormat.CSV, max_invalid=1, labels={"team-a": "x"}),
        layout=Layout(format=InputFormat.CSV, columns=("a", "b.c"), delimiter=";", body=4, head_lines=1),
        answer_columns=("answer",),
        canary=CanaryReport(results=1, errors=2, refused=1, open=0, answers=3, misfits=1),
        reservation=Reservation(day="2026-11-01", folders=("/", "a"), usd=Decimal("1.000001")),
        at_budget="2026-11-01",
        cursor=PlanCursor(position=10, shards=2, waves=1, done=True),
        expire_at=LATER,
    )


def remembered() -> History:
    seen = Seen(job=JOB, expected_input=1, expected_output=2, input=3, output=4)
    empty = History(id=PROMPT, prompt="a/b.prompt", model=ModelName("m"))
    bill = Bill(currency="EUR", paid=Decimal("0.0000012"))
    return remember(empty, Ended(job=JOB, usage=Usage(5), bill=bill, seen=seen, labels={"team-a": "x"}))


def full_shard() -> Shard:
    lot = Lot(
        number=LotNumber(0),
        attempt=2,
        rows=1,
        bytes=2,
        requests="q",
        sidecar="s",
        signature={"request.contents[].parts[].text": "string"},
        state=LotState.SUBMITTED,
        batch=BatchId("b1"),
        due_at=LATER,
        canary=True,
        twins=3,
    )
    return shard(
        0,
        lots=(lot,),
        ready=Ready.CANARY,
        due_at=NOW,
        rank=-1.5,
        tally=Tally(1),
        spent=(Spent(attempt=2, on=NOW.date(), usage=Usage(2), long=True),),
        estimate=Estimate(usual=Asked(requests=1, input=Span(1, 2, 3))),
        part=Part(results="p"),
    )


def full_batch() -> Batch:
    ending = Ending(at=LATER, state=VertexState.PARTIALLY_SUCCEEDED, code=13, message="m", promised=4, files=(INPUT,))
    return Batch(
        id=BatchId("b1"),
        lane=LANE,
        model=ModelName("m"),
        location="global",
        state=BatchState.ENDED,
        lots=(LotRef(JOB, ShardIndex(0), LotNumber(0)),),
        jobs=(JOB,),
        rows=1,
        bytes=2,
        created_at=NOW,
        claim=Claim("me", NOW),
        vertex_name=JobName("projects/p/locations/global/batchPredictionJobs/1"),
        ending=ending,
    )


@pytest.mark.parametrize(
    ("ref", "value"),
    [
        pytest.param(job_ref(JOB), job(), id="a new job"),
        pytest.param(job_ref(JOB), full_job(), id="a full job"),
        pytest.param(shard_ref(JOB, ShardIndex(0)), shard(0), id="a new shard"),
        pytest.param(shard_ref(JOB, ShardIndex(0)), full_shard(), id="a full shard"),
        pytest.param(batch_ref(BatchId("b1")), batch("b1", BatchState.SUBMITTING, JOB), id="a new batch"),
        pytest.param(batch_ref(BatchId("b1")), full_batch(), id="an ended batch"),
        pytest.param(turn_ref(turn("t", NOW)), turn("t", NOW), id="a turn"),
        pytest.param(name_ref("in", "a"), Name(bucket="in", name="a", generation=Generation(1), job=JOB), id="a name"),
        pytest.param(
            lane_ref(LANE),
            Lane(id=LANE, model=ModelName("m"), location="global", running=(BatchId("b1"),), backoff_until=NOW),
            id="a lane",
        ),
        pytest.param(
            budget_ref("2026-11-01"),
            BudgetDay(
                day="2026-11-01",
                folders=(
                    FolderDay(folder="/", reserved=Decimal("0.000001")),
                    FolderDay(folder="a/b.c", spent=Decimal("12.50")),
                ),
            ),
            id="the budgets of a day",
        ),
        pytest.param(history_ref(PROMPT), remembered(), id="the history of a prompt"),
    ],
)
def test_each_kind_of_document_reads_back(documents: Documents, ref: Ref[Document], value: Document) -> None:
    documents.commit([Put(ref, value)])
    found = documents.get(ref)
    assert found is not None
    assert found.value == value


def paths(documents: Documents, query: Query[D]) -> list[str]:
    return [found.ref.path for found in documents.find(query)]


def put_shards(documents: Documents, *shards: Shard) -> None:
    documents.commit([Put(shard_ref(each.job, each.index), each) for each in shards])


def test_the_shards_of_a_job_come_in_the_order_of_the_input(documents: Documents) -> None:
    put_shards(documents, *(shard(index) for index in (2, 0, 11, 1)), shard(5, OTHER))
    assert [found.value.index for found in documents.find(shards_of(JOB))] == [0, 1, 2, 11]


def test_the_rows_of_a_job_are_summed_over_its_shards(documents: Documents) -> None:
    put_shards(documents, shard(0, rows=5, invalid=1), shard(1, rows=7), shard(0, OTHER, rows=100))
    assert documents.totals(shards_of(JOB), ["rows", "invalid"]) == {"count": 2, "rows": 12, "invalid": 1}


def test_whether_a_shard_is_in_a_state_is_asked_of_one_job(documents: Documents) -> None:
    put_shards(documents, shard(0, state=ShardState.DONE), shard(0, OTHER, state=ShardState.OPEN))
    assert not documents.exists(shards_in(JOB, ShardState.OPEN))
    assert documents.exists(shards_in(OTHER, ShardState.OPEN))


def test_waiting_shards_are_those_of_the_lane_that_are_due_by_rank(documents: Documents) -> None:
    put_shards(
        documents,
        shard(0, lane=LANE, waiting=True, due_at=NOW, rank=2.0),
        shard(1, OTHER, lane=LANE, waiting=True, due_at=NOW - timedelta(hours=1), rank=1.0),
        shard(2, lane=LANE, waiting=True, due_at=LATER, rank=0.0),
        shard(3, lane=LANE, waiting=False, due_at=NOW, rank=0.0),
        shard(4, lane=LaneId("another@global"), waiting=True, due_at=NOW, rank=0.0),
        shard(5, lane=LANE, waiting=True, due_at=None, rank=0.0),
    )
    found = [found.value.index for found in documents.find(waiting_shards(LANE, NOW, 10))]
    assert found == [1, 0]
    assert [each.value.index for each in documents.find(waiting_shards(LANE, NOW, 1))] == [1]


def test_shards_that_wait_in_any_lane_are_found_for_the_tick(documents: Documents) -> None:
    put_shards(
        documents,
        shard(0, lane=LANE, waiting=True, due_at=NOW),
        shard(1, OTHER, lane=LaneId("another@global"), waiting=True, due_at=NOW),
        shard(2, waiting=True, due_at=LATER),
    )
    assert {found.value.index for found in documents.find(any_waiting_shards(NOW))} == {0, 1}


def test_jobs_that_wait_for_a_prompt_are_those_that_looked_for_it(documents: Documents) -> None:
    waiting = [job(JOB, JobState.WAITING, "a/default.prompt", "default.prompt")]
    others = [job(OTHER, JobState.WAITING, "b/default.prompt"), job(JobId("j3"), JobState.RUNNING, "a/default.prompt")]
    documents.commit([Put(job_ref(each.id), each) for each in waiting + others])
    assert paths(documents, jobs_that_wait_for("a/default.prompt")) == ["jobs/j1"]


def test_jobs_in_a_state_are_found(documents: Documents) -> None:
    jobs = [job(JOB, JobState.WAITING), job(OTHER, JobState.RUNNING)]
    documents.commit([Put(job_ref(each.id), each) for each in jobs])
    assert paths(documents, jobs_in(JobState.RUNNING)) == [f"jobs/{OTHER}"]


def test_jobs_that_wait_at_a_budget_are_those_of_its_day(documents: Documents) -> None:
    days = {JOB: "2026-11-01", OTHER: "2026-11-02", JobId("j3"): "", JobId("j4"): "2026-11-01"}
    jobs = [msgspec.structs.replace(job(name, JobState.STAGING), at_budget=day) for name, day in days.items()]
    documents.commit([Put(job_ref(each.id), each) for each in jobs])
    assert paths(documents, jobs_at_budget("2026-11-01", 10)) == ["jobs/j1", "jobs/j4"]
    assert len(paths(documents, jobs_at_budget("2026-11-01", 1))) == 1


def test_batches_are_found_by_state_and_by_job(documents: Documents) -> None:
    batches = [
        batch("b1", BatchState.RUNNING, JOB, OTHER),
        batch("b2", BatchState.ENDED, OTHER),
        batch("b3", BatchState.RUNNING, OTHER),
    ]
    documents.commit([Put(batch_ref(each.id), each) for each in batches])
    assert paths(documents, batches_in(BatchState.RUNNING)) == ["batches/b1", "batches/b3"]
    assert paths(documents, batches_with(JOB)) == ["batches/b1"]


def test_overdue_turns_are_those_of_all_functions_longest_first(documents: Documents) -> None:
    turns = [
        turn("a", NOW),
        turn("b", NOW - timedelta(minutes=5), Step.FINISH),
        turn("c", LATER, Step.PLAN),
    ]
    documents.commit([Put(turn_ref(each), each) for each in turns])
    assert paths(documents, overdue_turns(NOW, 10)) == ["turns/collect/items/b", "turns/stage/items/a"]


def test_the_turns_of_a_job_are_found_with_one_function(documents: Documents) -> None:
    turns = [turn("a", NOW), turn("b", NOW, owner=OTHER), turn("c", NOW, Step.PLAN)]
    documents.commit([Put(turn_ref(each), each) for each in turns])
    assert paths(documents, turns_of(JOB, Function.STAGE)) == ["turns/stage/items/a"]


def test_all_lanes_are_found(documents: Documents) -> None:
    lanes = [Lane(id=LaneId(name), model=ModelName("m"), location="global") for name in ("m@us", "m@global")]
    documents.commit([Put(lane_ref(each.id), each) for each in lanes])
    assert paths(documents, all_lanes()) == ["lanes/m@global", "lanes/m@us"]
