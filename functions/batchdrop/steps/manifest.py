"""The manifest: what a job was, what became of its rows, and where the files are."""

from datetime import datetime

import msgspec

from batchdrop.domain.job import Job
from batchdrop.domain.shard import Shard, Tally
from batchdrop.domain.states import JobState, ShardState
from batchdrop.domain.usage import Spent, add_spent, used
from batchdrop.steps.cost import budget_report, cost_report, dedupe_report, estimate_report

SCHEMA_VERSION = 1


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of the output. `name` is its object in the output bucket, `crc32c` base64 as Cloud Storage gives it."""

    name: str
    bytes: int
    crc32c: str
    rows: int | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The sum over a job's shards. `rows = results + errors + not_asked`, or the job does not close."""

    rows: int = 0
    results: int = 0
    errors: int = 0
    invalid: int = 0
    not_asked: int = 0
    unread_shards: int = 0
    shards: int = 0
    twins: int = 0
    attempts: int = 0
    tally: Tally = Tally()
    spent: tuple[Spent, ...] = ()
    saved: tuple[Spent, ...] = ()
    vertex_jobs: tuple[str, ...] = ()


def add_shard(account: Account, shard: Shard) -> Account:
    """Add a shard to the account. A cancelled job's shards have no part: all their rows were let go."""
    part = shard.part
    results, errors = (part.result_rows, part.error_rows) if part is not None else (0, 0)
    return Account(
        rows=account.rows + shard.rows,
        results=account.results + results,
        errors=account.errors + errors,
        invalid=account.invalid + shard.invalid,
        not_asked=account.not_asked + (shard.rows - results - errors),
        unread_shards=account.unread_shards + (shard.state is ShardState.PLANNED),
        shards=account.shards + 1,
        twins=account.twins + shard.twins,
        attempts=max(account.attempts, *(lot.attempt for lot in shard.lots), 0),
        tally=account.tally + shard.tally,
        spent=add_spent(account.spent, shard.spent),
        saved=add_spent(account.saved, shard.saved),
        vertex_jobs=account.vertex_jobs,
    )


def manifest(job: Job, outcome: JobState, account: Account, files: tuple[File, ...], now: datetime) -> bytes:
    """Write the manifest as indented JSON."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "job": job.id,
        "state": outcome,
        "reason": job.reason,
        "warnings": job.warnings,
        "input": {
            "bucket": job.input.bucket,
            "name": job.input.name,
            "generation": str(job.input.generation),
            "bytes": job.input.size,
            "crc32c": job.input.crc32c,
            "format": job.layout.format if job.layout is not None else None,
        },
        "prompt": None if job.prompt is None else {"name": job.prompt.name, "generation": str(job.prompt.generation)},
        "model": job.model or None,
        "counts": {
            "rows": account.rows,
            "results": account.results,
            "errors": account.errors,
            "not_asked": account.not_asked,
            "invalid": account.invalid,
            "unread_shards": account.unread_shards,
            "retried": account.tally.retried,
            "duplicate_answers": account.tally.duplicates,
            "unknown_echoes": account.tally.unknown_echoes,
            "foreign_answers": account.tally.foreign,
            "rekeyed_answers": account.tally.rekeyed,
            "lenient_answers": account.tally.lenient,
            "refused_answers": account.tally.refused,
            "misfit_answers": account.tally.misfits,
        },
        "canary": job.canary,
        "budget": budget_report(job),
        "tokens": used(account.spent),
        "cost": cost_report(job, account.spent, account.tally.unreported),
        "estimate": estimate_report(job, account.spent),
        "saved_by_dedupe": dedupe_report(job, account.twins, account.saved),
        "attempts": account.attempts,
        "submissions": len(account.vertex_jobs),
        "vertex_jobs": account.vertex_jobs,
        "times": dict(sorted((job.times | {"finished": now}).items(), key=lambda item: item[1])),
        "files": files,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
