"""How far the jobs are, read from the documents that the service keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud.firestore import Client

ENDED = frozenset({"SUCCEEDED", "PARTIAL", "FAILED", "REJECTED", "CANCELLED"})
_RUNNING_BATCHES = frozenset({"SUBMITTING", "RUNNING"})

Stored = Mapping[str, Any]
"""A document's fields."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job at one moment. `invalid` rows are among `staged`; they are never asked, so never `answered`."""

    job: str
    name: str
    generation: int
    state: str
    staged: int = 0
    invalid: int = 0
    answered: int = 0
    batches: int = 0
    reason: str = ""

    @property
    def ended(self) -> bool:
        """Tell whether nothing will change any more."""
        return self.state in ENDED


def read_progress(client: "Client") -> list[JobProgress]:
    """Read how far all jobs of a database are, by input name and generation."""
    jobs = [found.to_dict() or {} for found in client.collection("jobs").stream()]
    batches = [found.to_dict() or {} for found in client.collection("batches").stream()]
    return sorted(
        (_progress(client, job, batches) for job in jobs), key=lambda progress: (progress.name, progress.generation)
    )


def _progress(client: "Client", job: Stored, batches: Iterable[Stored]) -> JobProgress:
    shards = client.collection(f"jobs/{job['id']}/shards").stream()
    return progress_of(job, [shard.to_dict() or {} for shard in shards], batches)


def progress_of(job: Stored, shards: Iterable[Stored], batches: Iterable[Stored]) -> JobProgress:
    """Sum up a job, its shards and the batches it rides on."""
    shards = list(shards)
    mine = [batch for batch in batches if job["id"] in batch["jobs"] and batch["state"] in _RUNNING_BATCHES]
    reason = job["reason"]
    return JobProgress(
        job=job["id"],
        name=job["input"]["name"],
        generation=int(job["input"]["generation"]),
        state=job["state"],
        staged=sum(shard["rows"] for shard in shards),
        invalid=sum(shard["invalid"] for shard in shards),
        answered=sum(shard["tally"]["results"] + shard["tally"]["errors"] for shard in shards),
        batches=len(mine),
        reason=f"{reason['message']} {reason['hint']}" if reason else "",
    )
