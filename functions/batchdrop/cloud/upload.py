"""One resumable upload, which makes its object at the end or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from google.api_core.retry import Retry
from google.cloud.storage import Blob

from batchdrop.cloud.failures import passing
from batchdrop.domain.errors import Transient


class Upload:
    """A sink for one object's bytes, over the client's file-like writer."""

    def __init__(self, blob: Blob, content_type: str, chunk: int, retry: Retry) -> None:
        """Open it; the first request goes out with the first full chunk."""
        self._what = f"upload of gs://{blob.bucket.name}/{blob.name}"
        self._writer = blob.open("wb", chunk_size=chunk, content_type=content_type, retry=retry)

    def write(self, data: bytes) -> object:
        """Append bytes."""
        with _taken(self._what):
            return self._writer.write(data)

    def finish(self) -> None:
        """Make the object.

        Raises:
            Transient: it may or may not be there.
        """
        with _taken(self._what):
            self._writer.close()
        upload, _ = self._writer._upload_and_transport  # noqa: SLF001  # close() does not look whether it was taken
        if not upload.finished:
            raise Transient(f"The last bytes of the {self._what} were not taken")

    def abandon(self) -> None:
        """See to it that no object appears. A session that cannot be ended now expires after a week."""
        buffer = self._writer._buffer  # noqa: SLF001  # left open, the writer would finish the upload in __del__
        with suppress(Transient), passing(self._what):
            self._writer.terminate()
        buffer.close()


@contextmanager
def _taken(what: str) -> Iterator[None]:
    try:
        with passing(what):
            yield
    except ValueError as error:
        # The library's way to say that the server took less of a chunk than was sent.
        raise Transient(f"The {what} fell out of step with the server") from error
