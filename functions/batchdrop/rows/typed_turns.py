"""Turns of any kind that the API defines, decoded by its definition: histories of function calls and their like."""

from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, Meta

from batchdrop.rows.fingerprint import data_piece, uri_piece
from batchdrop.rows.importer import REQUEST_DEPTH, FreeForm
from batchdrop.rows.media_buckets import MediaBuckets
from batchdrop.rows.mend import CONTENTS, REQUEST
from batchdrop.rows.request_rules import GS_URI, MIME_TYPE, ROLES
from batchdrop.rows.request_types import (
    Blob,
    CodeExecutionResult,
    Content,
    ExecutableCode,
    FileData,
    FunctionCall,
    FunctionResponse,
    Part,
)
from batchdrop.rows.scalars import is_base64


class Said(NamedTuple):
    """What turns say, piece by piece, and the types of what the API leaves free in them."""

    pieces: list[str]
    types: dict[str, str]


_CALL_DEPTH = REQUEST_DEPTH + 3
"""Level of a function call: a turn, a part, then the call."""

_decode = msgspec.json.Decoder(Annotated[list[Content], Meta(min_length=1)]).decode


def read_typed(contents: bytes | memoryview, buckets: MediaBuckets) -> Said | None:
    """Read turns; None if they may need mending, or point elsewhere than into `buckets`.

    Raises:
        RowProblem: Vertex's importer would refuse what is free in them.
        one of NOT_OF_THE_TYPE: they are not of the API's types.
    """
    turns = _decode(contents)
    pieces: list[str] = []
    free = FreeForm()
    for number, turn in enumerate(turns):
        if turn.role not in ROLES and (turn.role is not UNSET or len(turns) > 1):
            return None
        for index, part in enumerate(turn.parts):
            piece = _said_by(part, f"{REQUEST}.{CONTENTS}[{number}].parts[{index}]", free, buckets)
            if piece is None:
                return None
            pieces += [piece] if piece else []
    return Said(pieces, free.types)


def _said_by(part: Part, path: str, free: FreeForm, buckets: MediaBuckets) -> str | None:
    """What a part says, which may be nothing; None if it is not surely sound."""
    calls = part.function_call, part.function_response, part.executable_code, part.code_execution_result
    data = [value for value in (part.text, part.inline_data, part.file_data, *calls) if value is not UNSET]
    if len(data) != 1 or part.video_metadata is not UNSET or part.media_resolution is not UNSET:
        return None
    if part.thought_signature is not UNSET and not is_base64(part.thought_signature):
        return None
    match data[0]:
        case str(text):
            return text or None
        case FileData(mime_type=kind, file_uri=uri) if MIME_TYPE.fullmatch(kind) and GS_URI.fullmatch(uri):
            return uri_piece(uri) if buckets.hold(uri) else None
        case Blob(mime_type=kind, data=base64) if base64 and MIME_TYPE.fullmatch(kind) and is_base64(base64):
            return data_piece(base64)
        case FunctionCall(args=dict() as args, partial_args=more) if args and more is UNSET:
            free.take(args, f"{path}.functionCall.args", _CALL_DEPTH)
        case FunctionResponse(response=response, parts=more) if response and more is UNSET:
            free.take(response, f"{path}.functionResponse.response", _CALL_DEPTH)
        case ExecutableCode() | CodeExecutionResult():
            pass
        case _:
            return None
    return ""
