"""What a scenario is, and what its users do."""

from collections.abc import Callable, Iterator

import msgspec

from batchdrop.settings import Settings
from tests.fakes.batches import Refusal
from tests.simulation.checks import Expected
from tests.simulation.inputs import PROMPT, settings
from tests.simulation.vertex import Manner
from tests.simulation.world import Operation, Setup, World


def _nothing_more(_world: World) -> Iterator[str]:
    return iter(())


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What users do, how Vertex behaves, and what must come of it.

    `vertex_bears` is how many jobs Vertex may fail beyond what `manner` says. `small`: also swept by pairs of crashes;
    `hunted`: also by sleepers; `share`: of the sweep and the storms that others get. `doomed`: whatever calls a port
    in this module dies; `call_seconds` each call takes. `also` checks what is not about outputs.
    """

    name: str
    operations: tuple[Operation, ...]
    expected: tuple[Expected, ...]
    settings: Settings = settings()
    manner: Manner = Manner()
    fresh: bool = False
    most_ticks: int = 400
    vertex_bears: int = 2
    small: bool = False
    hunted: bool = False
    share: float = 1.0
    doomed: str = ""
    call_seconds: int = 0
    also: Callable[[World], Iterator[str]] = _nothing_more

    @property
    def setup(self) -> Setup:
        """What a run begins with."""
        return Setup(
            settings=self.settings,
            manner=self.manner,
            operations=self.operations,
            fresh=self.fresh,
            call_seconds=self.call_seconds,
        )


def drop(name: str, data: str | bytes, seconds: int = 1) -> Operation:
    """Upload a file."""
    return Operation(seconds, lambda world: _ignore(world.drop(name, data)))


def delete(name: str, seconds: int) -> Operation:
    """Delete a file."""
    return Operation(seconds, lambda world: world.delete(name))


def refuse(*refusals: Refusal) -> Operation:
    """Let the next creations at Vertex go wrong."""
    return Operation(0, lambda world: world.vertex.refusals.extend(refusals))


def _ignore(_made: object) -> None:
    """An operation gives nothing back."""


PROMPT_DROP = drop("default.prompt", PROMPT, 0)
