"""Reading a request's path, query and headers; what the stand-in cannot honour is refused."""

import re
from collections.abc import Mapping

from infra.local.storage.errors import invalid, required, unsupported
from infra.local.storage.listing import Query
from infra.local.storage.model import (
    MAX_PAGE,
    BucketName,
    Conditions,
    Generation,
    ObjectName,
    Ref,
)

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_MAX_NAME_BYTES = 1024
_UNSUPPORTED = ("matchGlob", "softDeleted", "includeTrailingDelimiter", "filter", "rewriteToken")


class Parameters:
    """The query of a request. Names are compared without case: clients spell some of them differently."""

    def __init__(self, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        self._query = {name.lower(): value for name, value in query.items()}
        self._headers = headers
        for name in _UNSUPPORTED:
            if self.text(name) not in (None, "", "false"):
                raise unsupported(f"the parameter {name}")
        if "x-goog-encryption-algorithm" in headers:
            raise unsupported("customer-supplied encryption keys")

    def text(self, name: str) -> str | None:
        """The value as it came."""
        return self._query.get(name.lower())

    def integer(self, name: str) -> int | None:
        """The value as a number; 400 if it is none."""
        text = self.text(name)
        try:
            return None if text is None else int(text)
        except ValueError as error:
            raise invalid(f"Invalid value for {name}: a number is expected.") from error

    def flag(self, name: str) -> bool:
        """Whether the value is true."""
        return (self.text(name) or "").lower() == "true"

    def generation(self, name: str = "generation") -> Generation | None:
        """A generation number."""
        value = self.integer(name)
        return None if value is None else Generation(value)

    def conditions(self, subject: str = "") -> Conditions:
        """The preconditions on the target, or with `Source` on the source."""
        return Conditions(
            generation_match=self.integer(f"if{subject}GenerationMatch"),
            generation_not_match=self.integer(f"if{subject}GenerationNotMatch"),
            metageneration_match=self.integer(f"if{subject}MetagenerationMatch"),
            metageneration_not_match=self.integer(f"if{subject}MetagenerationNotMatch"),
            etag_match=None if subject else self._headers.get("if-match"),
            etag_not_match=None if subject else self._headers.get("if-none-match"),
        )

    def listing(self) -> Query:
        """What to list."""
        limit = self.integer("maxResults")
        if limit is not None and limit < 1:
            raise invalid("maxResults must be at least 1.")
        return Query(
            prefix=self.text("prefix") or "",
            delimiter=self.text("delimiter") or "",
            start=self.text("startOffset") or "",
            end=self.text("endOffset") or None,
            noncurrent=self.flag("versions"),
            limit=min(limit or MAX_PAGE, MAX_PAGE),
            token=self.text("pageToken") or None,
        )


def target(bucket: str, name: str) -> Ref:
    """The object of that name; 400 for names that the cloud refuses."""
    if not name:
        raise required("name")
    if len(name.encode(errors="replace")) > _MAX_NAME_BYTES:
        raise invalid(f"The object name is longer than {_MAX_NAME_BYTES} bytes in UTF-8.")
    if name in (".", "..") or "\r" in name or "\n" in name or not _is_unicode(name):
        raise invalid("The object name is not valid.")
    return Ref(BucketName(bucket), ObjectName(name))


def bucket_name(name: object) -> BucketName:
    """A bucket name that the cloud would accept."""
    if not isinstance(name, str) or not name:
        raise required("name")
    if not _BUCKET.fullmatch(name):
        raise invalid(f"Invalid bucket name: '{name}'")
    return BucketName(name)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
