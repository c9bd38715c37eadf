"""Input and output of a job, with the failures of storage as those of the job."""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.vertex import texts
from infra.local.vertex.ends import JobFailedError
from infra.local.vertex.importer import Imported, imported, split_uri
from infra.local.vertex.jobs import Failure, Job
from infra.local.vertex.ports import AccessDeniedError, BucketUnknownError, Storage, StorageFailedError
from infra.local.vertex.settings import Settings
from infra.local.vertex.shape import ImportRefusedError


def taken(job: Job, storage: Storage, settings: Settings) -> Imported:
    """The input of a job.

    Raises:
        JobFailedError: it cannot be had, or the importer refuses it.
    """
    spec = job.spec
    buckets = [split_uri(uri)[0] for uri in (*spec.input_uris, spec.output_prefix)]
    try:
        for bucket in dict.fromkeys(buckets):
            storage.require_bucket(bucket)
        return imported(storage, spec.input_uris, settings)
    except BucketUnknownError as unknown:
        raise JobFailedError(texts.bucket_unknown(unknown.bucket)) from unknown
    except ImportRefusedError as refused:
        raise JobFailedError(texts.import_failed(str(refused))) from refused
    except AccessDeniedError as denied:
        doing = f"read {', '.join(spec.input_uris)}"
        raise JobFailedError(_denied(job, "storage.objects.get", doing)) from denied
    except StorageFailedError as failed:
        raise JobFailedError(texts.SYSTEM_ERROR) from failed


@contextmanager
def exporting(job: Job, uri: str) -> Iterator[None]:
    """Whatever goes wrong with writing `uri` in here fails the job.

    Raises:
        JobFailedError: the output cannot be written.
    """
    try:
        yield
    except AccessDeniedError as denied:
        raise JobFailedError(_denied(job, "storage.objects.create", f"write {uri}")) from denied
    except (StorageFailedError, BucketUnknownError) as failed:
        raise JobFailedError(texts.EXPORT_FAILED) from failed


def _denied(job: Job, permission: str, doing: str) -> Failure:
    return texts.access_denied(job.name.split("/")[1], permission, doing)
