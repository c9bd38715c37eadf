"""The running phase: every row put to the model, in a shuffled order and at a set pace."""

import logging
from datetime import timedelta

import msgspec

from infra.local.vertex.asking import Asker
from infra.local.vertex.faults import JobFault
from infra.local.vertex.jobs import Job, Stats
from infra.local.vertex.pacing import Pace, shuffled, step
from infra.local.vertex.predictions import Predictions
from infra.local.vertex.spool import RowSpool
from infra.local.vertex.tampering import Tamperer, Written
from infra.local.vertex.world import World

_LOG = logging.getLogger(__name__)
_SAY_EVERY = timedelta(seconds=10)


class Run:
    """One job of `count` rows at work."""

    def __init__(self, world: World, job: Job, fault: JobFault, predictions: Predictions, count: int) -> None:
        self._world = world
        self._job = job
        self._fault = fault
        self._predictions = predictions
        self._count = count
        self._export_every = timedelta(seconds=world.settings.export_every_s)
        self._export_due = world.clock.now() + self._export_every
        self._say_due = world.clock.now() + _SAY_EVERY

    @property
    def stats(self) -> Stats:
        """What completion stats say now."""
        return self._predictions.stats(None if self._fault.uncounted else self._count)

    def answer(self, spool: RowSpool, pace: Pace) -> bool:
        """Answer the rows that the job is to answer, or those that come before a stop; whether that was all."""
        order = shuffled(self._count, self._job.job_id)[: self._fault.rows]
        asker = Asker(self._job, spool, self._world, pace.wait)
        tamperer = Tamperer(self._world.faults.unspent)
        asked = 0
        for answered, fault in asker.answers(pace.rows(order)):
            asked += 1
            for written in tamperer.passed(answered, fault):
                self._write(written)
        for written in tamperer.rest():
            self._write(written)
        self._tell()
        return asked == len(order)

    def hold(self, pace: Pace) -> None:
        """Stay until somebody ends it, or its time does; what is done is exported when that is due."""
        if pace.wait((self._export_due - self._world.clock.now()).total_seconds()):
            self._predictions.export()
            pace.hold()

    def _write(self, written: Written) -> None:
        self._predictions.add(written)
        if self._predictions.answered % step(self._count) == 0:
            self._tell()

    def _tell(self) -> None:
        now, stats = self._world.clock.now(), self.stats
        self._world.book.change(self._job.name, lambda job: msgspec.structs.replace(job, stats=stats, updated=now))
        if now >= self._say_due:
            self._say_due = now + _SAY_EVERY
            _LOG.info("%s: %d of %d rows", self._job.name, self._predictions.answered, self._count)
        if now >= self._export_due:
            self._export_due = now + self._export_every
            self._predictions.export()
