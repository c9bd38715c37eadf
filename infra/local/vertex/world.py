"""What the jobs of one server share."""

import threading
from dataclasses import dataclass, field

from infra.local.vertex.billing import Ledger
from infra.local.vertex.book import JobBook
from infra.local.vertex.clock import Clock
from infra.local.vertex.models.base import Model
from infra.local.vertex.ports import Storage
from infra.local.vertex.script import FaultBook
from infra.local.vertex.settings import Settings


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside a single job. `closing` is set when the server goes down."""

    settings: Settings
    storage: Storage
    model: Model
    clock: Clock
    book: JobBook = field(default_factory=JobBook)
    faults: FaultBook = field(default_factory=FaultBook)
    ledger: Ledger = field(default_factory=Ledger)
    closing: threading.Event = field(default_factory=threading.Event)
