"""What Vertex asks of a request beyond the types of its fields."""

import re
from collections.abc import Callable

from batchdrop.rows.problems import RowProblem, refusal
from batchdrop.rows.request_types import (
    Blob,
    Content,
    FileData,
    FunctionResponseBlob,
    FunctionResponseFileData,
    Message,
    Part,
    Retrieval,
    Schema,
)

Rule = Callable[[dict[str, object], str], dict[str, object]]

ROLES = ("user", "model")
MIME_TYPE = re.compile(r"(application|audio|image|text|video)/[A-Za-z0-9][A-Za-z0-9.+_-]*( *;.*)?", re.DOTALL)
GS_URI = re.compile(r"gs://[^/\s]+/[^/].*", re.DOTALL)


def check_turns(contents: object, path: str) -> None:
    """Refuse turns of unknown roles; a single turn needs none.

    Raises:
        RowProblem: at the first such turn.
    """
    turns = contents if isinstance(contents, list) else []
    for index, turn in enumerate(turns):
        role = turn.get("role")
        if role not in ROLES and (role is not None or len(turns) > 1):
            hint = "Use the role user or model; system texts belong into systemInstruction."
            raise refusal("BAD_ROLE", "The role is neither user nor model.", hint, f"{path}[{index}].role")


def _content(value: dict[str, object], path: str) -> dict[str, object]:
    """Empty texts are refused by Vertex; beside other parts they say nothing."""
    parts = value["parts"]
    if not isinstance(parts, list):
        raise AssertionError("parts are a list")
    filled = [part for part in parts if not _is_empty_text(part)]
    if not filled:
        raise refusal(
            "EMPTY_TEXT", "The text is empty.", "Write a text, or take the row away.", f"{path}.parts[0].text"
        )
    return value if len(filled) == len(parts) else {**value, "parts": filled}


def _is_empty_text(part: dict[str, object]) -> bool:
    return part.get("text") == "" and part.keys() <= {"text", "thought"}


def _part(value: dict[str, object], path: str) -> dict[str, object]:
    if not any(name in value for name in Part.oneofs[0]):
        hint = f"Give the part one of {', '.join(Part.oneofs[0])}."
        raise refusal("BAD_PART", "The part says nothing.", hint, path)
    return value


def _blob(value: dict[str, object], path: str) -> dict[str, object]:
    _check_mime_type(value["mimeType"], path)
    if not value["data"]:
        raise refusal(
            "EMPTY_DATA", "The inline data is empty.", "Put base64 there, or take the part away.", f"{path}.data"
        )
    return value


def _file(value: dict[str, object], path: str) -> dict[str, object]:
    uri = value["fileUri"]
    if not isinstance(uri, str) or GS_URI.fullmatch(uri) is None:
        raise bad_uri(f"{path}.fileUri")
    _check_mime_type(value["mimeType"], path)
    return value


def bad_uri(path: str) -> RowProblem:
    """The problem of a file that lies elsewhere than in Cloud Storage."""
    hint = "Vertex reads files of a batch from Cloud Storage: gs://bucket/name."
    return refusal("BAD_URI", "The file's URI is not of the form gs://bucket/name.", hint, path)


def _check_mime_type(value: object, path: str) -> None:
    if not isinstance(value, str) or MIME_TYPE.fullmatch(value) is None:
        hint = "Write one like image/png, application/pdf, audio/mpeg or video/mp4."
        raise refusal("BAD_MIME_TYPE", "The MIME type is none that Gemini could read.", hint, f"{path}.mimeType")


def _schema(value: dict[str, object], path: str) -> dict[str, object]:
    properties, required = value.get("properties"), value.get("required")
    if isinstance(properties, dict) and isinstance(required, list) and not properties.keys() >= set(required):
        hint = "Name in `required` only what `properties` has."
        raise refusal("UNDEFINED_PROPERTY", "A required property is not defined.", hint, f"{path}.required")
    return value


def _retrieval(value: dict[str, object], path: str) -> dict[str, object]:
    if "vertexRagStore" in value:
        raise not_in_batch(f"{path}.vertexRagStore")
    return value


def not_in_batch(path: str) -> RowProblem:
    """The problem of what works online only (docs: batch-inference, limitations)."""
    return refusal("NOT_IN_BATCH", "Vertex does not support this in batches.", "Take it away.", path)


RULES: dict[type[Message], Rule] = {
    Content: _content,
    Part: _part,
    Blob: _blob,
    FunctionResponseBlob: _blob,
    FileData: _file,
    FunctionResponseFileData: _file,
    Schema: _schema,
    Retrieval: _retrieval,
}
