"""A lane: the running batches of one model at one location, so that slots are counted exactly."""

from datetime import datetime

from batchdrop.domain.ids import BatchId, LaneId, ModelName
from batchdrop.domain.refs import Document, Query, Ref


class Lane(Document, frozen=True, kw_only=True):
    """Slots of one model at one location; written in the commit that creates a batch and the one that closes it.

    `backoff_until` and `refusals` hold submissions back after Vertex said 429, `recent` (when batches were made)
    before it would.
    """

    id: LaneId
    model: ModelName
    location: str
    running: tuple[BatchId, ...] = ()
    backoff_until: datetime | None = None
    refusals: int = 0
    recent: tuple[datetime, ...] = ()

    def recent_since(self, since: datetime) -> tuple[datetime, ...]:
        """When batches were made after that time."""
        return tuple(at for at in self.recent if at > since)


def lane_ref(lane: LaneId) -> Ref[Lane]:
    """Where a lane's document lives."""
    return Ref(f"lanes/{lane}", Lane)


def all_lanes() -> Query[Lane]:
    """Every lane; there are as many as models in use."""
    return Query(kind=Lane, collection="lanes")
