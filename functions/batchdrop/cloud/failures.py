"""Which failures of Google's HTTP clients pass by themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import requests
import urllib3
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import TransportError
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

from batchdrop.domain.errors import Transient

_BROKEN_OFF = (
    RetryError,
    TransportError,
    DataCorruption,
    ConnectionError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
)


@contextmanager
def passing(what: str) -> Iterator[None]:
    """Turn lost connections, time-outs, 408, 429 and 5xx into Transient; `what` was being done."""
    try:
        yield
    except (*_BROKEN_OFF, GoogleAPICallError, InvalidResponse) as error:
        if not _passes(error):
            raise
        raise Transient(f"No answer to the {what}: {error}") from error


def _passes(error: Exception) -> bool:
    if isinstance(error, _BROKEN_OFF):
        return True
    status = error.response.status_code if isinstance(error, InvalidResponse) else getattr(error, "code", None)
    if not isinstance(status, int):
        return False
    in_passing = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return status in in_passing or status >= HTTPStatus.INTERNAL_SERVER_ERROR
