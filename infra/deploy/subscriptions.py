"""Set Eventarc's subscriptions as Terraform cannot: python3 -m infra.deploy.subscriptions OUTPUTS.json [--check].

OUTPUTS.json is what `terraform output -json` prints. Left alone these subscriptions wait ten seconds for an answer, and
drop after a day what nobody took. A trigger that was replaced has a new one, so this runs after every apply.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.deploy.gcloud import described, gcloud
from infra.deploy.outputs import Outputs, Wanted, read_outputs


def set_up(outputs: Outputs) -> list[str]:
    """Set what is not as wanted; returns the triggers whose subscriptions were changed."""
    changed = []
    for wanted in outputs.subscriptions:
        if differences(wanted):
            gcloud(
                "pubsub",
                "subscriptions",
                "update",
                wanted.subscription,
                f"--ack-deadline={wanted.ack_deadline_seconds}",
                f"--message-retention-duration={wanted.retention_seconds}s",
                f"--dead-letter-topic={wanted.dead_letter_topic}",
                f"--max-delivery-attempts={wanted.max_delivery_attempts}",
            )
            changed.append(wanted.trigger)
    return changed


def check(outputs: Outputs) -> list[str]:
    """Read all of them back; returns what is not as wanted, a line each."""
    return [f"{wanted.trigger}: {difference}" for wanted in outputs.subscriptions for difference in differences(wanted)]


def differences(wanted: Wanted) -> list[str]:
    """What one subscription has that is not as wanted."""
    found = described("pubsub", "subscriptions", "describe", wanted.subscription)
    policy: Mapping[str, Any] = found.get("deadLetterPolicy", {})
    pairs = (
        ("ackDeadlineSeconds", found.get("ackDeadlineSeconds"), wanted.ack_deadline_seconds),
        ("messageRetentionDuration", found.get("messageRetentionDuration"), f"{wanted.retention_seconds}s"),
        ("deadLetterTopic", policy.get("deadLetterTopic"), wanted.dead_letter_topic),
        ("maxDeliveryAttempts", policy.get("maxDeliveryAttempts"), wanted.max_delivery_attempts),
    )
    return [f"{name} is {is_now}, not {to_be}" for name, is_now, to_be in pairs if is_now != to_be]


def main(arguments: Sequence[str]) -> int:
    """Set them up, or with --check only tell what is not as wanted."""
    parser = argparse.ArgumentParser(prog="python3 -m infra.deploy.subscriptions")
    parser.add_argument("outputs", type=Path, help="what `terraform output -json` printed")
    parser.add_argument("--check", action="store_true", help="change nothing")
    given = parser.parse_args(arguments)
    outputs = read_outputs(given.outputs)
    if not given.check:
        changed = set_up(outputs)
        print(f"{len(changed)} of {len(outputs.subscriptions)} subscriptions set: {', '.join(changed) or 'none'}")
    wrong = check(outputs)
    print("\n".join(wrong) or "All subscriptions are as they should be.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
