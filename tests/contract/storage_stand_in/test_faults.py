"""Faults on the storage stand-in: they strike what they are meant for, as often as asked, and are counted."""

from collections.abc import Callable

import pytest
import requests
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client
from google.cloud.storage.retry import DEFAULT_RETRY

from infra.local.storage import Fault, FaultAction, FaultMethod, FaultStage, StorageServer
from tests.contract.storage_stand_in.support import new_bucket, put

AT_ONCE = DEFAULT_RETRY.with_delay(initial=0.001, maximum=0.001, multiplier=1.0)


@pytest.fixture
def server(running: tuple[StorageServer, Client]) -> StorageServer:
    running[0].faults.clear()
    return running[0]


@pytest.fixture
def bucket(running: tuple[StorageServer, Client], server: StorageServer) -> Bucket:
    assert server.faults.all() == []
    return new_bucket(running[1])


def consumed(server: StorageServer) -> list[int]:
    return [entry.consumed for entry in server.faults.all()]


CALLS: dict[FaultMethod, Callable[[Bucket], object]] = {
    FaultMethod.INSERT: lambda bucket: put(bucket, "a", retry=None),
    FaultMethod.GET: lambda bucket: bucket.blob("a").reload(retry=None),
    FaultMethod.DOWNLOAD: lambda bucket: bucket.blob("a").download_as_bytes(retry=None),
    FaultMethod.LIST: lambda bucket: list(bucket.list_blobs(prefix="a", retry=None)),
    FaultMethod.COMPOSE: lambda bucket: bucket.blob("a").compose([bucket.blob("a")], retry=None),
    FaultMethod.REWRITE: lambda bucket: bucket.blob("a").rewrite(bucket.blob("a"), retry=None),
    FaultMethod.DELETE: lambda bucket: bucket.blob("a").delete(retry=None),
    FaultMethod.PATCH: lambda bucket: bucket.blob("a").patch(retry=None),
}


@pytest.mark.parametrize("method", FaultMethod)
def test_each_method_can_fail(server: StorageServer, bucket: Bucket, method: FaultMethod) -> None:
    put(bucket, "a")
    server.faults.add(Fault(method=method, bucket=bucket.name, prefix="a"))
    with pytest.raises(exceptions.ServiceUnavailable):
        CALLS[method](bucket)
    assert consumed(server) == [1]
    CALLS[method](bucket)


def test_a_fault_strikes_only_what_it_is_meant_for(server: StorageServer, bucket: Bucket) -> None:
    server.faults.add(Fault(method=FaultMethod.INSERT, bucket=bucket.name, prefix="x/", status=429))
    put(bucket, "a", retry=None)
    bucket.blob("x/a").exists()
    assert consumed(server) == [0]
    with pytest.raises(exceptions.TooManyRequests):
        put(bucket, "x/a", retry=None)


def test_a_client_that_repeats_gets_over_faults(server: StorageServer, bucket: Bucket) -> None:
    server.faults.add(Fault(method=FaultMethod.INSERT, count=2))
    put(bucket, "a", retry=AT_ONCE)
    assert consumed(server) == [2]
    assert bucket.blob("a").exists()


def test_a_piece_of_a_resumable_upload_can_fail(server: StorageServer, bucket: Bucket) -> None:
    stream = bucket.blob("a").open("wb", chunk_size=256 * 1024, retry=AT_ONCE)
    stream.write(bytes(256 * 1024))
    server.faults.add(Fault(method=FaultMethod.INSERT, status=500))
    stream.write(bytes(300 * 1024))
    stream.close()
    assert consumed(server) == [1]
    assert bucket.get_blob("a").size == 556 * 1024


def test_a_connection_can_be_dropped_before_anything_happened(server: StorageServer, bucket: Bucket) -> None:
    server.faults.add(Fault(method=FaultMethod.INSERT, action=FaultAction.DROP_CONNECTION))
    with pytest.raises(requests.ConnectionError):
        put(bucket, "a", retry=None)
    assert not bucket.blob("a").exists()


@pytest.mark.parametrize("action", [FaultAction.DROP_CONNECTION, FaultAction.RESPOND])
def test_only_the_reply_can_be_lost(server: StorageServer, bucket: Bucket, action: FaultAction) -> None:
    server.faults.add(Fault(method=FaultMethod.INSERT, action=action, stage=FaultStage.AFTER))
    with pytest.raises(exceptions.PreconditionFailed):
        put(bucket, "a", if_generation_match=0, retry=AT_ONCE)
    assert consumed(server) == [1]
    assert bucket.blob("a").download_as_bytes() == b"content"


def test_a_delay_alone_lets_the_request_pass(server: StorageServer, bucket: Bucket) -> None:
    server.faults.add(Fault(method=FaultMethod.GET, action=FaultAction.DELAY, delay_s=0.5))
    with pytest.raises(requests.ReadTimeout):
        bucket.blob("a").exists(timeout=0.1, retry=None)
    assert not bucket.blob("a").exists()
    assert consumed(server) == [1]


def test_faults_are_a_resource(server: StorageServer, bucket: Bucket) -> None:
    url = f"{server.url}/_control/faults"
    fault = {"method": "delete", "bucket": bucket.name, "status": 503, "count": 2, "delay_s": 0}
    requests.post(url, json=fault, timeout=5).raise_for_status()
    with pytest.raises(exceptions.ServiceUnavailable, match="fault was asked for"):
        put(bucket, "a").delete(retry=None)
    (entry,) = requests.get(url, timeout=5).json()["faults"]
    assert {key: entry[key] for key in fault} == fault
    assert entry["consumed"] == 1
    requests.delete(url, timeout=5).raise_for_status()
    assert requests.get(url, timeout=5).json() == {"faults": []}
    bucket.blob("a").delete(retry=None)


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "explode"},
        {"method": "get", "status": 200},
        {"method": "get", "count": 0},
        {"method": "get", "stage": "after"},
        {"method": "get", "buket": "typo"},
    ],
)
def test_a_fault_that_could_never_strike_is_refused(server: StorageServer, fault: dict[str, object]) -> None:
    assert requests.post(f"{server.url}/_control/faults", json=fault, timeout=5).status_code == 400
    assert server.faults.all() == []
