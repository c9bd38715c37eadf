"""What many suites stand on, each started at most once a run, when the first test needs it."""

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from infra.local.firestore import FirestoreEmulator
from infra.local.paths import new_run
from infra.local.stack import Stack, StackOptions

# Examples judge the code, not how busy the machine is.
hypothesis.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("patient")


@pytest.fixture(scope="session")
def firestore_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`address:port` of the Firestore emulator."""
    with FirestoreEmulator(tmp_path_factory.mktemp("firestore") / "firestore.log") as emulator:
        yield emulator.host


@pytest.fixture(scope="session")
def stack(firestore_host: str) -> Iterator[Stack]:
    """The whole service. Its logs stay in `.cache/local`."""
    database = f"stack-{uuid.uuid4().hex[:12]}"
    run = new_run(datetime.now(UTC))
    settings = {"RETRY_SECONDS": "1", "SHARD_BYTES": "1000", "PYTHONPROFILEIMPORTTIME": "1"}
    options = StackOptions(
        run=run, firestore_host=firestore_host, database=database, tick_seconds=1.0, settings=settings
    )
    with Stack(options) as stack:
        yield stack


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A folder of the input bucket that no other test uses, `name-random/`."""
    return f"{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())[:60].strip('-')}-{uuid.uuid4().hex[:6]}/"
