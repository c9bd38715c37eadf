"""Checking a file: plan it, stage its slices, and tell what admit would."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from typing import Protocol

import msgspec

from batchdrop.check.objects import INPUT, ONLY, WORK, LocalObjects, Place
from batchdrop.check.report import Outlook, Report, judged
from batchdrop.check.slices import Bad, NumberedTokens, SilentLog, SliceReport, Task, check_slice
from batchdrop.domain.errors import ObjectGone, Refused
from batchdrop.domain.estimate import Estimate, Learned, forecast
from batchdrop.domain.ids import job_id
from batchdrop.domain.job import Compression, Job
from batchdrop.domain.limits import MIB
from batchdrop.domain.naming import judge, prompt_candidates, refusal_of
from batchdrop.domain.reasons import Code, Reason
from batchdrop.domain.shard import ByteSlice, Slice
from batchdrop.domain.states import JobState
from batchdrop.settings import Settings
from batchdrop.steps.context import Files
from batchdrop.steps.inputs import Wave, next_wave
from batchdrop.steps.understand import understand
from batchdrop.steps.unpack import unpack
from batchdrop.steps.unpack_parquet import packing, unpack_parquet

SLICE_BYTES = 4 * MIB
"""Small slices, so that every processor has some, and the first error shows at once."""
MOST_SHOWN = 1_000
_FIRST_BYTES = MIB // 8
_ALONE_BYTES = 4 * SLICE_BYTES
"""A file up to this size is done before other processes have begun."""


class Watcher(Protocol):
    """Is told what happens while it happens."""

    def read(self, size: int) -> None:
        """So many more bytes were read to plan the file, or to unpack it."""

    def bad(self, row: Bad) -> None:
        """A bad row was found."""

    def staged(self, rows: int, share: float) -> None:
        """So many rows are done in all, and that share of the file where it is known, else 0."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What to check, and what is known: the settings, the time, and what earlier jobs of the prompt teach."""

    place: Place
    name: str
    settings: Settings
    now: datetime
    learned: Learned | None = None


def run(subject: Subject, watcher: Watcher) -> Report:
    """Check a file."""
    place, name, settings = subject.place, subject.name, subject.settings
    settings = msgspec.structs.replace(settings, input_bucket=INPUT, work_bucket=WORK, shard_bytes=SLICE_BYTES)
    objects = LocalObjects(place, {}, watcher.read)
    files = Files(objects=objects, tokens=NumberedTokens(), log=SilentLog(), settings=settings)
    info = objects.stat(INPUT, name)
    if info is None:
        raise ObjectGone(f"{name} is no file")
    job = Job(id=job_id(INPUT, name, ONLY), input=info, state=JobState.PLANNING, created_at=subject.now)
    judgement = judge(name.rpartition("/")[2])
    if judgement.why:
        return Report(job=job, outlook=Outlook.REJECTED, reason=_passed_over(name, judgement.why))
    reason = refusal_of(name, judgement.kind)
    if reason is not None:
        return Report(job=job, outlook=Outlook.REJECTED, reason=reason)
    try:
        planned = understand(files, _plain(files, job))
        if planned is None:
            return Report(job=job, outlook=Outlook.WAITING, reason=_no_prompt(name))
        planned = _unpacked(files, planned)
        return _staged(subject, files, planned, watcher)
    except Refused as refused:
        return Report(job=job, outlook=Outlook.REJECTED, reason=refused.reason)


def _staged(subject: Subject, files: Files, job: Job, watcher: Watcher) -> Report:
    rows = lines = invalid = 0
    first_line = job.layout.head_lines if job.layout is not None else 0
    shown: list[Bad] = []
    codes: Counter[str] = Counter()
    estimate, sample = Estimate(), b""
    with ExitStack() as stack:
        for share, found in _reports(stack, subject.place, files, job):
            for bad in found.bad:
                told = Bad(first_line + lines + bad.line, rows + bad.row, bad.problem)
                watcher.bad(told)
                if len(shown) < MOST_SHOWN:
                    shown.append(told)
            rows, lines, invalid = rows + found.rows, lines + found.lines, invalid + found.invalid
            codes.update(found.codes)
            estimate, sample = estimate + found.estimate, sample or found.sample
            watcher.staged(rows, share)
    report = Report(
        job=msgspec.structs.replace(job, estimate=forecast(estimate, subject.learned, job.price, subject.now.date())),
        rows=rows,
        invalid=invalid,
        bad=tuple(shown),
        codes=dict(codes.most_common()),
        sample=sample,
    )
    return judged(report, files.settings.budgets_usd_per_day, subject.now.date().isoformat())


def _reports(stack: ExitStack, place: Place, files: Files, job: Job) -> Iterator[tuple[float, SliceReport]]:
    """Check slice by slice, in order; in as many processes as there are processors if the file is long."""
    several = job.input.size > _ALONE_BYTES and (os.cpu_count() or 1) > 1
    run_all: Callable[..., Iterator[SliceReport]] = map
    done = False
    while not done:
        wave = _wave(files, job)
        if several and job.cursor.shards:
            pool = ProcessPoolExecutor()
            stack.callback(pool.shutdown, cancel_futures=True)
            run_all, several = pool.map, False
        start = job.cursor.shards
        tasks = [
            Task(place=place, settings=files.settings, job=job, index=start + number, slice=slice_)
            for number, slice_ in enumerate(wave.slices)
        ]
        for slice_, found in zip(wave.slices, run_all(check_slice, tasks), strict=True):
            yield _share(job, slice_), found
        cursor = msgspec.structs.replace(job.cursor, position=wave.position, shards=start + len(wave.slices))
        job, done = msgspec.structs.replace(job, cursor=cursor), wave.done


def _wave(files: Files, job: Job) -> Wave:
    """The next slices; at the very beginning a small one, so that what is wrong with all rows shows at once."""
    if job.cursor.shards or job.input.size <= _FIRST_BYTES:
        return next_wave(files, job)
    settings = msgspec.structs.replace(files.settings, shard_bytes=_FIRST_BYTES)
    wave = next_wave(msgspec.structs.replace(files, settings=settings), job)
    first = wave.slices[0]
    return Wave((first,), first.end, len(wave.slices) == 1 and wave.done) if isinstance(first, ByteSlice) else wave


def _share(job: Job, slice_: Slice) -> float:
    return slice_.end / job.input.size if isinstance(slice_, ByteSlice) else 0.0


def _plain(files: Files, job: Job) -> Job:
    packed = packing(files, job)
    if packed is Compression.NONE:
        return job
    plain = unpack_parquet(files, job, packed, lambda: False)
    return msgspec.structs.replace(job, cursor=msgspec.structs.replace(job.cursor, plain=plain))


def _unpacked(files: Files, job: Job) -> Job:
    if job.layout is None or job.layout.compression is Compression.NONE:
        return job
    found = unpack(files, job, lambda: False)
    return msgspec.structs.replace(job, cursor=msgspec.structs.replace(job.cursor, unpacked=found))


def _no_prompt(name: str) -> Reason:
    candidates = prompt_candidates(name)
    return Reason(
        code=Code.PROMPT_MISSING,
        message=f"No prompt. Looked for {', '.join(candidates)}.",
        hint="Write one of these, or name one with --prompt.",
    )


def _passed_over(name: str, why: str) -> Reason:
    return Reason(code=Code.INPUT_NAME, message=f"{name} would be passed over: {why}.", hint="Give it another name.")
