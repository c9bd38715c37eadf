"""What every operation works on, handed in from outside."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.local.storage.blobs import Blobs
from infra.local.storage.catalog import Catalog
from infra.local.storage.model import BlobId, Clock


@dataclass(frozen=True, slots=True)
class Shelf:
    """The catalog, the contents, the time and a source of fresh ids."""

    catalog: Catalog
    blobs: Blobs
    clock: Clock
    new_id: Callable[[], str]

    def new_blob(self) -> BlobId:
        """An id under which new bytes can be written."""
        return BlobId(self.new_id())
