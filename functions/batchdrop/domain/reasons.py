"""Why something ended as it did: for the document, the manifest and the person who reads them."""

from enum import StrEnum

import msgspec


class Code(StrEnum):
    """Machine-readable reasons for the end, or the halt, of a whole job."""

    PROMPT_MISSING = "PROMPT_MISSING"
    PROMPT_INVALID = "PROMPT_INVALID"
    PROMPT_NEVER_CAME = "PROMPT_NEVER_CAME"
    INPUT_EMPTY = "INPUT_EMPTY"
    INPUT_TYPE = "INPUT_TYPE"
    INPUT_NAME = "INPUT_NAME"
    INPUT_HEADER = "INPUT_HEADER"
    INPUT_DAMAGED = "INPUT_DAMAGED"
    INPUT_TOO_LARGE = "INPUT_TOO_LARGE"
    INPUT_INVALID = "INPUT_INVALID"
    COLUMN_MISSING = "COLUMN_MISSING"
    MODEL_MISSING = "MODEL_MISSING"
    INPUT_DELETED = "INPUT_DELETED"
    SUPERSEDED = "SUPERSEDED"
    VERTEX_REFUSED = "VERTEX_REFUSED"
    VERTEX_CANCELLED = "VERTEX_CANCELLED"
    CANARY_FAILED = "CANARY_FAILED"
    OVER_BUDGET = "OVER_BUDGET"
    PRICE_UNKNOWN = "PRICE_UNKNOWN"
    NOT_APPROVED = "NOT_APPROVED"
    WORK_LOST = "WORK_LOST"
    GAVE_UP = "GAVE_UP"


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, where, and what to do about it.

    `line` and `column` count from 1, in the file that `where` names. Never holds row data.
    """

    code: Code
    message: str
    hint: str
    where: str = ""
    line: int | None = None
    column: int | None = None
