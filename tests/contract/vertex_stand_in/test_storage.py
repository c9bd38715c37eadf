"""How the Vertex stand-in reads and writes storage that is slow to please, or forbids it."""

import random
from collections.abc import Iterator

import pytest
from google.cloud.aiplatform_v1 import JobState

from infra.local.storage import Fault, FaultAction, FaultMethod, FaultStage, StorageServer
from infra.local.vertex.gcs import GcsStorage
from infra.local.vertex.ports import BucketUnknownError
from tests.contract.vertex_stand_in.support import Rig, numbered


@pytest.fixture
def gcs(storage_server: StorageServer) -> Iterator[GcsStorage]:
    storage = GcsStorage(storage_server.url, pause=lambda _: None)
    yield storage
    storage.close()
    storage_server.faults.clear()


def written(gcs: GcsStorage, bucket: str, name: str) -> bytes:
    [stored] = gcs.objects(bucket, name)
    return b"".join(gcs.read(stored))


class Bytes:
    """Content in memory, in pieces of an odd size."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.content = random.Random(size).randbytes(size)

    def blocks(self) -> Iterator[bytes]:
        for start in range(0, self.size, 999_983):
            yield self.content[start : start + 999_983]


@pytest.mark.parametrize("size", [0, 1, 8 * 1024 * 1024, 20 * 1024 * 1024 + 17])
def test_an_object_of_any_size_is_written_in_pieces_and_read_back(vertex: Rig, gcs: GcsStorage, size: int) -> None:
    given = Bytes(size)
    gcs.write(vertex.bucket.name, "deep/er/äöü.bin", given)

    assert written(gcs, vertex.bucket.name, "deep/er/äöü.bin") == given.content


def test_an_object_can_be_deleted_also_when_it_is_gone(vertex: Rig, gcs: GcsStorage) -> None:
    gcs.write(vertex.bucket.name, "a/b c", Bytes(3))

    for _ in range(2):
        gcs.delete(vertex.bucket.name, "a/b c")

    assert list(gcs.objects(vertex.bucket.name, "a/")) == []


def test_a_write_into_no_bucket_says_so(gcs: GcsStorage) -> None:
    with pytest.raises(BucketUnknownError):
        gcs.write("no-such-bucket-anywhere", "x", Bytes(1))


@pytest.mark.parametrize("stage", FaultStage)
@pytest.mark.parametrize("action", [FaultAction.RESPOND, FaultAction.DROP_CONNECTION])
def test_a_write_whose_reply_fails_is_tried_again_to_the_same_effect(
    vertex: Rig, gcs: GcsStorage, storage_server: StorageServer, stage: FaultStage, action: FaultAction
) -> None:
    bucket, given = vertex.bucket.name, Bytes(9 * 1024 * 1024)
    storage_server.faults.add(Fault(method=FaultMethod.INSERT, bucket=bucket, count=2, stage=stage, action=action))
    gcs.write(bucket, "big", given)

    assert [entry.consumed for entry in storage_server.faults.all()] == [2]
    assert written(gcs, bucket, "big") == given.content


def test_reads_and_lists_are_tried_again(vertex: Rig, gcs: GcsStorage, storage_server: StorageServer) -> None:
    bucket = vertex.bucket.name
    vertex.put_text("a", "content")
    for method in (FaultMethod.LIST, FaultMethod.DOWNLOAD):
        storage_server.faults.add(Fault(method=method, bucket=bucket, count=2))

    assert written(gcs, bucket, "a") == b"content"
    assert [entry.consumed for entry in storage_server.faults.all()] == [2, 2]


def test_a_listing_goes_on_over_its_pages(vertex: Rig, storage_server: StorageServer) -> None:
    names = [f"many/{i}" for i in range(5)]
    for name in names:
        vertex.put_text(name, "x")
    storage = GcsStorage(storage_server.url, page_size=2)

    found = [stored.name for stored in storage.objects(vertex.bucket.name, "many/")]
    storage.close()

    assert found == names


def test_output_that_may_not_be_written_fails_the_job_with_code_7_after_its_rows_ran(
    vertex: Rig, storage_server: StorageServer
) -> None:
    fault = Fault(method=FaultMethod.INSERT, bucket=vertex.bucket.name, prefix="out/", status=403)
    storage_server.faults.add(fault)

    job = vertex.run(numbered(2))

    assert (job.state, job.error.code) == (JobState.JOB_STATE_FAILED, 7)
    assert job.completion_stats.successful_count == 2
    number = job.name.split("/")[1]
    assert job.error.message == (
        f"Service account service-{number}@gcp-sa-aiplatform.iam.gserviceaccount.com doesn't have sufficient"
        f' permission "storage.objects.create" to write {job.output_info.gcs_output_directory}/predictions.jsonl.'
    )


def test_input_that_may_not_be_read_fails_the_job_with_code_7(vertex: Rig, storage_server: StorageServer) -> None:
    storage_server.faults.add(Fault(method=FaultMethod.DOWNLOAD, bucket=vertex.bucket.name, status=403))

    job = vertex.run(numbered(1))

    assert (job.state, job.error.code) == (JobState.JOB_STATE_FAILED, 7)
    assert 'permission "storage.objects.get"' in job.error.message


def test_output_that_cannot_be_written_fails_the_job_as_a_failed_export(
    vertex: Rig, storage_server: StorageServer
) -> None:
    storage_server.faults.add(Fault(method=FaultMethod.INSERT, bucket=vertex.bucket.name, prefix="out/", status=412))

    job = vertex.run(numbered(1))

    assert (job.state, job.error.code) == (JobState.JOB_STATE_FAILED, 13)
    assert job.error.message.startswith("Failed to export data.")
