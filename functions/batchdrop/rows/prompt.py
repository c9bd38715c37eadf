"""A prompt file, checked once, and the requests that it makes of rows."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from batchdrop.domain.ids import ModelName
from batchdrop.domain.job import InputFormat, Layout, Options
from batchdrop.rows.config import camel_case, generation_settings, is_known
from batchdrop.rows.frontmatter import FrontMatter, did_you_mean, parse_front_matter
from batchdrop.rows.media import render_problem
from batchdrop.rows.options import PREFIX, batch_options
from batchdrop.rows.reads import Reads, reads_of
from batchdrop.rows.requests import check_depth
from batchdrop.rows.sections import AnswerFormat, input_section, optional_names, output_section
from batchdrop.rows.tags import TagProblem
from batchdrop.rows.template import Template

MODEL_PREFIXES = ("googleai/", "vertexai/", "google/", "publishers/google/models/", "models/")

_MODEL = re.compile(r"[A-Za-z0-9][\w.@-]*|projects/[^/\s]+/locations/[^/\s]+/(?:models|endpoints)/[^/\s]+", re.ASCII)
_KEYS = ("model", "config", "input", "output", "name", "variant", "version", "description", "metadata", PREFIX)
_TOOLS = ("tools", "toolDefs")


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt file says, ready for use.

    `model` is empty where the file names none. `output_schema` and `input_schema` are JSON Schema without
    references, `response_schema` is Vertex's own. `columns` are the names of a row's values that the template
    reads, `needed` those that a row must have, as nothing in the prompt provides for their absence.
    """

    model: ModelName
    options: Options
    generation_config: dict[str, Any]
    safety_settings: list[dict[str, str]]
    output_schema: dict[str, Any] | None
    response_schema: dict[str, Any] | None
    input_schema: dict[str, Any] | None
    output_format: AnswerFormat
    has_template: bool
    columns: frozenset[str]
    needed: frozenset[str]
    defaults: dict[str, Any]
    template: str


class Renderer:
    """Makes the request of each row. Compiles the template once."""

    def __init__(self, prompt: Prompt) -> None:
        self._template = Template(prompt.template)
        self._defaults = prompt.defaults
        self._needed = prompt.needed
        self._rest = _constant_parts(prompt)

    def render(self, value: Mapping[str, object]) -> dict[str, Any]:
        """Make the `request` object of one row, with nothing empty in it.

        Raises:
            RowProblem: this row gives no request that could be sent.
        """
        for name in self._needed:
            if name not in value:
                hint = "Give it, or say what stands for it: input.default, or {{#if}} around it."
                raise render_problem("MISSING_FIELD", "The row lacks a field that the template inserts.", hint, name)
        system: list[dict[str, object]] = []
        contents: list[dict[str, object]] = []
        for message in self._template.messages({**self._defaults, **value}):
            if message.role == "system":
                system += message.parts
            else:
                contents.append({"role": message.role, "parts": message.parts})
        if not contents:
            hint = "Check that the columns that the template inserts are filled."
            raise render_problem("EMPTY_PROMPT", "The row gives a prompt without a user's text.", hint)
        if contents[0]["role"] != "user":
            raise render_problem("FIRST_ROLE", "The first turn is the model's.", 'Begin with {{role "user"}}.')
        if any("text" not in part for part in system):
            hint = 'Put media below {{role "user"}}.'
            raise render_problem("SYSTEM_MEDIA", "The system instruction holds a medium.", hint)
        instruction = {"systemInstruction": {"parts": system}} if system else {}
        return {"contents": contents, **instruction, **self._rest}


def _constant_parts(prompt: Prompt) -> dict[str, Any]:
    generation = dict(prompt.generation_config)
    if prompt.output_format is AnswerFormat.JSON:
        generation["responseMimeType"] = "application/json"
    if prompt.response_schema is not None:
        generation["responseSchema"] = prompt.response_schema
    parts = {
        "generationConfig": generation,
        "safetySettings": prompt.safety_settings,
        "labels": prompt.options.labels,
    }
    return {key: part for key, part in parts.items() if part}


def parse_prompt(source: bytes, name: str) -> Prompt:
    """Read and check a prompt file.

    Raises:
        Refused: something in it is wrong, or cannot work in a batch; with line and column where they are known.
    """
    front = parse_front_matter(source, name)
    _check_keys(front)
    settings = generation_settings(front)
    defaults, input_schema = input_section(front)
    output_format, output_schema, vertex_schema = output_section(front)
    reads = _template(front)
    prompt = Prompt(
        model=_model(front),
        options=batch_options(front),
        generation_config=settings.generation,
        safety_settings=settings.safety,
        output_schema=output_schema,
        response_schema=vertex_schema,
        input_schema=input_schema,
        output_format=output_format,
        has_template=bool(front.template),
        columns=reads.columns,
        needed=reads.needed - defaults.keys() - set(optional_names(input_schema)),
        defaults=defaults,
        template=front.template,
    )
    _check_sendable(front, prompt)
    return prompt


def _check_sendable(front: FrontMatter, prompt: Prompt) -> None:
    """What the prompt adds to every row must not be what sinks them all."""
    problem = check_depth(_constant_parts(prompt))
    if problem is not None:
        raise front.refused(("output", "schema"), problem.message, problem.hint)
    for path, part in ((("config",), _constant_parts(prompt)), (("input", "default"), prompt.defaults)):
        try:
            orjson.dumps(part)
        except orjson.JSONEncodeError:
            hint = "Use plain texts, numbers, lists and mappings."
            raise front.refused(path, "The front matter holds what JSON cannot say.", hint) from None


def missing_columns(prompt: Prompt, layout: Layout) -> tuple[str, ...]:
    """Names that the template reads and a CSV lacks, sorted; without defaults and what the schema calls optional."""
    if layout.format is not InputFormat.CSV:
        return ()
    provided = {*layout.columns, *prompt.defaults, *optional_names(prompt.input_schema)}
    return tuple(sorted(prompt.columns - provided))


def _check_keys(front: FrontMatter) -> None:
    for key, value in front.fields.items():
        if key in _TOOLS:
            if value:
                hint = "Take it away; a batch request cannot wait for code to run."
                raise front.refused((key,), f"{key} cannot be used in a batch.", hint)
        elif "." in key:
            namespace = key.partition(".")[0]
            if namespace != PREFIX and did_you_mean(namespace, [PREFIX]):
                raise front.refused((key,), f"{key} is unknown.", f"Did you mean {PREFIX}.{key.partition('.')[2]}?")
        elif key not in _KEYS:
            raise front.refused((key,), f"{key} is unknown.", _key_hint(key))


def _key_hint(key: str) -> str:
    if is_known(camel_case(key)):
        return f"Write it below config: config: {{{key}: ...}}"
    return did_you_mean(key, _KEYS) or f"Known are: {', '.join(_KEYS)}; names of other tools hold a dot."


def _model(front: FrontMatter) -> ModelName:
    model = str(front.fields.get("model") or "").strip()
    for prefix in MODEL_PREFIXES:
        model = model.removeprefix(prefix)
    if model and not _MODEL.fullmatch(model):
        hint = "Name a Gemini model as Vertex AI does: gemini-3.5-flash-lite."
        raise front.refused(("model",), "The model is not one that Vertex AI could know.", hint)
    return ModelName(model)


def _template(front: FrontMatter) -> Reads:
    try:
        reads = reads_of(front.template)
        Template(front.template)
    except TagProblem as problem:
        before = front.template[: problem.offset]
        line, column = before.count("\n"), problem.offset - before.rfind("\n")
        raise front.refused_in_template(line, column, problem.message, problem.hint) from None
    marker = front.template.find("<<<dotprompt:")
    if marker >= 0:
        line, column = front.template.count("\n", 0, marker), marker - front.template.rfind("\n", 0, marker)
        hint = 'Write {{role "user"}} or {{media url=column}}.'
        raise front.refused_in_template(line, column, "The template holds a marker of Dotprompt's inside.", hint)
    return reads
