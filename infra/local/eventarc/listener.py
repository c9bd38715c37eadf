"""Watches all collections named `items`, and tells of each document that was created.

A creation is a name with a creation time not seen before: a document deleted and created again between two looks
is one too. After a broken connection all that stands is told of again.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport
from google.cloud.firestore_v1.types import (
    ListenRequest,
    ListenResponse,
    StructuredQuery,
    Target,
    TargetChange,
)

from infra.local.eventarc.delivery import Report
from infra.local.eventarc.events import Database

if TYPE_CHECKING:
    from collections.abc import Iterable

_COLLECTION = "items"
_RETRY_SECONDS = 0.5
_OPTIONS = (("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1))

Created = Callable[[str, bytes, datetime], None]
"""Takes the document's path in the database, the serialised document and its creation time."""


class CreationListener:
    """Listens on the emulator at `host`, in a thread of its own."""

    def __init__(self, host: str, database: Database, tell: Created, report: Report) -> None:
        self._root = f"projects/{database.project}/databases/{database.name}/documents"
        self._tell = tell
        self._report = report
        self._channel = grpc.insecure_channel(host, options=_OPTIONS)
        self._client = FirestoreClient(transport=FirestoreGrpcTransport(channel=self._channel))
        self._stopped = threading.Event()
        self._current = threading.Event()
        self._requests: queue.Queue[ListenRequest | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="eventarc-firestore", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait until all that stood at the start has been told of."""
        return self._current.wait(seconds)

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        self._requests.put(None)
        self._channel.close()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            # ValueError is what a closed channel raises.
            except (
                GoogleAPICallError,
                grpc.RpcError,
                ConnectionError,
                ValueError,
            ) as error:
                if not self._stopped.is_set():
                    self._report(f"firestore listener: {type(error).__name__}: {error}; connecting again")
            self._stopped.wait(_RETRY_SECONDS)

    def _listen(self) -> None:
        self._requests = queue.Queue()
        self._requests.put(self._target())
        metadata = [("google-cloud-resource-prefix", self._root.removesuffix("/documents"))]
        responses: Iterable[ListenResponse] = self._client.listen(
            requests=self._outgoing(self._requests), retry=None, metadata=metadata
        )
        seen: dict[str, tuple[int, int]] = {}
        for response in responses:
            self._take(ListenResponse.pb(response), seen)

    def _outgoing(self, requests: "queue.Queue[ListenRequest | None]") -> Iterator[ListenRequest]:
        """The stream stays open as long as this does not end."""
        while (request := requests.get()) is not None:
            yield request

    def _target(self) -> ListenRequest:
        everywhere = StructuredQuery.CollectionSelector(collection_id=_COLLECTION, all_descendants=True)
        query = Target.QueryTarget(parent=self._root, structured_query=StructuredQuery(from_=[everywhere]))
        return ListenRequest(
            database=self._root.removesuffix("/documents"), add_target=Target(query=query, target_id=1)
        )

    def _take(self, response: Any, seen: dict[str, tuple[int, int]]) -> None:  # a protobuf message
        change = response.WhichOneof("response_type")
        if change == "document_change" and response.document_change.target_ids:
            self._take_document(response.document_change.document, seen)
        elif change == "document_delete":
            seen.pop(response.document_delete.document, None)
        elif change == "document_remove":
            seen.pop(response.document_remove.document, None)
        elif change == "target_change":
            self._take_target(response.target_change.target_change_type)

    def _take_document(self, document: Any, seen: dict[str, tuple[int, int]]) -> None:  # as above
        created = (document.create_time.seconds, document.create_time.nanos)
        if seen.get(document.name) == created:
            return
        seen[document.name] = created
        path = document.name.removeprefix(self._root + "/")
        self._tell(path, document.SerializeToString(), document.create_time.ToDatetime(tzinfo=UTC))

    def _take_target(self, change: int) -> None:
        if change == TargetChange.TargetChangeType.CURRENT:
            self._current.set()
        elif change == TargetChange.TargetChangeType.REMOVE:
            raise ConnectionError("the emulator removed the target")
