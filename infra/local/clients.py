"""Google's own clients, pointed at the local stack. They take nothing from the environment but what is said here."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.transport.requests import AuthorizedSession
from requests import Session

if TYPE_CHECKING:
    from google.cloud.firestore import Client as FirestoreClient
    from google.cloud.storage import Client as StorageClient

_EMULATOR = "FIRESTORE_EMULATOR_HOST"
_anonymous: Callable[[], Credentials] = AnonymousCredentials
_session: Callable[[Credentials], Session] = AuthorizedSession
_environment_lock = threading.Lock()


def storage_client(url: str, project: str) -> "StorageClient":
    """Make a client of the storage stand-in at `url`, which bypasses any proxy."""
    from google.cloud.storage import Client  # noqa: PLC0415  # half a second that the stack's start can do without

    nobody = _anonymous()
    session = _session(nobody)
    session.trust_env = False
    options = {"api_endpoint": url}
    return Client(project=project, credentials=nobody, client_options=options, _http=session)


def firestore_client(host: str, project: str, database: str) -> "FirestoreClient":
    """Make a client of a database on the emulator at `host`, `address:port`."""
    from google.cloud.firestore import Client  # noqa: PLC0415  # as above

    with _emulator(host):
        return Client(project=project, database=database)


@contextmanager
def _emulator(host: str) -> Iterator[None]:
    """Set the one variable from which the client learns of an emulator, while it is made."""
    with _environment_lock:
        before = os.environ.get(_EMULATOR)
        os.environ[_EMULATOR] = host
        try:
            yield
        finally:
            if before is None:
                del os.environ[_EMULATOR]
            else:
                os.environ[_EMULATOR] = before
