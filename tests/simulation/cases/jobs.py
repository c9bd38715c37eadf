"""Jobs at Vertex that are refused, or end otherwise than they should."""

from collections.abc import Iterator

import msgspec

from batchdrop.domain.errors import CreateRefused, CreateThrottled, CreateUnknown
from batchdrop.domain.reasons import Code
from batchdrop.domain.states import ENDED_JOB_STATES, JobState
from batchdrop.domain.vertex import VertexState
from tests.fakes.batches import Refusal
from tests.simulation.checks import Expected
from tests.simulation.inputs import REQUEST_BYTES, as_csv, as_requests, names, settings
from tests.simulation.scenario import PROMPT_DROP, Scenario, delete, drop, refuse
from tests.simulation.vertex import End, Manner
from tests.simulation.world import Operation, World

_S = JobState
_MOST_LOOKS = 200


def _expiry() -> Scenario:
    rows = names("a", 6)
    ends = {
        1: End(state=VertexState.EXPIRED, share=0.5, promised=False),
        2: End(state=VertexState.EXPIRED, share=0, promised=False),
    }
    return Scenario(
        name="expiry",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows))),
        manner=Manner(end=lambda nth: ends.get(nth, End())),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _partly() -> Scenario:
    rows = names("a", 6)
    ends = {
        1: End(state=VertexState.PARTIALLY_SUCCEEDED, share=0.5),
        2: End(state=VertexState.FAILED, code=13, message="System error.", share=0.4),
    }
    return Scenario(
        name="partly-succeeded",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows))),
        manner=Manner(end=lambda nth: ends.get(nth, End())),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _permission() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 4) for letter in "ab"}
    end = End(state=VertexState.FAILED, code=7, message="no permission", share=0.5)
    return Scenario(
        name="permission-denied",
        operations=tuple(drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=1),
        manner=Manner(end=lambda _nth: end),
        vertex_bears=0,
        expected=tuple(
            Expected(name=name, rows=rows, states=frozenset({_S.FAILED}), errors=None) for name, rows in files.items()
        ),
    )


def _failed_midway() -> Scenario:
    """Of three batches the second is denied: the first is answered, the third is cancelled and half answered.

    The third goes on for another file in some schedules.
    """
    files = {"a.jsonl": names("a", 7), "b.jsonl": names("b", 2)}
    ends = {2: End(state=VertexState.FAILED, code=7, message="no permission", share=0, seconds=90)}
    return Scenario(
        name="failed-midway",
        operations=tuple(drop(name, as_requests(rows)) for name, rows in files.items()),
        settings=settings(slots=3, batch_rows=3, shard_bytes=2 * REQUEST_BYTES),
        manner=Manner(end=lambda nth: ends.get(nth, End(seconds=600))),
        hunted=True,
        expected=tuple(
            Expected(name=name, rows=rows, states=frozenset({_S.SUCCEEDED, _S.FAILED}), errors=None)
            for name, rows in files.items()
        ),
    )


def _throttled() -> Scenario:
    rows = names("a", 6)
    return Scenario(
        name="throttled-create",
        operations=(
            refuse(
                Refusal(CreateThrottled("Quota exceeded.")),
                Refusal(CreateUnknown("HTTP 503"), made=True),
                Refusal(CreateUnknown("HTTP 503")),
                Refusal(CreateThrottled("Quota exceeded.")),
            ),
            drop("a.jsonl", as_requests(rows)),
        ),
        settings=settings(lot_rows=2, batch_rows=2),
        expected=(Expected(name="a.jsonl", rows=rows),),
        hunted=True,
    )


def _refused() -> Scenario:
    rows = names("a", 3)
    return Scenario(
        name="refused-create",
        operations=(
            refuse(*[Refusal(CreateRefused(404, "The PublisherModel does not exist."))] * 9),
            PROMPT_DROP,
            drop("a.csv", as_csv(rows)),
        ),
        expected=(Expected(name="a.csv", rows=rows, states=frozenset({_S.FAILED}), errors=frozenset(rows)),),
    )


def _stopped_by_others() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 4) for letter in "ab"}

    def stop(world: World) -> None:
        for name in world.vertex.running():
            world.vertex.cancel(name)

    states = frozenset({_S.SUCCEEDED, _S.PARTIAL, _S.FAILED})
    return Scenario(
        name="cancelled-at-vertex",
        operations=(
            *(drop(name, as_requests(rows)) for name, rows in files.items()),
            Operation(70, stop),
            drop("a.jsonl.approve", "", 4000),
        ),
        settings=settings(slots=1),
        vertex_bears=0,
        most_ticks=2000,
        expected=tuple(Expected(name=name, rows=rows, states=states, errors=None) for name, rows in files.items()),
    )


def _deleted_by_others() -> Scenario:
    rows = names("a", 4)

    def remove(world: World) -> None:
        for name in world.vertex.running():
            world.vertex.remove(name)

    states = frozenset({_S.SUCCEEDED, _S.PARTIAL, _S.FAILED})
    return Scenario(
        name="deleted-at-vertex",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows)), Operation(70, remove), drop("a.csv.approve", "", 4000)),
        vertex_bears=0,
        most_ticks=2000,
        expected=(Expected(name="a.csv", rows=rows, states=states, errors=None),),
    )


def _endless() -> Scenario:
    rows = names("a", 4)
    ends = {1: End(seconds=0), 2: End(seconds=0, deaf=True)}
    return Scenario(
        name="jobs-without-end",
        operations=(drop("a.jsonl", as_requests(rows)),),
        manner=Manner(end=lambda nth: ends.get(nth, End())),
        vertex_bears=0,
        most_ticks=900,
        expected=(Expected(name="a.jsonl", rows=rows),),
    )


def _never_approved() -> Scenario:
    rows = names("a", 4)
    stopped = End(state=VertexState.CANCELLED, code=1, message="CANCELED", share=0.5, promised=False)
    return Scenario(
        name="never-approved",
        operations=(drop("a.jsonl", as_requests(rows)),),
        manner=Manner(end=lambda nth: stopped if nth == 1 else End()),
        vertex_bears=0,
        most_ticks=900,
        expected=(Expected(name="a.jsonl", rows=rows, states=frozenset({_S.FAILED}), errors=frozenset(rows[2:])),),
    )


def _stray() -> Scenario:
    rows = names("a", 3)

    def create(world: World) -> None:
        spec = next(iter(world.vertex.specs.values()), None)
        if spec is not None:
            empty = world.objects.put(world.settings.work_bucket, "nothing.jsonl", b"")
            uri = f"gs://{empty.bucket}/{empty.name}"
            world.vertex.create_endless(msgspec.structs.replace(spec, input_uri=uri))

    return Scenario(
        name="stray",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows)), Operation(60, create)),
        vertex_bears=0,
        expected=(Expected(name="a.csv", rows=rows),),
    )


def _delete_when_running(world: World) -> None:
    """How long steps take that are slow depends on how many calls they make."""
    jobs = [job for job in world.ledger.mirror.jobs.values() if job.input.name == "b.jsonl"]
    if any(job.state is _S.RUNNING for job in jobs):
        world.delete("b.jsonl")
    elif not any(job.state in ENDED_JOB_STATES for job in jobs) and world.ticks < _MOST_LOOKS:
        world.agenda.after(60, lambda: _delete_when_running(world))


def _slow_steps() -> Scenario:
    files = {f"{letter}.jsonl": names(letter, 5) for letter in "ab"}
    cancelled = frozenset({_S.CANCELLED, _S.SUCCEEDED})
    return Scenario(
        name="slow-steps",
        operations=(
            drop("a.jsonl", as_requests(files["a.jsonl"])),
            drop("b.jsonl", as_requests(files["b.jsonl"]), 3000),
            Operation(3001, _delete_when_running),
        ),
        settings=settings(slots=1, shard_bytes=2 * REQUEST_BYTES),
        call_seconds=90,
        vertex_bears=0,
        most_ticks=900,
        expected=(
            Expected(name="a.jsonl", rows=files["a.jsonl"]),
            Expected(name="b.jsonl", rows=files["b.jsonl"], states=cancelled),
        ),
    )


def _unfinished(step: str, *more: Operation) -> Scenario:
    """A job that cannot be finished has no manifest; its document tells what became of it.

    One whose deletion is told late, or never, needs no cancel step.
    """
    rows = names("a", 3)

    def failed(world: World) -> Iterator[str]:
        jobs = world.ledger.mirror.jobs.values()
        for job in jobs:
            if step == "cancel" and job.state in {_S.CANCELLED, _S.SUCCEEDED}:
                continue
            if job.state is not _S.FAILED or job.reason is None or job.reason.code is not Code.GAVE_UP:
                yield f"{job.input.name} is {job.state}, and its reason {job.reason}"
        if not jobs:
            yield "there is no job"

    return Scenario(
        name=f"{step}-always-dies",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(rows)), *more),
        doomed=step,
        vertex_bears=0,
        share=0.3,
        expected=(),
        also=failed,
    )


def _never_collected(rows: tuple[str, ...]) -> Expected:
    return msgspec.structs.replace(_given_up(rows), unfit=frozenset(rows))


def _given_up(rows: tuple[str, ...]) -> Expected:
    return Expected(name="a.csv", rows=rows, states=frozenset({_S.FAILED}), errors=frozenset(rows))


def _doomed(step: str, expected: Expected, most_ticks: int = 400, share: float = 1) -> Scenario:
    return Scenario(
        name=f"{step}-always-dies",
        operations=(PROMPT_DROP, drop("a.csv", as_csv(names("a", 3)))),
        doomed=step,
        most_ticks=most_ticks,
        share=share,
        expected=(expected,),
    )


CASES = (
    _stray(),
    _slow_steps(),
    _unfinished("finish"),
    _unfinished("cancel", delete("a.csv", 20)),
    _expiry(),
    _partly(),
    _permission(),
    _failed_midway(),
    _throttled(),
    _refused(),
    _stopped_by_others(),
    _deleted_by_others(),
    _endless(),
    _never_approved(),
    *(_doomed(step, _given_up(names("a", 3))) for step in ("admit", "submit")),
    _doomed("plan", _given_up(())),
    _doomed("launch", _given_up(names("a", 3)), most_ticks=5000, share=0.02),
    _doomed("stage", Expected(name="a.csv", rows=(), states=frozenset({_S.FAILED}))),
    _doomed("collect", _never_collected(names("a", 3))),
)
