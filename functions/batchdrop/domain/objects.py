"""Objects in Cloud Storage, as the steps speak of them."""

from datetime import datetime

import msgspec

from batchdrop.domain.ids import Generation


class ObjectInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of one generation of an object. `crc32c` is base64, as Cloud Storage gives it."""

    bucket: str
    name: str
    generation: Generation
    size: int
    crc32c: str
    content_type: str = ""
    content_encoding: str = ""
    created_at: datetime | None = None
