"""The port that every model implements, and the values that cross it."""

from typing import Any, Protocol

import msgspec


class Question(msgspec.Struct, frozen=True):
    """One `GenerateContentRequest` as parsed JSON, and the id of the model that the job names."""

    model_id: str
    request: dict[str, Any]


class Reply(msgspec.Struct, frozen=True):
    """A `GenerateContentResponse` as JSON; the server adds `createTime` and `responseId` if they are missing."""

    response: dict[str, Any]


class Refusal(msgspec.Struct, frozen=True):
    """The model did not answer: the HTTP status and body of Google's error JSON, which the row will show."""

    http: int
    error: dict[str, Any]


class Model(Protocol):
    """Answers requests; may be called from as many threads at once as `concurrency` says."""

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        ...

    def answer(self, question: Question) -> Reply | Refusal:
        """Answer one request. Does not raise for what a server said; it is in the refusal."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def field(message: dict[str, Any], camel: str, snake: str) -> Any:
    """A field of a proto message in JSON, which may be written in either way."""
    return message[camel] if camel in message else message.get(snake)


def whole(message: dict[str, Any], camel: str, snake: str) -> int | None:
    """A field that holds a whole number, which JSON may write as 2, 2.0 or "2"; None if it holds none."""
    value = field(message, camel, snake)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return int(value) if isinstance(value, (int, float)) and value == int(value) else None


def listed(value: Any) -> list[Any]:
    """A repeated field, of which one item may stand alone; none if it is null or missing."""
    return value if isinstance(value, list) else [] if value is None else [value]
