import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from infra.local.clients import firestore_client
from infra.local.errors import LocalError
from infra.local.eventarc import Eventarc, Wiring
from infra.local.eventarc.events import Database
from infra.local.eventarc.routing import FUNCTIONS, StorageRoutes
from infra.local.firestore import FirestoreEmulator
from infra.local.functions import Deployment, Functions
from infra.local.paths import ROOT
from infra.local.ports import accepts, free_ports, wait_until
from infra.local.process import Command, Processes
from tests.e2e.receiver import Received, Receiver

SLEEPER = (
    "import os, subprocess, sys, time; subprocess.Popen(['sleep', '600']); print('up', flush=True); time.sleep(600)"
)
OWN_EMULATOR = {name: value for name, value in os.environ.items() if name != "FIRESTORE_EMULATOR_HOST"}


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def sleeper(folder: Path) -> Command:
    return Command("Sleeper", [sys.executable, "-c", SLEEPER], environment(), folder / "sleeper.log")


def test_children_and_grandchildren_end_with_the_block(tmp_path: Path) -> None:
    with Processes() as processes:
        child = processes.start(sleeper(tmp_path))
        child.wait_for("up", 20.0)
    wait_until(lambda: group_is_gone(child.pid), 20.0, "the end of the group")


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = f"""
import sys, time
from pathlib import Path
from infra.local.process import Command, Processes
with Processes() as processes:
    child = processes.start(Command("Sleeper", [sys.executable, "-c", {SLEEPER!r}], {environment()!r}, Path("log")))
    child.wait_for("up", 20.0)
    print(child.pid, flush=True)
    time.sleep(600)
"""
    with subprocess.Popen(  # this Python, on the text above
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        assert not group_is_gone(group)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: group_is_gone(group), 20.0, "the end of the group")


def test_a_program_that_is_not_there_is_told_plainly(tmp_path: Path) -> None:
    with Processes() as processes, pytest.raises(LocalError, match="Nobody cannot be started"):
        processes.start(Command("Nobody", [str(tmp_path / "nobody")], {}, tmp_path / "log"))


def test_a_child_that_ends_while_starting_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Processes() as processes:
        program = [sys.executable, "-c", "import sys; print('no disk'); sys.exit(3)"]
        child = processes.start(Command("Store", program, environment(), tmp_path / "log"))
        with pytest.raises(LocalError, match=r"(?s)Store ended while starting with exit code 3.*no disk"):
            child.wait_for("up", 20.0)


def test_the_emulator_keeps_named_databases_apart_and_ends_with_the_block(tmp_path: Path) -> None:
    with FirestoreEmulator(tmp_path / "firestore.log", environment=OWN_EMULATOR) as emulator:
        for name in ("batchdrop", "(default)"):
            with closing(firestore_client(emulator.host, "p", name)) as client:
                assert not client.document("jobs/j").get().exists
                client.document("jobs/j").create({"n": 1})
                assert client.document("jobs/j").get().exists
    address, _, port = emulator.host.rpartition(":")
    assert not accepts(address, int(port))


def test_an_emulator_that_is_named_is_used_and_left_running(firestore_host: str, tmp_path: Path) -> None:
    with FirestoreEmulator(tmp_path / "log", environment={"FIRESTORE_EMULATOR_HOST": firestore_host}) as emulator:
        assert emulator.host == firestore_host
        assert not emulator.own
    address, _, port = firestore_host.rpartition(":")
    assert accepts(address, int(port))


def test_an_emulator_that_is_named_but_not_there_is_told_plainly(tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    named = FirestoreEmulator(tmp_path / "log", environment={"FIRESTORE_EMULATOR_HOST": nowhere})
    with pytest.raises(LocalError, match=f"emulator at {nowhere}"), named:
        pass


def test_creations_are_told_of_again_once_the_emulator_is_back(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    lines: list[str] = []
    received: list[Received] = []
    with Receiver() as receiver:
        wiring = Wiring({"stage": receiver.url}, StorageRoutes("in", "predictions"), Database("p", "d"))
        with Eventarc(wiring, lines.append) as eventarc:
            for number in range(2):
                with FirestoreEmulator(tmp_path / "log", port=port, environment=OWN_EMULATOR) as emulator:
                    if number == 0:
                        eventarc.listen(emulator.host)
                    with closing(firestore_client(emulator.host, "p", "d")) as client:
                        client.document(f"turns/stage/items/t{number}").create({})
                    received = receiver.wait_for(number + 1)
    assert [each.headers["ce-document"] for each in received] == ["turns/stage/items/t0", "turns/stage/items/t1"]
    assert any("connecting again" in line for line in lines)


SOURCE = """
import os
import functions_framework

def _answer(event):
    print(os.environ["FUNCTION_TARGET"], event["subject"], os.environ["INPUT_BUCKET"], flush=True)

@functions_framework.cloud_event
def intake(event): _answer(event)
@functions_framework.cloud_event
def stage(event): _answer(event)
@functions_framework.cloud_event
def dispatch(event): _answer(event)
@functions_framework.cloud_event
def collect(event): _answer(event)
"""
EVENT = {"ce-id": "1", "ce-source": "//x", "ce-type": "x", "ce-specversion": "1.0", "ce-subject": "hello"}


def deployment(tmp_path: Path, source: str) -> Deployment:
    (tmp_path / "main.py").write_text(source)
    ports = dict(zip(FUNCTIONS, free_ports(len(FUNCTIONS)), strict=True))
    return Deployment(ports, environment() | {"INPUT_BUCKET": "in"}, tmp_path / "logs", tmp_path)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def test_a_function_that_dies_is_started_again_at_its_place(tmp_path: Path, http: httpx.Client) -> None:
    notices: list[str] = []
    with Functions(deployment(tmp_path, SOURCE), notices.append) as functions:
        functions.wait()
        assert http.post(functions.urls["stage"], headers=EVENT).status_code == 200
        functions.kill("stage")
        wait_until(lambda: bool(notices), 20.0, "a notice")
        assert "Function stage ended with exit code -9 and was started again" in notices[0]
        functions.wait()
        assert http.post(functions.urls["stage"], headers=EVENT).status_code == 200
    assert (tmp_path / "logs" / "stage.log").read_text().splitlines() == ["stage hello in"] * 2


def test_a_function_that_cannot_be_imported_is_told_with_its_error(tmp_path: Path) -> None:
    with Functions(deployment(tmp_path, "import nonsense"), lambda _: None) as functions:  # noqa: SIM117  # the end is part of it
        with pytest.raises(LocalError, match=r"(?s)Function intake ended while starting.*No module named 'nonsense'"):
            functions.wait()
