"""Vertex as far as money and rows can tell: it imports, answers, bills, lags, cancels, expires."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from batchdrop.domain.ids import VertexJobName
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, BatchSpec, VertexState
from tests.fakes.batches import FakeBatches
from tests.fakes.objects import FakeObjects
from tests.fakes.service import answered
from tests.simulation.agenda import Agenda
from tests.simulation.chaos import Chaos
from tests.simulation.faults import Kind

Line = dict[str, Any]
PENDING_SECONDS = 30
RUNNING_SECONDS = 60
TARDY_SECONDS = 900
"""Less than the half hour for which answers are waited."""
_MOST_TOKENS = 65_536
BAD = 'Bad Request: {"error": {"code": 400, "message": "Please use a valid role.", "status": "INVALID_ARGUMENT"}}'
BUSY = 'Resource Exhausted: {"error": {"code": 429}}'
IMPORT_FAILED = "Failed to import data. Please check 'Prepare input' section of the batch predictions documentation."


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ends; `share` of its rows, from the first, are answered. `promised`: its stats say how many.

    It runs for `seconds`, on and on if 0, in which case a cancellation ends it, unless it is `deaf`.
    """

    state: VertexState = VertexState.SUCCEEDED
    code: int = 0
    message: str = ""
    share: float = 1.0
    promised: bool = True
    seconds: int = RUNNING_SECONDS
    deaf: bool = False


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How Vertex treats the rows of a scenario.

    `poisonous`: the importer stumbles over this text. `status`: what the nth answer to a text is ("" for a good one,
    None for none). `says`: what a good one says, and `needs`: how many tokens it takes to say it. `end`: how the nth
    job ends. `swapped`: answers to these two texts bear each other's key.
    """

    poisonous: Callable[[str], bool] = lambda _text: False
    status: Callable[[str, int], str | None] = lambda _text, _nth: ""
    says: Callable[[str, int], str] = lambda text, _nth: f"about {text}"
    needs: Callable[[str], int] = lambda _text: 0
    end: Callable[[int], End] = lambda _nth: End()
    swapped: tuple[str, str] | None = None


class Bill(msgspec.Struct, frozen=True):
    """One good answer, which costs money."""

    job: VertexJobName
    spec: BatchSpec
    key: str


def text_of(line: Line) -> str:
    """The last text of a request line."""
    text: str = line["request"]["contents"][-1]["parts"][-1]["text"]
    return text.strip()


class SimulatedVertex(FakeBatches):
    """A `BatchService` whose jobs live by the agenda. `billed` is told of each good answer; `created` has the times."""

    def __init__(self, agenda: Agenda, objects: FakeObjects, manner: Manner, chaos: Chaos, lag: timedelta) -> None:
        super().__init__(agenda.clock, list_lag=lag)
        self.billed: Callable[[Bill], None] = lambda _bill: None
        self.events = 0
        self.created: list[datetime] = []
        self._agenda = agenda
        self._objects = objects
        self._manner = manner
        self._chaos = chaos
        self._asked: Counter[str] = Counter()
        self._endless: dict[VertexJobName, tuple[list[Line], End]] = {}

    def running(self) -> list[VertexJobName]:
        """Jobs that have not ended, and may."""
        running = [job.name for job in self.jobs() if job.state not in TERMINAL_VERTEX_STATES]
        return [name for name in running if name not in self._endless or not self._endless[name][1].deaf]

    def create_endless(self, spec: BatchSpec) -> None:
        """Make a job that runs until it is cancelled, and answers nothing."""
        self._endless[self._make(spec)] = ([], End(seconds=0))

    def _make(self, spec: BatchSpec) -> VertexJobName:
        name = super()._make(spec)
        self.created.append(self._agenda.clock.now())
        number = len(self.specs)
        fault = self._chaos.to(f"vertex:{number}")
        end = self._end_by(fault.kind) if fault is not None else self._manner.end(number)
        tardy = TARDY_SECONDS if fault is not None and fault.kind is Kind.TARDY else 0
        self._agenda.after(PENDING_SECONDS, lambda: self._import(name, end, tardy))
        return name

    def _end_by(self, kind: Kind) -> End:
        match kind:
            case Kind.SYSTEM:
                return End(state=VertexState.FAILED, code=13, message="System error.", share=0)
            case Kind.EXPIRE:
                return End(state=VertexState.EXPIRED, share=0.5, promised=False)
            case _:
                return End()

    def _import(self, name: VertexJobName, end: End, tardy: int) -> None:
        self.events += 1
        if self._state(name) is None:
            return
        if self._state(name) is VertexState.CANCELLING:
            self.end(name, VertexState.CANCELLED, error_code=1, error_message="CANCELED")
            return
        lines = self._input(name)
        if lines is None or any(self._manner.poisonous(text_of(line)) for line in lines):
            self.end(name, VertexState.FAILED, error_code=3, error_message=IMPORT_FAILED)
            return
        self.run(name)
        if end.seconds and name not in self._endless:
            self._agenda.after(end.seconds, lambda: self._finish(name, lines, end, tardy))
        else:
            self._endless[name] = (lines, end)

    def cancel(self, name: VertexJobName) -> None:
        super().cancel(name)
        if name in self._endless and not self._endless[name][1].deaf:
            lines, end = self._endless.pop(name)
            self._agenda.after(RUNNING_SECONDS, lambda: self._finish(name, lines, end, 0))

    def _finish(self, name: VertexJobName, lines: list[Line], end: End, tardy: int) -> None:
        self.events += 1
        if self._state(name) is None:
            return
        if self._state(name) is VertexState.CANCELLING:
            end = End(state=VertexState.CANCELLED, code=1, message="CANCELED", share=0.5, promised=False)
        answers = self._answers(name, lines[: round(len(lines) * end.share)])
        promised = len(answers) if end.promised else None
        job = self.end(name, end.state, completed=promised, error_code=end.code, error_message=end.message)
        file = f"{job.output_directory}/predictions.jsonl"
        if answers and tardy:
            self._agenda.after(tardy, lambda: self._write(file, answers))
        elif answers:
            self._write(file, answers)

    def _write(self, uri: str, answers: list[Line]) -> None:
        self.events += 1
        bucket, _, path = uri.removeprefix("gs://").partition("/")
        # Answers come in no order.
        self._objects.put(bucket, path, b"".join(msgspec.json.encode(line) + b"\n" for line in reversed(answers)))

    def _answers(self, name: VertexJobName, lines: list[Line]) -> list[Line]:
        made = [answer for line in lines if (answer := self._answer(line)) is not None]
        for answer in made:
            if not answer["status"]:
                self.billed(Bill(name, self.specs[name], answer["custom_id"]))
        return self._swapped(made)

    def _swapped(self, answers: list[Line]) -> list[Line]:
        keys = {text_of(answer): answer["custom_id"] for answer in answers}
        pair = self._manner.swapped or ("", "")
        if not keys.keys() >= set(pair):
            return answers
        others = {pair[0]: keys[pair[1]], pair[1]: keys[pair[0]]}
        return [answer | {"custom_id": others.get(text_of(answer), answer["custom_id"])} for answer in answers]

    def _answer(self, line: Line) -> Line | None:
        text = text_of(line)
        self._asked[text] += 1
        status = self._manner.status(text, self._asked[text])
        if status is None:
            return None
        if status:
            return line | {"status": status, "processed_time": "2026-11-01T12:00:00Z", "response": {}}
        said = self._manner.says(text, self._asked[text])
        most = line["request"].get("generationConfig", {}).get("maxOutputTokens", _MOST_TOKENS)
        return answered(line, said) if self._manner.needs(text) <= most else answered(line, said[:3], "MAX_TOKENS")

    def _input(self, name: VertexJobName) -> list[Line] | None:
        bucket, _, path = self.specs[name].input_uri.removeprefix("gs://").partition("/")
        if path not in self._objects.names(bucket):
            return None
        return [json.loads(line) for line in self._objects.content(bucket, path).splitlines()]

    def _state(self, name: VertexJobName) -> VertexState | None:
        job = self.get(name)
        return None if job is None else job.state
