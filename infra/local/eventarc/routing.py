"""Which function an event goes to: the triggers of infra/, for one machine."""

from dataclasses import dataclass

from infra.local.eventarc.events import ARCHIVED, DELETED, FINALIZED

INTAKE, STAGE, DISPATCH, COLLECT = "intake", "stage", "dispatch", "collect"
FUNCTIONS = (INTAKE, STAGE, DISPATCH, COLLECT)
_TURN_PARTS = 4


@dataclass(frozen=True, slots=True)
class StorageRoutes:
    """The two buckets that have triggers."""

    input_bucket: str
    predictions_bucket: str

    def target(self, kind: str, bucket: str) -> str | None:
        """Name the function that hears of this kind of event in this bucket, or None."""
        routes = {
            (self.input_bucket, FINALIZED): INTAKE,
            (self.input_bucket, DELETED): INTAKE,
            (self.input_bucket, ARCHIVED): INTAKE,
            (self.predictions_bucket, FINALIZED): DISPATCH,
        }
        return routes.get((bucket, kind))


def turn_target(path: str) -> str | None:
    """Name the function whose turn a document is: `turns/{function}/items/{turn}`, or None for any other."""
    parts = path.split("/")
    if len(parts) != _TURN_PARTS or parts[0] != "turns" or parts[2] != "items":
        return None
    return parts[1] if parts[1] in FUNCTIONS else None
