"""A stand-in for Cloud Storage: the JSON API over a local folder.

Google's client talks to it with `STORAGE_EMULATOR_HOST` set to its URL. It keeps generations, versions and
preconditions as the cloud does, streams every byte, tells listeners what happened, and fails when asked to.
What it does not implement it refuses. It is for one machine: there is no authentication.
"""

from infra.local.storage.events import HttpNotifier, Listener, StorageEvent
from infra.local.storage.faults import Fault, FaultAction, FaultMethod, FaultStage
from infra.local.storage.model import EventKind
from infra.local.storage.server import StorageServer

__all__ = [
    "EventKind",
    "Fault",
    "FaultAction",
    "FaultMethod",
    "FaultStage",
    "HttpNotifier",
    "Listener",
    "StorageEvent",
    "StorageServer",
]
