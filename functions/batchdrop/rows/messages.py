"""Parts in order, arranged as the turns of a conversation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from batchdrop.rows.calls import Turn
from batchdrop.rows.media import render_problem
from batchdrop.rows.reads import ROLES

P = TypeVar("P")


@dataclass(slots=True)
class Message(Generic[P]):
    """One turn: texts and media in order."""

    role: str
    parts: list[P] = field(default_factory=list)


def arranged(pieces: Iterable[Turn | P]) -> list[Message[P]]:
    """Arrange parts as turns; turns without parts are none.

    Raises:
        RowProblem: a role is unknown to Gemini.
    """
    messages: list[Message[P]] = [Message("user")]
    for piece in pieces:
        if not isinstance(piece, Turn):
            messages[-1].parts.append(piece)
        elif piece.role not in ROLES:
            hint = f"Known are: {', '.join(ROLES)}."
            raise render_problem("BAD_ROLE", "The row names a role that Gemini does not know.", hint)
        elif messages[-1].parts:
            messages.append(Message(piece.role))
        else:
            messages[-1].role = piece.role
    return [message for message in messages if message.parts]


def check(messages: Sequence[Message[P]], is_text: Callable[[P], bool]) -> None:
    """Judge whether Gemini takes such a conversation.

    Raises:
        RowProblem: no turn is the user's or the model's, the first is the model's, or the system speaks in media.
    """
    turns = [message for message in messages if message.role != "system"]
    if not turns:
        hint = "Check that the columns that the template inserts are filled."
        raise render_problem("EMPTY_PROMPT", "The row gives a prompt without a user's text.", hint)
    if turns[0].role != "user":
        raise render_problem("FIRST_ROLE", "The first turn is the model's.", 'Begin with {{role "user"}}.')
    if not all(is_text(part) for message in messages if message.role == "system" for part in message.parts):
        hint = 'Put media below {{role "user"}}.'
        raise render_problem("SYSTEM_MEDIA", "The system instruction holds a medium.", hint)
