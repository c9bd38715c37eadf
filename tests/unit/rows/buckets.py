"""Buckets that the rows of tests may point into."""

from batchdrop.rows.media_buckets import MediaBuckets

BUCKETS = MediaBuckets(frozenset({"b", "bucket"}))
