"""What every step is given: the ports, and the settings."""

import msgspec

from batchdrop.ports import BatchService, Clock, Documents, Log, Objects, Tokens
from batchdrop.settings import Settings


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What is enough to read an input and make requests of its rows."""

    objects: Objects
    tokens: Tokens
    log: Log
    settings: Settings


class Context(Files, frozen=True, kw_only=True):
    """The outside, as ports. Only dispatch's steps touch `batches`."""

    documents: Documents
    batches: BatchService
    clock: Clock
