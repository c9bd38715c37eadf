"""What the storage adapter makes of failures: those that pass, those that stay, and replies that get lost."""

import socket
from collections.abc import Callable

import pytest
from google.api_core.exceptions import Forbidden, NotFound
from google.cloud.storage import Client
from google.cloud.storage.retry import DEFAULT_RETRY

from batchdrop.cloud.storage import CloudObjects
from batchdrop.domain.errors import Conflict, Transient
from batchdrop.domain.ids import Generation
from batchdrop.domain.limits import WRITE_BYTES
from infra.local.storage import Fault, FaultAction, FaultMethod, FaultStage, StorageServer
from tests.contract.conftest import anonymous
from tests.contract.stores import fresh_name

NONE = Generation(0)
BRIEFLY = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(0.2)
LONGER = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(20)
ALWAYS = 1000


@pytest.fixture
def bucket(storage_client: Client) -> str:
    name = fresh_name("failing")
    storage_client.create_bucket(name)
    return name


def objects(client: Client) -> CloudObjects:
    return CloudObjects(client, LONGER)


def spent(server: StorageServer, bucket: str) -> bool:
    return all(each.consumed == each.fault.count for each in server.faults.all() if each.fault.bucket == bucket)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_fails_in_passing_is_tried_again(
    storage_client: Client, storage_server: StorageServer, bucket: str, status: int
) -> None:
    storage_server.faults.add(Fault(FaultMethod.INSERT, bucket=bucket, status=status, count=2))
    storage_server.faults.add(Fault(FaultMethod.DOWNLOAD, bucket=bucket, status=status, count=2))
    with objects(storage_client).write(bucket, "a", "text/plain") as sink:
        sink.write(b"123")
    assert b"".join(objects(storage_client).read(bucket, "a")) == b"123"
    assert spent(storage_server, bucket)


@pytest.mark.parametrize("action", [FaultAction.RESPOND, FaultAction.DROP_CONNECTION])
@pytest.mark.parametrize("method", [FaultMethod.GET, FaultMethod.LIST, FaultMethod.COMPOSE, FaultMethod.DELETE])
def test_what_keeps_failing_is_transient(
    storage_client: Client, storage_server: StorageServer, bucket: str, method: FaultMethod, action: FaultAction
) -> None:
    storage_server.faults.add(Fault(method, bucket=bucket, action=action, count=ALWAYS))
    impatient = CloudObjects(storage_client, BRIEFLY)
    calls: dict[FaultMethod, Callable[[], object]] = {
        FaultMethod.GET: lambda: impatient.stat(bucket, "a"),
        FaultMethod.LIST: lambda: list(impatient.list(bucket, "")),
        FaultMethod.COMPOSE: lambda: impatient.compose(bucket, "b", ["a"], "text/plain"),
        FaultMethod.DELETE: lambda: impatient.delete(bucket, ["a"]),
    }
    with pytest.raises(Transient):
        calls[method]()


def test_a_write_that_keeps_failing_is_transient_and_makes_no_object(
    storage_client: Client, storage_server: StorageServer, bucket: str
) -> None:
    storage_server.faults.add(Fault(FaultMethod.INSERT, bucket=bucket, count=ALWAYS))
    with pytest.raises(Transient):
        write(CloudObjects(storage_client, BRIEFLY), bucket, b"1" * (WRITE_BYTES + 1))
    assert objects(storage_client).stat(bucket, "a") is None


def write(to: CloudObjects, bucket: str, data: bytes) -> None:
    with to.write(bucket, "a", "text/plain") as sink:
        sink.write(data)


def test_a_read_that_keeps_failing_is_transient(
    storage_client: Client, storage_server: StorageServer, bucket: str
) -> None:
    write(objects(storage_client), bucket, b"123")
    storage_server.faults.add(Fault(FaultMethod.DOWNLOAD, bucket=bucket, count=ALWAYS))
    with pytest.raises(Transient):
        list(CloudObjects(storage_client, BRIEFLY).read(bucket, "a"))


def test_what_is_forbidden_is_not_transient(storage_client: Client, storage_server: StorageServer, bucket: str) -> None:
    storage_server.faults.add(Fault(FaultMethod.GET, bucket=bucket, status=403))
    with pytest.raises(Forbidden):
        objects(storage_client).stat(bucket, "a")


def test_a_bucket_that_does_not_exist_is_not_transient(storage_client: Client) -> None:
    with pytest.raises(NotFound):
        list(objects(storage_client).list(fresh_name("missing"), ""))


def test_a_lost_reply_to_an_upload_makes_one_whole_object(
    storage_client: Client, storage_server: StorageServer, bucket: str
) -> None:
    lost = Fault(FaultMethod.INSERT, bucket=bucket, action=FaultAction.DROP_CONNECTION, stage=FaultStage.AFTER, count=3)
    storage_server.faults.add(lost)
    data = bytes(range(256)) * (WRITE_BYTES // 128)
    write(objects(storage_client), bucket, data)
    assert b"".join(objects(storage_client).read(bucket, "a")) == data
    assert spent(storage_server, bucket)


def test_a_lost_reply_to_a_conditional_write_is_a_conflict_with_oneself(
    storage_client: Client, storage_server: StorageServer, bucket: str
) -> None:
    storage_server.faults.add(Fault(FaultMethod.INSERT, bucket=bucket, stage=FaultStage.AFTER))
    with pytest.raises(Conflict):
        objects(storage_client).write_at(bucket, "a", b"{}", "application/json", NONE)
    assert b"".join(objects(storage_client).read(bucket, "a")) == b"{}"


def test_a_lost_reply_to_a_deletion_is_no_error(
    storage_client: Client, storage_server: StorageServer, bucket: str
) -> None:
    write(objects(storage_client), bucket, b"1")
    storage_server.faults.add(Fault(FaultMethod.DELETE, bucket=bucket, stage=FaultStage.AFTER))
    objects(storage_client).delete(bucket, ["a"])
    assert objects(storage_client).stat(bucket, "a") is None
    assert spent(storage_server, bucket)


def test_a_server_that_is_not_there_is_transient() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = Client(project="nobody", credentials=anonymous(), client_options={"api_endpoint": endpoint})
        with pytest.raises(Transient):
            CloudObjects(client, BRIEFLY).stat("bucket", "a")
        client.close()
