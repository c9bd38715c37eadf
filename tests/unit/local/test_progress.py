import io
from datetime import UTC, datetime

from batchdrop.cloud.codec import encode
from batchdrop.domain.batch import Batch, Claim
from batchdrop.domain.ids import BatchId, Generation, JobId, LaneId, ModelName, ShardIndex
from batchdrop.domain.job import Job
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import ByteSlice, Shard, Tally
from batchdrop.domain.states import TERMINAL_JOB_STATES, BatchState, JobState
from infra.local.progress import ENDED, JobProgress, progress_of
from infra.local.screen import Screen, fitting, line, table

NOW = datetime(2026, 11, 23, tzinfo=UTC)
JOB = Job(
    id=JobId("j1"),
    input=ObjectInfo(bucket="in", name="a.csv", generation=Generation(5), size=1, crc32c=""),
    state=JobState.RUNNING,
    created_at=NOW,
)


def a_shard(rows: int, invalid: int, tally: Tally) -> Shard:
    return Shard(job=JOB.id, index=ShardIndex(0), slice=ByteSlice(0, 1), rows=rows, invalid=invalid, tally=tally)


def a_batch(state: BatchState, job: str) -> Batch:
    return Batch(
        id=BatchId("b1"),
        lane=LaneId("m@global"),
        model=ModelName("m"),
        location="global",
        state=state,
        lots=(),
        jobs=(JobId(job),),
        rows=1,
        bytes=1,
        created_at=NOW,
        claim=Claim("me", NOW),
    )


def test_progress_reads_what_the_service_stores() -> None:
    shards = [a_shard(10, 1, Tally(results=4, errors=2)), a_shard(5, 0, Tally(results=1))]
    batches = [a_batch(BatchState.RUNNING, "j1"), a_batch(BatchState.CLOSED, "j1"), a_batch(BatchState.RUNNING, "j2")]
    progress = progress_of(encode(JOB), [encode(shard) for shard in shards], [encode(batch) for batch in batches])
    assert progress == JobProgress("j1", "a.csv", 5, "RUNNING", staged=15, invalid=1, answered=7, batches=1)


def test_the_states_that_end_progress_are_the_terminal_ones() -> None:
    assert {str(state) for state in TERMINAL_JOB_STATES} == ENDED


def test_a_reason_is_told_with_its_remedy() -> None:
    reason = Reason(code=Code.INPUT_EMPTY, message="It has no rows.", hint="Add some.")
    stored = encode(Job(id=JOB.id, input=JOB.input, state=JobState.REJECTED, created_at=NOW, reason=reason))
    assert progress_of(stored, [], []).reason == "It has no rows. Add some."


def test_without_a_terminal_there_is_a_line_for_each_change_only() -> None:
    out = io.StringIO()
    screen = Screen(out)
    job = progress_of(encode(JOB), [], [])
    screen.show([job])
    screen.show([job])
    screen.show([JobProgress("j1", "a.csv", 5, "SUCCEEDED", staged=3, answered=3)])
    assert [text.partition("s  ")[2] for text in out.getvalue().splitlines()] == [
        "a.csv  RUNNING: 0 rows staged, 0 batches running, 0 rows answered",
        "a.csv  SUCCEEDED: 3 rows staged, 0 batches running, 3 rows answered",
    ]


def test_the_columns_of_the_table_are_aligned() -> None:
    jobs = [
        JobProgress("j1", "a-long-name.csv", 1, "RUNNING", staged=1_000, batches=2, answered=10),
        JobProgress("j2", "b.csv", 1, "SUCCEEDED", staged=5, batches=0, answered=5),
    ]
    assert len({len(row) for row in table(jobs)}) == 1


def test_one_batch_is_no_batches_and_invalid_rows_are_told() -> None:
    job = JobProgress("j1", "a.csv", 1, "RUNNING", staged=9, invalid=2, batches=1)
    assert line(job) == "a.csv  RUNNING: 9 rows staged (2 invalid), 1 batch running, 0 rows answered"


def test_a_small_screen_shows_the_jobs_that_go_on_first() -> None:
    states = ("SUCCEEDED", "RUNNING", "FAILED", "STAGING")
    jobs = [JobProgress(f"j{number}", f"{number}.csv", 1, state) for number, state in enumerate(states)]
    assert [job.job for job in fitting(jobs, 3)] == ["j1", "j2", "j3"]
    assert fitting(jobs, 9) == jobs
