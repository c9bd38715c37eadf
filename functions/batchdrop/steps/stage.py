"""Stage: read a shard's slice, check and render each row, write its lots; the last of a wave moves the job on."""

from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial

import msgspec

from batchdrop.domain.errors import ObjectGone
from batchdrop.domain.ids import LotNumber, RowKey, RowNumber, row_key
from batchdrop.domain.job import InputFormat, Job, Layout, job_ref
from batchdrop.domain.measures import Event, per_second
from batchdrop.domain.shard import Shard, shard_ref, shards_in
from batchdrop.domain.states import ENDED_JOB_STATES, JobState, ShardState, move_shard
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot
from batchdrop.rows.measure import Meter
from batchdrop.rows.media_buckets import MediaBuckets
from batchdrop.rows.native import NativeRequests
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.prompt import Prompt
from batchdrop.rows.render import PromptRequests
from batchdrop.rows.sidecar import invalid_line, side_bytes, twin_bytes
from batchdrop.rows.twins import Twins, twins_of
from batchdrop.rows.values import BadRow, Request, Row
from batchdrop.steps.closing import stop_job
from batchdrop.steps.context import Context, Files
from batchdrop.steps.estimated import forecast_of
from batchdrop.steps.find_columns import RecordColumns
from batchdrop.steps.identify import deleted
from batchdrop.steps.lots import LazyObject, LotFiles
from batchdrop.steps.prompts import prompt_of
from batchdrop.steps.read_slice import rows_of
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
        begun = context.clock.now()
        try:
            staged = stage_rows(context, job.value, shard.value)
        except ObjectGone:
            stop_job(context, job.value.id, JobState.CANCELLED, deleted(job.value.input.name))
            context.documents.commit([done(own)])
            return
        context.documents.commit([replace(context, shard, staged)])
        context.log.info(
            Event.SHARD_STAGED,
            job=staged.job,
            shard=staged.index,
            rows=staged.rows,
            invalid=staged.invalid,
            lots=len(staged.lots),
            rows_per_second=per_second(staged.rows, begun, context.clock.now()),
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
    staged = msgspec.structs.replace(
        job.value, times={"staged": now} | job.value.times, estimate=forecast_of(context, job.value)
    )
    context.documents.commit(
        [replace(context, job, staged), leave(context, admit_turn(context, job.value.id)), done(own)]
    )


def stage_rows(context: Files, job: Job, shard: Shard) -> Shard:
    """Write the shard's files and return it as it will stand.

    Raises:
        ObjectGone: the input's generation is not there any more.
    """
    reader = rows_of(context, job, shard)
    folder = f"jobs/{job.id}/{shard.index:06d}/{context.tokens.fresh()}"
    canary = job.options.canary_rows if shard.index == 0 else 0
    meter = Meter(job.model)
    with ExitStack() as stack, LotFiles(context, folder, LotNumber(0), canary=canary, lingering=1) as files:
        files.see = meter.see
        staging = _Staging(context, job, shard, files, LazyObject(context, stack, f"{folder}/invalid.jsonl"))
        staging.take(reader)
    return msgspec.structs.replace(
        shard,
        state=move_shard(shard.state, ShardState.OPEN if files.lots else ShardState.DONE),
        rows=reader.rows,
        lines=reader.lines,
        invalid=staging.invalid,
        twins=sum(lot.twins for lot in files.lots),
        invalid_object=staging.bad_rows.name,
        columns=staging.columns.found,
        estimate=meter.estimate,
        lots=files.lots,
    )


class _Staging:
    """Rows on their way into lots, or into the list of the invalid ones."""

    def __init__(self, context: Files, job: Job, shard: Shard, files: LotFiles, bad_rows: LazyObject) -> None:
        self.invalid = 0
        self.bad_rows = bad_rows
        self.columns = RecordColumns(job)
        self._files = files
        prompt, buckets = _prompt_in_use(context, job), MediaBuckets(context.settings.media_buckets)
        self._prompt = None if prompt is None else PromptRequests(prompt, _layout(job), buckets)
        self._native = NativeRequests(job.options.unknown_fields, job.model, buckets)
        self._twins = twins_of(job.options, prompt)
        self._keys = row_key(job.id, shard.index, RowNumber(0)).removesuffix("0")

    def take(self, rows: Iterable[Row | BadRow]) -> None:
        native, prompt, keys = self._native, self._prompt, self._keys
        put, see = self._files.put, self.columns.see
        share = None if self._twins is None else partial(self._put_or_share, self._twins)
        for row in rows:
            if type(row) is BadRow:
                self._refuse(row)
                continue
            number, key = row.row, RowKey(f"{keys}{row.row}")
            try:
                request = native.make(key, row.raw) if prompt is None else prompt.make(key, row.value)
                if share is None:
                    put(request.line, side_bytes(number, row.line, request.fingerprint, row.raw), request.signature)
                elif not share(row, key, request):
                    share = None
            except RowProblem as found:
                self._refuse(BadRow(row=number, line=row.line, raw=row.record(), problem=found.problem))
            else:
                see(row)

    def _put_or_share(self, twins: Twins, row: Row, key: RowKey, request: Request) -> bool:
        """Add a row, or if one before it asks the same, have it share that one's answer. False if none has for long."""
        known_by = twins.known_by(key, request.line)
        first = twins.first(known_by, request.line) if known_by else None
        if first is not None:
            side = twin_bytes(row.row, row.line, request.fingerprint, row.raw, first.row)
            if self._files.put_twin(first.lot, side):
                return True
        side = side_bytes(row.row, row.line, request.fingerprint, row.raw)
        lot = self._files.put(request.line, side, request.signature)
        if known_by:
            twins.note(known_by, row.row, lot)
        return not twins.gave_up

    def _refuse(self, row: BadRow) -> None:
        self.bad_rows.write(invalid_line(row))
        self.invalid += 1


def _prompt_in_use(context: Files, job: Job) -> Prompt | None:
    """The prompt that makes requests of this job's rows; None if the rows are requests."""
    prompt = prompt_of(context, job)
    if prompt is None or not prompt.has_template or _layout(job).format is InputFormat.VERTEX_JSONL:
        return None
    return prompt


def _layout(job: Job) -> Layout:
    if job.layout is None:
        raise AssertionError("a planned job has a layout")
    return job.layout
