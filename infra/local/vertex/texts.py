"""Messages of failed jobs, as third parties have captured them from the live service in 2026."""

from infra.local.vertex.errors import Code
from infra.local.vertex.jobs import Failure, Job

_IMPORT = "Failed to import data. Please check 'Prepare input' section of the batch predictions documentation."
_SYSTEM = "System error. Please try this operation again."
_EXPORT = "Failed to export data. Error encountered during execution. Retrying may solve the problem."

CANCELED = Failure(Code.CANCELLED.number, "CANCELED")
SYSTEM_ERROR = Failure(Code.INTERNAL.number, _SYSTEM)
EXPORT_FAILED = Failure(Code.INTERNAL.number, _EXPORT)


def import_failed(detail: str) -> Failure:
    """The importer refused the input; `detail` is what BigQuery would say of it."""
    return Failure(Code.INVALID_ARGUMENT.number, f"{_IMPORT} {detail}")


def bucket_unknown(bucket: str) -> Failure:
    """A bucket that does not exist, or that Vertex's service agent cannot see."""
    return Failure(
        Code.FAILED_PRECONDITION.number,
        f"Failed to get GCS bucket location for {bucket}."
        " Please check that the bucket exists and permissions are set correctly.",
    )


def access_denied(project_number: str, permission: str, doing: str) -> Failure:
    """The service agent may not read the input, or write the predictions: `doing` is such as `write gs://b/o`."""
    return Failure(
        Code.PERMISSION_DENIED.number,
        f"Service account service-{project_number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
        f' doesn\'t have sufficient permission "{permission}" to {doing}.',
    )


def usual(code: int, job: Job) -> str:
    """What a job says that ends with a code, where a fault does not name other words."""
    match code:
        case Code.CANCELLED.number:
            return CANCELED.message
        case Code.INVALID_ARGUMENT.number:
            return _IMPORT
        case Code.PERMISSION_DENIED.number:
            uri = f"{job.output_directory or job.spec.output_prefix.rstrip('/')}/predictions.jsonl"
            return access_denied(job.name.split("/")[1], "storage.objects.create", f"write {uri}").message
        case Code.FAILED_PRECONDITION.number:
            return bucket_unknown(job.spec.input_uris[0].removeprefix("gs://").partition("/")[0]).message
        case Code.INTERNAL.number:
            return _SYSTEM
        case _:
            return f"The operation ended with code {code}."
