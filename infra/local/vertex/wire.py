"""A job as REST JSON."""

import re
from datetime import datetime
from typing import Any

from infra.local.vertex.jobs import Job, Stats

_MODEL_VERSION = "1"
_SNAKE = re.compile(r"_([a-z0-9])")


def job_json(job: Job, *, numeric_enums: bool) -> dict[str, Any]:
    """A `BatchPredictionJob`: unset fields are absent, int64 are strings, the state a number only if asked for."""
    fields: dict[str, Any] = {
        "name": job.name,
        **job.spec.body,
        "modelVersionId": _MODEL_VERSION,
        "state": job.state.value if numeric_enums else job.state.name,
        "createTime": timestamp(job.created),
        "startTime": timestamp(job.started) if job.started else None,
        "endTime": timestamp(job.ended) if job.ended else None,
        "updateTime": timestamp(job.updated),
        "completionStats": _stats(job.stats) if job.stats else None,
        "outputInfo": {"gcsOutputDirectory": job.output_directory} if job.output_directory else None,
        "error": {"code": job.error.code, "message": job.error.message} if job.error else None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def timestamp(moment: datetime) -> str:
    """A protobuf `Timestamp` in JSON, to the microsecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _stats(stats: Stats) -> dict[str, str]:
    counts = {
        "successfulCount": stats.successful,
        "failedCount": stats.failed,
        "incompleteCount": stats.incomplete,
    }
    return {name: str(count) for name, count in counts.items() if count}


def masked(body: dict[str, Any], mask: str) -> dict[str, Any]:
    """Only the fields that a `readMask` names, such as `name,state`; all if it is empty."""
    if not mask:
        return body
    named = {camel(path.strip().partition(".")[0]) for path in mask.split(",")}
    return {key: value for key, value in body.items() if key in named}


def camel(name: str) -> str:
    """A field's name in JSON: `displayName` for `display_name`."""
    return _SNAKE.sub(lambda match: match[1].upper(), name)
