"""Running our own steps: up to the one that is measured, then that one alone, in another process."""

import shutil
from collections.abc import Set as AbstractSet
from pathlib import Path

import msgspec

from batchdrop.domain.ids import row_key
from batchdrop.domain.states import ENDED_JOB_STATES, JobState
from batchdrop.domain.turn import Step
from tests.bench.cases import Case, Measured
from tests.bench.data import PROMPTS, SUFFIXES
from tests.bench.meter import Meter
from tests.bench.service import SETTINGS, BenchService, State

ALL = frozenset(Step)
_STATE = "state.msgpack"
KEYED = "keyed.jsonl"
"""The records, each with the key of its request: what someone would join the answers to by hand."""


class NotTaken(Exception):
    """The service, as it stands, does not take such a file; the text says why."""


class WrongResult(Exception):
    """A step ended otherwise than it should, so its time says nothing."""


def prepare(case: Case, data: Path, folder: Path) -> None:
    """Run the service up to the case's step, and leave its state in the folder.

    Raises:
        NotTaken: the job was rejected.
    """
    shutil.rmtree(folder, ignore_errors=True)
    service = BenchService(folder / "objects", case.answers, "prepared")
    prompt = folder / "default.prompt"
    prompt.write_text(PROMPTS.get(case.prompt, ""))
    if case.prompt:
        service.drop("bench/default.prompt", prompt)
    service.drop(f"bench/rows.{SUFFIXES[case.data]}", data)
    held = frozenset({Step(case.step)}) if case.step else ALL
    while service.deliver(held=held) or service.vertex():
        pass
    _check_taken(service)
    if case.step == Step.COLLECT:
        _write_keyed(service, data, folder / KEYED)
    if not any(service.held.values()):
        raise WrongResult(f"nothing is left to do for {case.name}")
    (folder / _STATE).write_bytes(msgspec.msgpack.encode(service.state()))


def measure(case: Case, folder: Path, warm: Path, rows: int) -> Measured:
    """Run the case's step on what was prepared, after a small one that loads all that is loaded late."""
    _run(case, warm, Meter())
    meter = Meter()
    service = _run(case, folder, meter)
    _check(case, service, rows)
    steps = meter.spent if case.step is None else {case.step: meter.spent[case.step]}
    spent = meter.total() if case.step is None else meter.spent[case.step]
    return Measured(rows=rows, bytes=_bytes_of(case, service), spent=spent, steps=steps)


def predictions(folder: Path) -> list[Path]:
    """The answer files that were prepared."""
    return BenchService(folder / "unused", "text", "look", _state(folder)).objects.paths(SETTINGS.predictions_bucket)


def _run(case: Case, folder: Path, meter: Meter) -> BenchService:
    written = folder / "run"
    shutil.rmtree(written, ignore_errors=True)
    service = BenchService(written, case.answers, "run", _state(folder))
    if case.step is None:
        for step in ALL:
            service.release(step)
        while service.deliver(meter) or service.vertex(meter):
            pass
    else:
        service.release(Step(case.step))
        service.deliver(meter, _after(case.step))
    service.objects.clear()
    return service


def _after(step: str) -> AbstractSet[Step]:
    """Staging goes on with the next wave of the plan; nothing else goes on."""
    return ALL - {Step.PLAN, Step.STAGE} if step == Step.STAGE else ALL - {Step(step)}


def _state(folder: Path) -> State:
    return msgspec.msgpack.decode((folder / _STATE).read_bytes(), type=State)


def _check_taken(service: BenchService) -> None:
    job = service.job()
    if job.state in ENDED_JOB_STATES or job.state is JobState.WAITING:
        raise NotTaken(f"{job.state}: {job.reason.code if job.reason else ''}")


def _check(case: Case, service: BenchService, rows: int) -> None:
    shards = service.shards()
    staged = sum(shard.rows for shard in shards)
    invalid = sum(shard.invalid for shard in shards)
    answered = sum(shard.tally.results for shard in shards)
    expected = 0 if case.step == Step.STAGE else rows
    if (staged, invalid, answered) != (rows, 0, expected):
        raise WrongResult(f"{staged} rows, {invalid} invalid, {answered} answered, of {rows}")
    if case.step is None and service.job().state is not JobState.SUCCEEDED:
        raise WrongResult(f"the job is {service.job().state}")


def _bytes_of(case: Case, service: BenchService) -> int:
    """What the step reads, for MB/s: the input, or to collect the answers."""
    bucket = SETTINGS.predictions_bucket if case.step == Step.COLLECT else SETTINGS.input_bucket
    files = [info.size for info in service.objects.list(bucket, "") if not info.name.endswith(".prompt")]
    return sum(files)


def _write_keyed(service: BenchService, data: Path, path: Path) -> None:
    job = service.job().id
    with data.open("rb") as records, path.open("wb") as out:
        for shard in service.shards():
            for row in range(shard.rows):
                key = row_key(job, shard.index, row)  # type: ignore[arg-type]  # a number is a row number
                out.write(b'{"custom_id":"%b",%b' % (key.encode(), next(records)[1:]))
