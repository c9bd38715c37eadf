"""What every step is given: the ports, and the settings."""

import msgspec

from batchdrop.ports import BatchService, Clock, Documents, Log, Objects, Tokens
from batchdrop.settings import Settings


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The outside, as ports. Only dispatch's steps touch `batches`."""

    documents: Documents
    objects: Objects
    batches: BatchService
    clock: Clock
    tokens: Tokens
    log: Log
    settings: Settings
