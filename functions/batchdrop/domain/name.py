"""A name: which generation of an input name is the newest known, and which job answers for it."""

from batchdrop.domain.ids import Generation, JobId, name_id
from batchdrop.domain.refs import Document, Ref


class Name(Document, frozen=True, kw_only=True):
    """Newest known generation of one input name. `job` may stem from an older one with the same bytes."""

    bucket: str
    name: str
    generation: Generation
    job: JobId


def name_ref(bucket: str, name: str) -> Ref[Name]:
    """Where a name's document lives."""
    return Ref(f"names/{name_id(bucket, name)}", Name)
