"""What `terraform output -json` says of an installation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """How one of Eventarc's subscriptions is to be set. Seconds."""

    trigger: str
    subscription: str
    ack_deadline_seconds: int
    dead_letter_topic: str
    max_delivery_attempts: int
    retention_seconds: int


@dataclass(frozen=True)
class Outputs:
    """Subscriptions in order of their triggers, and the names of the buckets people use."""

    subscriptions: tuple[Wanted, ...]
    input_bucket: str
    output_bucket: str


def read_outputs(path: Path) -> Outputs:
    """Read a file that `terraform output -json` wrote.

    Raises:
        ValueError: a trigger has no subscription yet.
    """
    values: Mapping[str, Any] = {name: output["value"] for name, output in json.loads(path.read_text()).items()}
    wanted = tuple(Wanted(trigger, **fields) for trigger, fields in sorted(values["event_subscriptions"].items()))
    without = [each.trigger for each in wanted if not each.subscription]
    if without:
        raise ValueError(f"No subscription is known of {', '.join(without)}: run terraform apply -refresh-only first.")
    return Outputs(wanted, values["buckets"]["input"], values["buckets"]["output"])
