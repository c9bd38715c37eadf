"""The files of a job's output: composed in `work`, where the parts lie, then copied to `output`, all in storage."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from batchdrop.domain.job import InputFormat, Job, OutputFormat
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.shard import Part
from batchdrop.rows.failures import failed_header
from batchdrop.rows.results import Lines
from batchdrop.steps.compose import compose_all
from batchdrop.steps.context import Context
from batchdrop.steps.lots import JSON_LINES
from batchdrop.steps.manifest import File
from batchdrop.steps.prompts import read_prompt
from batchdrop.steps.sinks import format_of, layout_of

_CSV = "text/csv; charset=utf-8"
_PARQUET = "application/vnd.apache.parquet"


Check = Callable[[], None]
"""Raises TimeIsUp once the run has used its time."""


def write_files(context: Context, job: Job, parts: list[Part], check: Check) -> tuple[File, ...]:
    """Write results, errors, failed records and the prompt that was used; each only where there is something.

    Raises:
        ObjectGone: a part is not there any more.
        TimeIsUp: what is copied stays, and need not be copied again.
    """
    sheets = [sheet for sheet in _sheets(job, parts) if sheet.parts] if parts else []
    files = [file for sheet in sheets for file in _write_sheet(context, job, sheet, check)]
    return (*files, *_prompt_file(context, job))


class _Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A table of rows: objects of `work`, each with its number of rows, to become one file `stem.kind`.

    Parquet files cannot be composed, so such a table is a folder of them.
    """

    stem: str
    kind: OutputFormat
    parts: list[tuple[str, int]]
    header: bytes = b""

    @property
    def name(self) -> str:
        return f"{self.stem}.{self.kind}"

    @property
    def content_type(self) -> str:
        return {OutputFormat.CSV: _CSV, OutputFormat.JSONL: JSON_LINES, OutputFormat.PARQUET: _PARQUET}[self.kind]


def _sheets(job: Job, parts: list[Part]) -> tuple[_Sheet, ...]:
    layout, output = layout_of(job), job.output_format
    return (
        _Sheet(
            stem="results",
            kind=output,
            parts=[(part.results, part.result_rows) for part in parts if part.results],
            header=b"" if output is OutputFormat.PARQUET else Lines(format_of(job)).header,
        ),
        _Sheet(
            stem="errors",
            kind=OutputFormat.JSONL,
            parts=[(part.errors, part.error_rows) for part in parts if part.errors],
        ),
        _Sheet(
            stem="failed",
            kind=_own_format(layout.format),
            parts=[(part.failed, part.failed_rows) for part in parts if part.failed],
            header=failed_header(layout),
        ),
    )


def _own_format(found: InputFormat) -> OutputFormat:
    match found:
        case InputFormat.CSV:
            return OutputFormat.CSV
        case InputFormat.PARQUET:
            return OutputFormat.PARQUET
        case _:
            return OutputFormat.JSONL


def _write_sheet(context: Context, job: Job, sheet: _Sheet, check: Check) -> Iterable[File]:
    if sheet.kind is OutputFormat.PARQUET:
        return _write_folder(context, job, sheet, check)
    return [_compose(context, job, sheet)]


def _write_folder(context: Context, job: Job, sheet: _Sheet, check: Check) -> Iterator[File]:
    """Copy the parts, but not those that an earlier run has copied: the same part is the same bytes."""
    output = context.settings.output_bucket
    folder = f"{_folder(job)}/{sheet.name}"
    standing = {info.name: info for info in context.objects.list(output, f"{folder}/")}
    for number, (part, rows) in enumerate(sheet.parts):
        name = f"{folder}/part-{number:05d}.parquet"
        written = standing.get(name)
        if written is None:
            written = _copy(context, part, name, sheet.content_type)
            check()
        yield _file(written, rows)


def _compose(context: Context, job: Job, sheet: _Sheet) -> File:
    folder = f"jobs/{job.id}/output/{context.tokens.fresh()}"
    sources = [part for part, _ in sheet.parts]
    if sheet.header:
        sources.insert(0, _write(context, f"{folder}/{sheet.name}.header", sheet.header, sheet.content_type))
    whole = sources[0]
    if len(sources) > 1:
        whole = f"{folder}/{sheet.name}"
        compose_all(context, whole, sources, sheet.content_type)
    written = _copy(context, whole, f"{_folder(job)}/{sheet.name}", sheet.content_type)
    return _file(written, sum(rows for _, rows in sheet.parts))


def _copy(context: Context, source: str, name: str, content_type: str) -> ObjectInfo:
    settings = context.settings
    return context.objects.rewrite(settings.work_bucket, source, settings.output_bucket, name, content_type)


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
