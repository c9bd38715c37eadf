"""What can be done to buckets. Blocking; call from a thread."""

import msgspec

from infra.local.storage.errors import bucket_exists, bucket_not_empty, no_such_bucket
from infra.local.storage.model import Bucket, BucketName, Conditions, Json
from infra.local.storage.preconditions import require_metageneration
from infra.local.storage.resources import bucket_properties, merge
from infra.local.storage.shelf import Shelf


def create(shelf: Shelf, name: BucketName, resource: Json) -> Bucket:
    """A new, empty bucket; 409 if there is one."""
    now = shelf.clock()
    bucket = Bucket(name=name, metageneration=1, created=now, updated=now, properties=bucket_properties(resource))
    with shelf.catalog.changing():
        if shelf.catalog.bucket(name) is not None:
            raise bucket_exists()
        shelf.catalog.put_bucket(bucket)
    return bucket


def find(shelf: Shelf, name: BucketName) -> Bucket:
    """The bucket; 404 if there is none."""
    bucket = shelf.catalog.bucket(name)
    if bucket is None:
        raise no_such_bucket(name)
    return bucket


def patch(shelf: Shelf, name: BucketName, changes: Json, conditions: Conditions) -> Bucket:
    """Change what the client names, leave the rest."""
    with shelf.catalog.changing():
        before = find(shelf, name)
        require_metageneration(conditions, before.metageneration)
        after = msgspec.structs.replace(
            before,
            properties=merge(before.properties, bucket_properties(changes)),
            metageneration=before.metageneration + 1,
            updated=shelf.clock(),
        )
        shelf.catalog.put_bucket(after)
    return after


def delete(shelf: Shelf, name: BucketName) -> None:
    """Remove an empty bucket; 409 while any generation is left."""
    with shelf.catalog.changing():
        find(shelf, name)
        if shelf.catalog.has_objects(name):
            raise bucket_not_empty()
        shelf.catalog.drop_bucket(name)
