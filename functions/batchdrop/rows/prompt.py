"""A prompt file, checked once."""

import re
from typing import Any

import msgspec
import orjson

from batchdrop.domain.ids import ModelName
from batchdrop.domain.job import Layout, Options
from batchdrop.rows.config import GenerationSettings, camel_case, generation_settings, is_known
from batchdrop.rows.frontmatter import FrontMatter, Path, did_you_mean, parse_front_matter
from batchdrop.rows.options import PREFIX, batch_options
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.reads import Reads, reads_of
from batchdrop.rows.requests import Settled, settle
from batchdrop.rows.sections import (
    AnswerFormat,
    AnswerSection,
    input_section,
    optional_names,
    output_section,
    required_names,
)
from batchdrop.rows.tags import TagProblem
from batchdrop.rows.template import Template

MODEL_PREFIXES = ("googleai/", "vertexai/", "google/", "publishers/google/models/", "models/")

_MODEL = re.compile(r"[A-Za-z0-9][\w.@-]*|projects/[^/\s]+/locations/[^/\s]+/(?:models|endpoints)/[^/\s]+", re.ASCII)
_MODEL_LENGTH = 300
"""The model is part of a document's name, which Firestore bounds."""
_KEYS = ("model", "config", "input", "output", "name", "variant", "version", "description", "metadata", PREFIX)
_TOOLS = ("tools", "toolDefs")
_EXAMPLE = {"contents": [{"role": "user", "parts": [{"text": "text"}]}]}


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt file says, ready for use.

    `model` is empty where the file names none. `output_schema` and `input_schema` are JSON Schema without
    references. `rest` are the fields of a request that are the same for all rows, `signature` the types in them that
    could keep requests from sharing a batch. `columns` are the names of a row's values that the template reads,
    `needed` those that a row must have, as nothing in the prompt provides for their absence.
    """

    model: ModelName
    options: Options
    output_schema: dict[str, Any] | None
    rest: dict[str, Any]
    signature: dict[str, str]
    input_schema: dict[str, Any] | None
    output_format: AnswerFormat
    has_template: bool
    columns: frozenset[str]
    needed: frozenset[str]
    defaults: dict[str, Any]
    template: str


def parse_prompt(source: bytes, name: str) -> Prompt:
    """Read and check a prompt file.

    Raises:
        Refused: something in it is wrong, or cannot work in a batch; with line and column where they are known.
    """
    front = parse_front_matter(source, name)
    _check_keys(front)
    options = batch_options(front)
    settings = generation_settings(front, options.unknown_fields)
    defaults, input_schema = input_section(front)
    answer = output_section(front)
    rest = _settled(front, options, _rest(settings, answer, options))
    reads = _template(front)
    return Prompt(
        model=_model(front),
        options=options,
        output_schema=answer.schema,
        rest={key: part for key, part in rest.request.items() if key not in _EXAMPLE},
        signature=rest.signature,
        input_schema=input_schema,
        output_format=answer.format,
        has_template=bool(front.template),
        columns=reads.columns,
        needed=reads.needed.difference(defaults, optional_names(input_schema)),
        defaults=defaults,
        template=front.template,
    )


def _rest(settings: GenerationSettings, answer: AnswerSection, options: Options) -> dict[str, Any]:
    generation = dict(settings.generation)
    if answer.format is AnswerFormat.JSON:
        generation["responseMimeType"] = "application/json"
    if answer.vertex_schema is not None:
        generation["responseSchema"] = answer.vertex_schema
    return {"generationConfig": generation, "safetySettings": settings.safety, "labels": options.labels}


def _settled(front: FrontMatter, options: Options, rest: dict[str, Any]) -> Settled:
    """What the prompt adds to every row must not be what sinks them all."""
    try:
        orjson.dumps(rest)
        return settle({**_EXAMPLE, **rest}, options.unknown_fields)
    except orjson.JSONEncodeError:
        hint = "Use plain texts, numbers, lists and mappings."
        raise front.refused(("config",), "The front matter holds what JSON cannot say.", hint) from None
    except RowProblem as refused:
        problem = refused.problem
        message = f"Vertex would refuse {problem.path}: {problem.message}"
        raise front.refused(_place(front, problem.path), message, problem.hint) from None


def _place(front: FrontMatter, path: str) -> Path:
    """Where in the front matter a field of a request comes from."""
    name, _, inner = path.removeprefix("request.").partition(".")
    if name == "labels":
        return ("batch.labels",)
    if inner.startswith("responseSchema"):
        return ("output", "schema")
    wanted = inner.partition(".")[0].partition("[")[0] if name == "generationConfig" else name.partition("[")[0]
    return ("config", *[key for key in front.fields.get("config") or () if camel_case(key) == wanted])


def missing_columns(prompt: Prompt, layout: Layout) -> tuple[str, ...]:
    """Names that the prompt wants and a CSV or a Parquet file lacks, sorted.

    It wants what the template reads and what the input schema requires, without defaults and what is optional.
    """
    if not layout.columns:
        return ()
    provided = {*layout.columns, *prompt.defaults, *optional_names(prompt.input_schema)}
    return tuple(sorted((prompt.columns | required_names(prompt.input_schema)) - provided))


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
    if model and not (_MODEL.fullmatch(model) and len(model) <= _MODEL_LENGTH):
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
