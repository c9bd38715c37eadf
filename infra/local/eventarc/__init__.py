"""A stand-in for Eventarc: CloudEvents over HTTP to the functions, at least once, in no certain order."""

from infra.local.eventarc.broker import Eventarc, Wiring
from infra.local.eventarc.delivery import Backoff
from infra.local.eventarc.faults import NO_FAULTS, Faults

__all__ = ["NO_FAULTS", "Backoff", "Eventarc", "Faults", "Wiring"]
