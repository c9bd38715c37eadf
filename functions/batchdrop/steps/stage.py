"""Stage: read a shard's slice, check and render each row, write its lots; the last of a wave moves the job on."""

from contextlib import ExitStack

import msgspec

from batchdrop.domain.errors import ObjectGone
from batchdrop.domain.ids import LotNumber, row_key
from batchdrop.domain.job import InputFormat, Job, Layout, job_ref
from batchdrop.domain.shard import Shard, shard_ref, shards_in
from batchdrop.domain.states import ENDED_JOB_STATES, JobState, ShardState, move_shard
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot
from batchdrop.rows.prompt import Renderer
from batchdrop.rows.read import SliceReader, read_from, read_to
from batchdrop.rows.requests import RowProblem, check_native, check_size, fingerprint, request_line, signature
from batchdrop.rows.sidecar import invalid_line
from batchdrop.rows.values import BadRow, Row, SideRow, json_raw, text_raw
from batchdrop.steps.closing import stop_job
from batchdrop.steps.context import Context
from batchdrop.steps.identify import deleted
from batchdrop.steps.lots import LazyObject, LotFiles
from batchdrop.steps.prompts import prompt_of
from batchdrop.steps.turns import admit_turn, done, leave, plan_turn
from batchdrop.steps.writes import decide_again, replace


def stage(context: Context, own: Snapshot[Turn]) -> None:
    """Turn one shard's rows into request lines."""
    turn = own.value
    job = context.documents.get(job_ref(turn.job)) if turn.job else None
    if job is None or turn.shard is None or job.value.state in ENDED_JOB_STATES:
        context.documents.commit([done(own)])
        return
    shard = context.documents.get(shard_ref(job.value.id, turn.shard))
    if shard is not None and shard.value.state is ShardState.PLANNED:
        try:
            staged = _stage_rows(context, job.value, shard.value)
        except ObjectGone:
            stop_job(context, job.value.id, JobState.CANCELLED, deleted(job.value.input.name))
            context.documents.commit([done(own)])
            return
        context.documents.commit([replace(context, shard, staged)])
        context.log.info(
            "shard.staged",
            job=staged.job,
            shard=staged.index,
            rows=staged.rows,
            invalid=staged.invalid,
            lots=len(staged.lots),
        )
    decide_again(lambda: _move_on(context, own))


def _move_on(context: Context, own: Snapshot[Turn]) -> None:
    """The last of a wave leaves the plan turn of the next, or at the end of the input the admit turn."""
    job = context.documents.get(job_ref(own.value.job)) if own.value.job else None
    if job is None or job.value.state is not JobState.STAGING:
        context.documents.commit([done(own)])
        return
    if context.documents.exists(shards_in(job.value.id, ShardState.PLANNED)):
        context.documents.commit([done(own)])
        return
    now = context.clock.now()
    cursor = job.value.cursor
    if not cursor.done:
        context.documents.commit([leave(context, plan_turn(context, job.value.id, cursor.waves)), done(own)])
        return
    staged = msgspec.structs.replace(job.value, times={"staged": now} | job.value.times)
    context.documents.commit(
        [replace(context, job, staged), leave(context, admit_turn(context, job.value.id)), done(own)]
    )


def _stage_rows(context: Context, job: Job, shard: Shard) -> Shard:
    """Write the shard's files and return it as it will stand.

    Raises:
        ObjectGone: the input's generation is not there any more.
    """
    layout = job.layout
    if layout is None:
        raise AssertionError("a planned job has a layout")
    prompt = prompt_of(context, job)
    maker = _RequestMaker(job, shard, layout, Renderer(prompt) if prompt is not None and prompt.has_template else None)
    chunks = context.objects.read(
        job.input.bucket,
        job.input.name,
        job.input.generation,
        read_from(shard.slice, layout),
        read_to(shard.slice, layout),
    )
    reader = SliceReader(chunks, layout, shard.slice, job.input.size)
    folder = f"jobs/{job.id}/{shard.index:06d}/{context.tokens.fresh()}"
    invalid = 0
    with ExitStack() as stack, LotFiles(context, folder, LotNumber(0)) as files:
        invalid_rows = LazyObject(context, stack, f"{folder}/invalid.jsonl")
        for row in reader:
            made = maker.make(row)
            if isinstance(made, BadRow):
                invalid_rows.write(invalid_line(made))
                invalid += 1
            else:
                files.add(made.line, made.side, made.signature)
    return msgspec.structs.replace(
        shard,
        state=move_shard(shard.state, ShardState.OPEN if files.lots else ShardState.DONE),
        rows=reader.rows,
        lines=reader.lines,
        invalid=invalid,
        invalid_object=invalid_rows.name,
        lots=files.lots,
    )


class _Made(msgspec.Struct, frozen=True):
    line: bytes
    side: SideRow
    signature: dict[str, str] | None


class _RequestMaker:
    """Makes the request line of a row, by the prompt or of a native line."""

    def __init__(self, job: Job, shard: Shard, layout: Layout, renderer: Renderer | None) -> None:
        self._job = job
        self._shard = shard
        self._native = layout.format is InputFormat.VERTEX_JSONL
        self._csv = layout.format is InputFormat.CSV
        self._renderer = renderer

    def make(self, row: Row | BadRow) -> _Made | BadRow:
        if isinstance(row, BadRow):
            return row
        try:
            request = self._request(row)
            types = signature(request)
        except RowProblem as found:
            return BadRow(row=row.row, line=row.line, raw=row.raw, problem=found.problem)
        line = request_line(row_key(self._job.id, self._shard.index, row.row), request)
        too_large = check_size(line)
        if too_large is not None:
            return BadRow(row=row.row, line=row.line, raw=row.raw, problem=too_large)
        side = SideRow(row=row.row, line=row.line, fingerprint=fingerprint(request), raw=self._raw(row))
        return _Made(line, side, types)

    def _raw(self, row: Row) -> msgspec.Raw:
        return text_raw(row.raw.decode()) if self._csv else json_raw(row.raw)

    def _request(self, row: Row) -> dict[str, object]:
        if self._renderer is not None and not self._native:
            return self._renderer.render(row.value)
        problem = check_native(row.value)
        if problem is not None:
            raise RowProblem(problem)
        request = row.value["request"]
        if not isinstance(request, dict):
            raise AssertionError("check_native lets no other request pass")
        return request
