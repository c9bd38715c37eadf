"""Which buckets rows may point into.

Vertex reads files with a service account of its own, so a row must not reach what whoever wrote it may not.
"""

import msgspec

from batchdrop.rows.values import Problem, Stage

ANY = "*"
"""Stands for all buckets."""

_PARTS = 4


class MediaBuckets(msgspec.Struct, frozen=True):
    """The names of the buckets; none unless told."""

    names: frozenset[str] = frozenset()

    def hold(self, uri: str) -> bool:
        """Tell whether a gs:// URI points into one of them."""
        parts = uri.split("/", 3)
        return len(parts) == _PARTS and parts[0] == "gs:" and (parts[2] in self.names or ANY in self.names)

    def refusal(self, stage: Stage, path: str) -> Problem:
        """The problem of a URI that points elsewhere."""
        allowed = ", ".join(sorted(self.names)) or "no bucket"
        return Problem(
            stage=stage,
            code="MEDIA_BUCKET",
            message="The file lies in a bucket that rows may not point into.",
            hint=f"Copy it into an allowed bucket ({allowed}), or have its bucket added to ALLOWED_MEDIA_BUCKETS.",
            path=path,
        )


NO_BUCKETS = MediaBuckets()
