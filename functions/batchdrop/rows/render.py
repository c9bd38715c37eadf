"""The requests that a prompt makes of rows."""

from collections.abc import Mapping
from typing import Any

import orjson

from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import Layout
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.fingerprint import fingerprint
from batchdrop.rows.form import Form
from batchdrop.rows.frame import frame_of
from batchdrop.rows.inputs import Inputs
from batchdrop.rows.media import render_problem
from batchdrop.rows.media_buckets import NO_BUCKETS, MediaBuckets
from batchdrop.rows.messages import check
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.prompt import Prompt
from batchdrop.rows.requests import check_size, request_line
from batchdrop.rows.slots import Irregular, Known
from batchdrop.rows.template import Template
from batchdrop.rows.values import Request


class Renderer:
    """Renders the request of each row in full. Compiles the template once. Media may lie in `buckets`."""

    def __init__(self, prompt: Prompt, buckets: MediaBuckets = NO_BUCKETS) -> None:
        self._buckets = buckets
        self.template = Template(prompt.template)
        self._defaults = prompt.defaults
        self._needed = prompt.needed
        self._rest = prompt.rest

    def render(self, row: Mapping[str, object]) -> dict[str, Any]:
        """Make the `request` object of one row, with nothing empty in it.

        Raises:
            RowProblem: this row gives no request that could be sent.
        """
        for name in self._needed:
            if name not in row:
                hint = "Give it, or say what stands for it: input.default, or {{#if}} around it."
                raise render_problem("MISSING_FIELD", "The row lacks a field that the template inserts.", hint, name)
        messages = self.template.messages({**self._defaults, **row}, self._buckets)
        check(messages, lambda part: "text" in part)
        system = [part for message in messages if message.role == "system" for part in message.parts]
        contents = [{"role": turn.role, "parts": turn.parts} for turn in messages if turn.role != "system"]
        instruction = {"systemInstruction": {"parts": system}} if system else {}
        return {"contents": contents, **instruction, **self._rest}


class PromptRequests:
    """Makes the request of each row of an input.

    What is the same for all rows is rendered and written once, the rest is filled in. Rows that this cannot serve,
    because they leave out a turn or a medium, or because roles or media stand in blocks, are rendered in full.
    Media may lie in `buckets`.
    """

    def __init__(self, prompt: Prompt, layout: Layout, buckets: MediaBuckets = NO_BUCKETS) -> None:
        self._renderer = Renderer(prompt, buckets)
        self._signature = prompt.signature
        inputs = Inputs(prompt.input_schema, prompt.defaults, layout)
        self._take = inputs.take
        self._unsure = prompt.needed - inputs.sure
        frame = frame_of(self._renderer.template.nodes, Known(inputs.sure | prompt.needed, inputs.texts), buckets)
        self._form = None if frame is None else Form(frame, prompt.rest)

    def make(self, key: RowKey, value: Mapping[str, object]) -> Request:
        """Make the request line of one row.

        Raises:
            RowProblem: this row gives no request that could be sent.
        """
        row = value if self._take is None else self._take(value)
        form = self._form
        if form is None or (self._unsure and not self._unsure <= row.keys()):
            return self._in_full(key, row)
        try:
            line, said = form.fill(key, row)
        except (Irregular, RowProblem, KeyError, TypeError, ValueError, RecursionError):
            return self._in_full(key, row)
        if len(line) > REQUEST_BYTES:
            raise _too_large(line)
        return Request(line=line, fingerprint=said, signature=self._signature)

    def _in_full(self, key: RowKey, row: Mapping[str, object]) -> Request:
        request = self._renderer.render(row)
        try:
            line = request_line(key, request)
        except orjson.JSONEncodeError:
            hint = "Take lone surrogates out of its texts."
            raise render_problem("NOT_UNICODE", "The row's values are not all Unicode text.", hint) from None
        if len(line) > REQUEST_BYTES:
            raise _too_large(line)
        return Request(line=line, fingerprint=fingerprint(request), signature=self._signature)


def _too_large(line: bytes) -> RowProblem:
    problem = check_size(line)
    if problem is None:
        raise AssertionError("only what is too large comes here")
    return RowProblem(problem)
