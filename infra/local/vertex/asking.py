"""Puts the rows of a job to the model, several at once where the model can take it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from http import HTTPStatus
from typing import TypeVar

import orjson

from infra.local.vertex.faults import RowFault
from infra.local.vertex.jobs import Job
from infra.local.vertex.models.base import Question, Refusal
from infra.local.vertex.pool import DaemonPool
from infra.local.vertex.refusals import refusal
from infra.local.vertex.rows import Answered, InputRow, input_row, refused, refused_for, response_id
from infra.local.vertex.spool import RowSpool
from infra.local.vertex.tampering import altered, lacking
from infra.local.vertex.wire import timestamp
from infra.local.vertex.world import World

T = TypeVar("T")
R = TypeVar("R")


class Asker:
    """Answers the rows of one job, and keeps the books. Safe to use from several threads.

    `wait` lets seconds of the server's clock pass.
    """

    def __init__(self, job: Job, spool: RowSpool, world: World, wait: Callable[[float], object]) -> None:
        self._job = job
        self._spool = spool
        self._model = world.model
        self._faults = world.faults
        self._ledger = world.ledger
        self._clock = world.clock
        self._wait = wait

    def answers(self, indexes: Iterable[int]) -> Iterator[tuple[Answered, RowFault | None]]:
        """Each row with its answer, in the order of `indexes`; those taken from it are always finished."""
        return _ahead(self._answer, indexes, self._model.concurrency)

    def _answer(self, index: int) -> tuple[Answered, RowFault | None]:
        row = input_row(self._spool.row(index))
        fault = self._faults.row(self._job.spec.display_name, row.custom_id, index)
        status, response = self._outcome(row, index, fault)
        stamp = self._clock.now().isoformat(timespec="milliseconds")
        return Answered(row, status, response, stamp), fault

    def _outcome(self, row: InputRow, index: int, fault: RowFault | None) -> tuple[str, bytes]:
        if fault is not None and fault.delay_s:
            self._wait(fault.delay_s)
        if fault is not None and fault.status:
            return fault.status, b""
        question = Question(self._job.spec.model_id, row.request)
        problem = refusal(question)
        if problem is not None:
            return refused_for(HTTPStatus.BAD_REQUEST, problem), b""
        reply = self._model.answer(question)
        if isinstance(reply, Refusal):
            return refused(reply.http, reply.error), b""
        response = reply.response if fault is None else altered(reply.response, fault)
        self._ledger.answered(self._job, index, row.custom_id, response.get("usageMetadata", {}))
        response.setdefault("createTime", timestamp(self._clock.now()))
        response.setdefault("responseId", response_id(row, self._job.job_id))
        return "", orjson.dumps(lacking(response, fault.omit) if fault is not None and fault.omit else response)


def _ahead(work: Callable[[T], R], items: Iterable[T], concurrency: int) -> Iterator[R]:
    """`map`, with up to `concurrency` calls under way at once; results keep the order of the items."""
    if concurrency <= 1:
        yield from map(work, items)
        return
    with DaemonPool(concurrency) as pool:
        under_way: deque[Future[R]] = deque()
        for item in items:
            under_way.append(pool.submit(work, item))
            while under_way and (under_way[0].done() or len(under_way) >= 2 * concurrency):
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
