"""The running phase: every row put to the model, in a shuffled order and at a set pace."""

import threading

import msgspec

from infra.local.vertex.asking import Asker
from infra.local.vertex.jobs import Job
from infra.local.vertex.pacing import paced, shuffled, step
from infra.local.vertex.predictions import Predictions
from infra.local.vertex.spool import RowSpool
from infra.local.vertex.tampering import Tamperer, Written
from infra.local.vertex.world import World


class Run:
    """One job at work."""

    def __init__(
        self, world: World, job: Job, spool: RowSpool, predictions: Predictions, stop: threading.Event
    ) -> None:
        self._world = world
        self._job = job
        self._predictions = predictions
        self._stop = stop
        self._asker = Asker(job, spool, world)
        self._order = shuffled(len(spool), job.job_id)

    def answer(self, limit: int | None) -> None:
        """Answer the first `limit` rows of the order (None: all), or those that come before a stop."""
        tamperer = Tamperer(self._world.faults.unspent)
        due = paced(self._order[:limit], self._world.settings.run_s, self._world.clock, self._stop)
        for answered, fault in self._asker.answers(due):
            for written in tamperer.passed(answered, fault):
                self._write(written)
        for written in tamperer.rest():
            self._write(written)
        self._tell()

    def _write(self, written: Written) -> None:
        self._predictions.add(written)
        if self._predictions.answered % step(len(self._order)) == 0:
            self._tell()

    def _tell(self) -> None:
        now, stats = self._world.clock.now(), self._predictions.stats
        self._world.book.change(self._job.name, lambda job: msgspec.structs.replace(job, stats=stats, updated=now))
