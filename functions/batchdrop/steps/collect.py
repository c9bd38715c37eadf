"""Collect: sort the answers of an ended batch to its lots, close lots and shards, cut new lots of rows to try again."""

import functools
from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec

from batchdrop.domain.batch import Batch, Ending, batch_ref
from batchdrop.domain.endings import Unanswered, reason_to_stop, unanswered, wait_for_more
from batchdrop.domain.errors import ObjectGone
from batchdrop.domain.ids import JobId
from batchdrop.domain.job import InputFormat, Job, job_ref
from batchdrop.domain.lots import carried, shards_with, with_lots
from batchdrop.domain.measures import Event, per_second
from batchdrop.domain.shard import Shard, shard_ref
from batchdrop.domain.states import ENDED_JOB_STATES, BatchState, JobState, LotState, ShardState, move_shard
from batchdrop.domain.turn import Turn
from batchdrop.ports import Snapshot
from batchdrop.steps.answered import AnswerCloser
from batchdrop.steps.asked import Asked
from batchdrop.steps.canary import look_at_canary
from batchdrop.steps.close_lot import LotCloser
from batchdrop.steps.closing import close_if_complete, stop_job
from batchdrop.steps.context import Context
from batchdrop.steps.hold import hold
from batchdrop.steps.isolate import suspects_of
from batchdrop.steps.parts import Base, closed_rows, write_part
from batchdrop.steps.poll import answer_files
from batchdrop.steps.prompts import prompt_of
from batchdrop.steps.release import close_batch
from batchdrop.steps.sinks import layout_of
from batchdrop.steps.sort_answers import ShardName, SortedAnswers, Wanted, sort_answers
from batchdrop.steps.turns import carry_on, done, sleep_until, time_is_up
from batchdrop.steps.writes import decide_again, replace

_LOOK_AGAIN_AFTER = timedelta(seconds=60)


def collect(context: Context, own: Snapshot[Turn]) -> None:
    """Bring the answers of a batch home."""
    found = context.documents.get(batch_ref(own.value.batch)) if own.value.batch else None
    if found is None or found.value.state is not BatchState.ENDED or found.value.ending is None:
        context.documents.commit([done(own)])
        return
    begun = context.clock.now()
    batch, ending = found.value, found.value.ending
    jobs = {job.value.id: job.value for job in context.documents.get_all([job_ref(job) for job in batch.jobs])}
    live = {job: value for job, value in jobs.items() if value.state not in ENDED_JOB_STATES or _is_stopping(value)}
    asked = Asked(context, batch, lambda: _shards(context, batch))
    wanted = _wanted(batch, live, _shards(context, batch))
    try:
        answers = sort_answers(context, batch, wanted, asked)
    except ObjectGone:
        # Vertex wrote an answer file anew after it had said that the job has ended.
        if answer_files(context, batch) == ending.files:
            raise
        _wait(context, found, own)
        return
    if live and wait_for_more(batch, ending, answers.seen.lines, context.clock.now()):
        _wait(context, found, own)
        return
    if answers.seen.strangers:
        context.log.warning("batch.strange_answers", batch=batch.id, lines=answers.seen.strangers)
    if not _close_jobs(context, own, _Collected(batch, ending, asked, answers, sorted(wanted)), live):
        context.documents.commit(carry_on(context, own))
        return
    decide_again(lambda: close_batch(context, batch, own))
    speed = per_second(batch.rows, begun, context.clock.now())
    context.log.info(Event.BATCH_COLLECTED, batch=batch.id, rows=batch.rows, rows_per_second=speed)


def _is_stopping(job: Job) -> bool:
    """Tell whether a job failed before all its batches ended: what they answered is kept, and nothing asked again."""
    return job.state is JobState.CLOSING and job.outcome is JobState.FAILED


class _Collected(msgspec.Struct, frozen=True):
    """What there is to close the shards of a batch with."""

    batch: Batch
    ending: Ending
    asked: Asked
    answers: SortedAnswers
    shards: list[ShardName]


def _shards(context: Context, batch: Batch) -> list[Shard]:
    return [found.value for found in context.documents.get_all(shards_with(batch.lots))]


def _wanted(batch: Batch, live: Mapping[JobId, Job], shards: Iterable[Shard]) -> dict[ShardName, Wanted]:
    """The shards that a batch still carries lots of; an earlier run may have closed some."""
    return {
        (shard.job, shard.index): Wanted(
            rows=shard.rows,
            native=layout_of(live[shard.job]).format is InputFormat.VERTEX_JSONL,
            twins=tuple(lot for lot in carried(shard, batch.id) if lot.twins),
        )
        for shard in shards
        if shard.job in live and shard.state is ShardState.OPEN and carried(shard, batch.id)
    }


def _close_jobs(context: Context, own: Snapshot[Turn], found: _Collected, live: Mapping[JobId, Job]) -> bool:
    """Close the lots of every job, shard by shard; False if time was up before the end, though not before the first."""
    moved = False
    for job in sorted(live):
        verdict = Unanswered.LEAVE if _is_stopping(live[job]) else unanswered(found.batch, found.ending)
        prompt, on = prompt_of(context, live[job]), found.ending.at.date()
        answers = AnswerCloser(context, live[job], prompt, lambda: found.asked.fingerprints, on)
        budget = live[job].options.max_submissions
        suspects = functools.cache(functools.partial(suspects_of, context, found.batch, budget))
        closer = LotCloser(context, found.batch, found.ending, verdict, answers, suspects)
        if verdict is Unanswered.HOLD_JOBS:
            hold(context, job, reason_to_stop(found.ending))
        for name in found.shards:
            if name[0] == job:
                if moved and time_is_up(context, own):
                    return False
                decide_again(functools.partial(_close_in_shard, closer, live[job], found.answers, name))
                moved = True
        if verdict is Unanswered.STOP_JOBS:
            stop_job(context, job, JobState.FAILED, reason_to_stop(found.ending))
        close_if_complete(context, job)
        if live[job].options.canary_rows:
            look_at_canary(context, job, found.batch.id)
    return True


def _wait(context: Context, found: Snapshot[Batch], own: Snapshot[Turn]) -> None:
    """Answers are still on their way: look at the files again in a while."""
    batch = found.value
    if batch.ending is None:
        raise AssertionError("an ended batch has an ending")
    listed = msgspec.structs.replace(batch.ending, files=answer_files(context, batch))
    context.documents.commit(
        [
            replace(context, found, msgspec.structs.replace(batch, ending=listed)),
            sleep_until(context, own, context.clock.now() + _LOOK_AGAIN_AFTER),
        ]
    )
    context.log.info("batch.answers_late", batch=batch.id, promised=listed.promised)


def _close_in_shard(closer: LotCloser, job: Job, answers: SortedAnswers, name: ShardName) -> None:
    """Close the batch's lots of one shard, and with the last lot the shard itself, in one commit."""
    context = closer.context
    found = context.documents.get(shard_ref(*name))
    if found is None or found.value.state is not ShardState.OPEN:
        return
    shard = found.value
    lots = carried(shard, closer.batch.id)
    if not lots:
        return
    changed = closer.close(shard, lots, lambda: answers.of(name))
    new = with_lots(changed, changed.lots)
    if all(lot.state is LotState.CLOSED for lot in new.lots):
        new = _done(context, job, new)
    context.documents.commit([replace(context, found, new)])
    context.log.info(
        Event.SHARD_COLLECTED,
        job=shard.job,
        shard=shard.index,
        batch=closer.batch.id,
        results=new.tally.results - shard.tally.results,
        errors=new.tally.errors - shard.tally.errors,
        retried=new.tally.retried - shard.tally.retried,
        done=new.state is ShardState.DONE,
    )


def _done(context: Context, job: Job, shard: Shard) -> Shard:
    part = shard.part
    if part is None:
        base = Base(shard.first_row, shard.first_line)
        part = write_part(context, job, shard, base, closed_rows(context, shard))
    return msgspec.structs.replace(shard, state=move_shard(shard.state, ShardState.DONE), part=part)
