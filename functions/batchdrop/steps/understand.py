"""Understanding a job: how its input is written, with which prompt and which model it runs."""

from datetime import date
from decimal import Decimal

import msgspec

from batchdrop.domain.errors import ObjectGone, Refused
from batchdrop.domain.ids import ModelName, lane_id
from batchdrop.domain.job import InputFormat, Job, Layout, Options, PinnedPrompt
from batchdrop.domain.money import written
from batchdrop.domain.naming import CSV_SUFFIX, data_suffix
from batchdrop.domain.prices import Price
from batchdrop.domain.reasons import Code, Reason
from batchdrop.rows.cache_order import cache_order
from batchdrop.rows.prompt import Prompt, missing_columns
from batchdrop.rows.result_columns import answer_columns
from batchdrop.steps.context import Files
from batchdrop.steps.inputs import look_at
from batchdrop.steps.prices import find_price
from batchdrop.steps.prompts import find_prompt, read_prompt


def understand(context: Files, job: Job) -> Job | None:
    """Read the input's head and the prompt; None while there is no prompt. A packed Parquet file is unpacked before.

    Raises:
        Refused: the file or the prompt cannot be worked with.
        ObjectGone: the input was deleted.
    """
    info = job.input
    if context.objects.stat(info.bucket, info.name) is None:
        raise ObjectGone(info.name)
    pinned = find_prompt(context, info.bucket, info.name)
    prompt = None if pinned is None else read_prompt(context, pinned).prompt
    layout = _look(context, job, prompt)
    if layout is None or (pinned is None and layout.format is not InputFormat.VERTEX_JSONL):
        return None
    model = _model(context, prompt)
    found = find_price(context, info.bucket, model)
    understood = _with_prompt(job, layout, pinned, prompt)
    return msgspec.structs.replace(
        understood,
        model=model,
        lane=lane_id(model, context.settings.vertex_location),
        price=found.price,
        warnings=(*understood.warnings, *found.warnings, *_cache_warning(understood, layout, prompt, found.price)),
        layout=layout,
    )


def model_of(context: Files, prompt: Prompt | None) -> ModelName:
    """The model that a job with this prompt runs with; empty if neither the prompt nor this installation names one."""
    return (prompt.model if prompt is not None else ModelName("")) or context.settings.default_model


def _cache_warning(job: Job, layout: Layout, prompt: Prompt | None, price: Price | None) -> tuple[str, ...]:
    """Say what it costs that the prompt's fixed part comes after what differs from row to row, if it does."""
    if prompt is None or layout.format is InputFormat.VERTEX_JSONL:
        return ()
    order = cache_order(prompt.template)
    cheaper = "" if price is None else _cheaper_by(price, order.lost, job.created_at.date())
    if not order.lost or cheaper is None:
        return ()
    warning = (
        f"{order.behind:,} of the {order.beginning + order.behind:,} tokens that all rows share stand behind"
        f" {{{{{order.first}}}}}, where no implicit cache finds them{cheaper}."
        " Put what differs from row to row at the end of the template."
    )
    return (warning,)


def _cheaper_by(price: Price, tokens: int, on: date) -> str | None:
    """What so many tokens of each row would save in a cache; None if the model has none that saves anything."""
    terms = price.prices.terms(on, long=False)
    cached = terms.cached_rates
    saved = Decimal(0) if cached is None else (terms.batch_rates.input - cached[0]) * price.factor * tokens / 1_000
    if saved <= 0:
        return None
    return f", which costs up to {written(saved)} {price.currency} more for a thousand rows"


def _look(context: Files, job: Job, prompt: Prompt | None) -> Layout | None:
    """How the input is written; None where a prompt that is yet to come may say how to read its header."""
    try:
        return look_at(context, job, prompt.options if prompt is not None else Options())
    except Refused as refused:
        if prompt is None and refused.reason.code is Code.INPUT_HEADER and data_suffix(job.input.name) == CSV_SUFFIX:
            return None
        raise


def _with_prompt(job: Job, layout: Layout, pinned: PinnedPrompt | None, prompt: Prompt | None) -> Job:
    if layout.format is InputFormat.VERTEX_JSONL:
        unused = ("The prompt's template is not used: every line is a whole request.",)
        warnings = unused if prompt is not None and prompt.has_template else ()
        options = job.options if prompt is None else prompt.options
        return msgspec.structs.replace(job, prompt=pinned, options=options, warnings=warnings)
    if pinned is None or prompt is None:
        raise AssertionError("records are planned only with a prompt")
    _check_template(pinned, prompt, layout)
    columns = answer_columns(prompt.output_schema, layout.columns)
    return msgspec.structs.replace(job, prompt=pinned, options=prompt.options, answer_columns=columns)


def _check_template(pinned: PinnedPrompt, prompt: Prompt, layout: Layout) -> None:
    if not prompt.has_template:
        raise Refused(
            Reason(
                code=Code.PROMPT_INVALID,
                where=pinned.name,
                message=f"{pinned.name} has front matter only, but the input holds records, not requests.",
                hint="Write the template below the front matter, with {{column}} where a row's value goes.",
            )
        )
    missing = missing_columns(prompt, layout)
    if missing:
        raise Refused(
            Reason(
                code=Code.COLUMN_MISSING,
                where=pinned.name,
                message=f"The prompt needs {', '.join(missing)}; the input has {', '.join(layout.columns)}.",
                hint="Correct the name in the template or the header, or give a default under input.default.",
            )
        )


def _model(context: Files, prompt: Prompt | None) -> ModelName:
    model = model_of(context, prompt)
    if not model:
        raise Refused(
            Reason(
                code=Code.MODEL_MISSING,
                message="Neither the prompt nor this installation names a model.",
                hint="Write `model: gemini-...` into the prompt's front matter, or set DEFAULT_MODEL.",
            )
        )
    return model
