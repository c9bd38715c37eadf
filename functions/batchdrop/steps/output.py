"""The files of a job's output: composed in `work`, where the parts lie, then copied to `output`."""

from collections.abc import Iterable

import msgspec

from batchdrop.domain.job import InputFormat, Job, OutputFormat
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.shard import Part
from batchdrop.rows.results import failed_header
from batchdrop.steps.compose import compose_all
from batchdrop.steps.context import Context
from batchdrop.steps.lots import JSON_LINES
from batchdrop.steps.manifest import File
from batchdrop.steps.parts import format_of, layout_of
from batchdrop.steps.prompts import read_prompt

_CSV = "text/csv; charset=utf-8"


def write_files(context: Context, job: Job, parts: list[Part]) -> tuple[File, ...]:
    """Write results, errors, failed records and the prompt that was used; each only where there is something.

    Raises:
        ObjectGone: a part is not there any more.
    """
    return (*_row_files(context, job, parts), *_prompt_file(context, job))


class _Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A file of rows to be composed: a header, perhaps, and the shards' parts."""

    name: str
    kind: str
    header: bytes
    parts: list[str]
    rows: int


def _row_files(context: Context, job: Job, parts: list[Part]) -> Iterable[File]:
    return [_compose(context, job, sheet) for sheet in _sheets(job, parts) if sheet.rows] if parts else []


def _sheets(job: Job, parts: list[Part]) -> tuple[_Sheet, ...]:
    layout = layout_of(job)
    results, results_kind = _named("results", is_csv=job.output_format is OutputFormat.CSV)
    failed, failed_kind = _named("failed", is_csv=layout.format is InputFormat.CSV)
    result_rows = sum(part.result_rows for part in parts)
    error_rows = sum(part.error_rows for part in parts)
    return (
        _Sheet(
            name=results,
            kind=results_kind,
            header=format_of(job).header(),
            parts=[part.results for part in parts],
            rows=result_rows,
        ),
        _Sheet(
            name="errors.jsonl",
            kind=JSON_LINES,
            header=b"",
            parts=[part.errors for part in parts],
            rows=error_rows,
        ),
        _Sheet(
            name=failed,
            kind=failed_kind,
            header=failed_header(layout),
            parts=[part.failed for part in parts],
            rows=error_rows,
        ),
    )


def _named(stem: str, *, is_csv: bool) -> tuple[str, str]:
    return (f"{stem}.csv", _CSV) if is_csv else (f"{stem}.jsonl", JSON_LINES)


def _compose(context: Context, job: Job, sheet: _Sheet) -> File:
    folder = f"jobs/{job.id}/output/{context.tokens.fresh()}"
    sources = [part for part in sheet.parts if part]
    if sheet.header:
        sources.insert(0, _write(context, f"{folder}/{sheet.name}.header", sheet.header, sheet.kind))
    composed = f"{folder}/{sheet.name}"
    compose_all(context, composed, sources, sheet.kind)
    settings = context.settings
    written = context.objects.rewrite(
        settings.work_bucket, composed, settings.output_bucket, f"{_folder(job)}/{sheet.name}", sheet.kind
    )
    return _file(written, sheet.rows)


def _prompt_file(context: Context, job: Job) -> Iterable[File]:
    if job.prompt is None:
        return
    source = read_prompt(context, job.prompt).source
    name = f"{_folder(job)}/job.prompt"
    bucket = context.settings.output_bucket
    with context.objects.write(bucket, name, "text/plain; charset=utf-8") as writer:
        writer.write(source)
    written = context.objects.stat(bucket, name)
    if written is not None:
        yield _file(written, None)


def _write(context: Context, name: str, data: bytes, kind: str) -> str:
    with context.objects.write(context.settings.work_bucket, name, kind) as writer:
        writer.write(data)
    return name


def _folder(job: Job) -> str:
    return f"{job.input.name}/{job.input.generation}"


def _file(written: ObjectInfo, rows: int | None) -> File:
    return File(name=written.name, bytes=written.size, crc32c=written.crc32c, rows=rows)
