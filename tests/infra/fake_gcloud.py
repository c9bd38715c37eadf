#!/usr/bin/env python3
"""A gcloud that keeps subscriptions and objects in the folder FAKE_GCLOUD, and a service that ends what is dropped.

FAKE_STATES maps a dropped file's name to the state its manifest tells; other files get none.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(os.environ["FAKE_GCLOUD"])


def subscription(name: str) -> Path:
    return HERE / "subscriptions" / name.replace("/", "_")


def place(url: str) -> Path:
    return HERE / "objects" / url.removeprefix("gs://")


def describe(name: str) -> None:
    print(subscription(name).read_text())


def update(name: str, *flags: str) -> None:
    given = dict(flag.removeprefix("--").split("=", 1) for flag in flags)
    stored = json.loads(subscription(name).read_text())
    stored["ackDeadlineSeconds"] = int(given["ack-deadline"])
    stored["messageRetentionDuration"] = given["message-retention-duration"]
    stored["deadLetterPolicy"] = {
        "deadLetterTopic": given["dead-letter-topic"],
        "maxDeliveryAttempts": int(given["max-delivery-attempts"]),
    }
    subscription(name).write_text(json.dumps(stored))


def copy(source: str, url: str) -> None:
    target = place(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    state = json.loads(os.environ.get("FAKE_STATES", "{}")).get(target.name)
    if state is not None:
        manifest = place(url.replace("-input/", "-output/") + "/manifest.json")
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps({"state": state, "reason": None}))


def cat(url: str) -> None:
    if not place(url).exists():
        sys.exit(f"ERROR: (gcloud.storage.cat) The following URLs matched no objects or files: {url}")
    print(place(url).read_text())


def remove(_recursive: str, url: str) -> None:
    shutil.rmtree(place(url))


COMMANDS: dict[tuple[str, ...], Callable[..., None]] = {
    ("pubsub", "subscriptions", "describe"): describe,
    ("pubsub", "subscriptions", "update"): update,
    ("storage", "cp"): copy,
    ("storage", "cat"): cat,
    ("storage", "rm"): remove,
}

with (HERE / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\n")
words = [word for word in sys.argv[1:] if word not in {"--quiet", "--format=json"}]
for command, act in COMMANDS.items():
    if tuple(words[: len(command)]) == command:
        act(*words[len(command) :])
        break
else:
    sys.exit(f"no such command: {words}")
