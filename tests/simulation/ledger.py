"""The ledger of a run: every commit, object and bill goes past it, and it says at once what promise was broken."""

from collections.abc import Sequence

from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import BatchState
from batchdrop.ports import Write
from batchdrop.settings import Settings
from tests.fakes.objects import FakeObjects
from tests.simulation import accounts, liveness
from tests.simulation.mirror import Mirror
from tests.simulation.money import Money
from tests.simulation.outputs import Outputs
from tests.simulation.vertex import Bill

_HOURLY = ("ticks/", "turns/dispatch/items/arrivals-", "turns/dispatch/items/departures-")
"""What is written each hour though nothing moves."""


class Ledger:
    """`broken` are the promises that were broken, in order; `commits` counts those that moved anything."""

    def __init__(self, objects: FakeObjects, settings: Settings) -> None:
        self.broken: list[str] = []
        self.commits = 0
        self.mirror = Mirror()
        self.money = Money(objects, settings.work_bucket)
        self._outputs = Outputs(objects, settings.output_bucket)
        self._slots = settings.max_running_batches
        self._budgets = settings.budgets_usd_per_day

    def committed(self, writes: Sequence[Write]) -> None:
        """Take note of a commit, and look whether all is well after it."""
        self.commits += not all(write.ref.path.startswith(_HOURLY) for write in writes)
        self.broken += self.mirror.note(writes)
        self.money.note(writes, self.mirror)
        self.broken += liveness.problems(self.mirror, self._slots)
        self.broken += accounts.problems(self.mirror, self._budgets)

    def written(self, info: ObjectInfo) -> None:
        """Take note of an object."""
        self.broken += self._outputs.written(info)

    def billed(self, bill: Bill) -> None:
        """Take note of a good answer."""
        self.broken += self.money.billed(bill)

    def is_submitting(self) -> bool:
        """Tell whether a batch is between its commit and its job."""
        return any(batch.state is BatchState.SUBMITTING for batch in self.mirror.batches.values())

    def is_settled(self) -> bool:
        """Tell whether nothing is open."""
        return not (self.mirror.turns or self.mirror.open_jobs() or self.mirror.open_batches())
