"""Refusals in the shape of Google's JSON API."""

from infra.local.storage.model import BucketName, Json, Ref


class ApiError(Exception):
    """A refused request: HTTP status, Google's reason word, message, extra response headers."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        detail: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}
        self._entry = {"message": message, "domain": "global", "reason": reason, **(detail or {})}

    def body(self) -> Json:
        """The error document, `{"error": {"code", "message", "errors": [...]}}`."""
        return {"error": {"code": self.status, "message": self.message, "errors": [self._entry]}}


def no_such_object(ref: Ref) -> ApiError:
    """404: neither live nor, if a generation was named, kept."""
    return ApiError(404, "notFound", f"No such object: {ref.bucket}/{ref.name}")


def no_such_bucket(_bucket: BucketName) -> ApiError:
    """404 for anything in a bucket that was never created."""
    return ApiError(404, "notFound", "The specified bucket does not exist.")


def no_such_upload() -> ApiError:
    """404: the session never was, was cancelled, or failed for good; the client starts a new one."""
    return ApiError(404, "notFound", "No such upload session. Start the upload again.")


def bucket_exists() -> ApiError:
    """409: one owner creates a bucket twice."""
    message = "Your previous request to create the named bucket succeeded and you already own it."
    return ApiError(409, "conflict", message)


def bucket_not_empty() -> ApiError:
    """409: live or noncurrent objects are left."""
    return ApiError(409, "conflict", "The bucket you tried to delete is not empty.")


def precondition_failed() -> ApiError:
    """412: an `if…Match` did not hold."""
    message = "At least one of the pre-conditions you specified did not hold."
    return ApiError(412, "conditionNotMet", message, detail={"locationType": "header", "location": "If-Match"})


def not_modified() -> ApiError:
    """304: a read whose `if…NotMatch` did not hold. It has no body."""
    return ApiError(304, "notModified", "Not Modified")


def range_not_satisfiable(size: int) -> ApiError:
    """416: the range begins past the end of `size` bytes."""
    return ApiError(
        416,
        "requestedRangeNotSatisfiable",
        "Request range not satisfiable",
        headers={"Content-Range": f"bytes */{size}"},
    )


def invalid(message: str) -> ApiError:
    """400: the request can never succeed as it is."""
    return ApiError(400, "invalid", message)


def required(what: str) -> ApiError:
    """400: something is missing."""
    return ApiError(400, "required", f"Required: {what}")


def unsupported(what: str) -> ApiError:
    """501: the cloud can do this and the stand-in cannot; better refused than silently ignored."""
    return ApiError(501, "notImplemented", f"The storage stand-in does not implement {what}.")
