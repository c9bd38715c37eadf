"""What Eventarc may do to an event on its way: lose it, send it twice, send it late. Seeded, so it can be repeated."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Faults:
    """How badly events are treated.

    `drop`: share that never arrives. `duplicate`: share that arrives twice. `max_delay`: seconds; each copy is held
    back for a time from 0 to this, so that events overtake one another.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    max_delay: float = 0.0

    def delays(self, random: Random) -> list[float]:
        """Decide the fate of one event: the delay of each copy, in seconds. No copy: it is lost."""
        dropped, doubled = random.random() < self.drop, random.random() < self.duplicate
        if dropped:
            return []
        return [random.uniform(0.0, self.max_delay) for _ in range(2 if doubled else 1)]


NO_FAULTS = Faults()
