"""A report as text, and as JSON."""

from decimal import Decimal
from typing import Any

import msgspec
import orjson

from batchdrop.check.report import Outlook, Report, exit_code
from batchdrop.check.slices import Bad
from batchdrop.domain.estimate import Span
from batchdrop.domain.money import written
from batchdrop.steps.cost import forecast_report

_MOST_SAMPLE = 4_000
_VERDICTS = {
    Outlook.RUNS: "It would run, every row of it.",
    Outlook.RUNS_IN_PART: "It would run without its invalid rows, which would be errors.",
    Outlook.OVER_BUDGET: "It would not run by itself: it is over its budget.",
    Outlook.REJECTED: "It would be rejected.",
    Outlook.WAITING: "It would wait for a prompt.",
}


def bad_line(bad: Bad) -> str:
    """One bad row."""
    path = f" at {bad.problem.path}" if bad.problem.path else ""
    return f"line {bad.line}: {bad.problem.code}{path}: {bad.problem.message} {bad.problem.hint}"


def as_text(report: Report) -> str:
    """The whole report but for its bad rows, which are told as they are found."""
    lines = [*_facts(report), *(f"warning   {warning}" for warning in report.job.warnings)]
    if report.sample:
        lines.append(f"sample    {_sample(report)}")
    if report.reason is not None:
        where = f"{report.reason.where}:{report.reason.line or ''}:{report.reason.column or ''}: ".replace("::", ":")
        lines.append(f"reason    {where if report.reason.where else ''}{report.reason.message} {report.reason.hint}")
    lines.append(f"verdict   {_VERDICTS[report.outlook]}")
    return "\n".join(lines) + "\n"


def as_json(report: Report) -> bytes:
    """The whole report for scripts."""
    job = report.job
    content: dict[str, Any] = {
        "file": job.input.name,
        "outlook": report.outlook,
        "exit_code": exit_code(report.outlook),
        "reason": report.reason,
        "warnings": job.warnings,
        "format": None if job.layout is None else job.layout.format,
        "prompt": None if job.prompt is None else job.prompt.name,
        "model": job.model or None,
        "rows": report.rows,
        "invalid": report.invalid,
        "codes": report.codes,
        "errors": [{"line": bad.line, "row": bad.row + 1, **msgspec.to_builtins(bad.problem)} for bad in report.bad],
        "sample_request": orjson.loads(report.sample)["request"] if report.sample else None,
        "estimate": None if job.estimate is None else forecast_report(job.estimate),
        "max_cost_usd": job.options.max_cost_usd,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _facts(report: Report) -> list[str]:
    job = report.job
    if job.layout is None:
        return [f"file      {job.input.name}"]
    prompt = "no prompt" if job.prompt is None else f"prompt {job.prompt.name}"
    lines = [f"file      {job.input.name}: {job.layout.format}, {prompt}, model {job.model}"]
    if not report.rows:
        return lines
    most = f"; batch.max_invalid is {job.options.max_invalid}" if report.invalid else ""
    lines.append(f"rows      {report.rows:,}, {report.invalid:,} of them invalid{most}")
    lines += [f"          {count:,} {code}" for code, count in report.codes.items()]
    if job.estimate is not None:
        tokens, cost = job.estimate.tokens.all, job.estimate.cost
        lines += [f"input     {_span(tokens.input)} tokens", f"output    {_span(tokens.output)} tokens"]
        if cost is not None:
            low, expected, high = (_rounded(amount) for amount in (cost.low, cost.expected, cost.high))
            source = "" if job.price is None else f", by {job.price.source}"
            lines.append(f"price     {expected} {cost.currency} ({low} to {high}), batch{source}")
    if job.options.max_cost_usd is not None:
        lines.append(f"budget    {job.options.max_cost_usd} USD (batch.max_cost_usd)")
    return lines


def _span(tokens: Span) -> str:
    return f"{tokens.expected:,} ({tokens.low:,} to {tokens.high:,})"


def _rounded(amount: Decimal) -> str:
    """To four digits behind the point, and six where less is at stake."""
    return written(amount)[:-2] if amount >= 1 else written(amount)


def _sample(report: Report) -> str:
    request = msgspec.json.format(orjson.dumps(orjson.loads(report.sample)["request"]), indent=2).decode()
    if len(request) > _MOST_SAMPLE:
        request = f"{request[:_MOST_SAMPLE]} ... ({len(request):,} characters in all)"
    return request.replace("\n", "\n          ")
