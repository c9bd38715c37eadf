"""Gemini itself, through the Developer API with a key."""

from typing import Any

import msgspec

from infra.local.vertex.models.base import Question, Refusal, Reply
from infra.local.vertex.models.media import with_media
from infra.local.vertex.models.sending import Patience, Sender
from infra.local.vertex.ports import Storage

_VERTEX_ONLY = frozenset({"labels", "modelArmorConfig"})


class GeminiAccess(msgspec.Struct, frozen=True):
    """How to reach the Developer API."""

    api_key: str
    base_url: str = "https://generativelanguage.googleapis.com"
    concurrency: int = 8
    patience: Patience = Patience()


class Gemini:
    """Answers with the model that the job names."""

    def __init__(self, access: GeminiAccess, storage: Storage) -> None:
        headers = {"x-goog-api-key": access.api_key}
        self._concurrency = access.concurrency
        self._sender = Sender(access.base_url, headers, access.concurrency, access.patience)
        self._storage = storage

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self._concurrency

    def answer(self, question: Question) -> Reply | Refusal:
        """Answer one request; files in Cloud Storage go along inline."""
        request = with_media(question.request, self._storage)
        if isinstance(request, Refusal):
            return request
        body: dict[str, Any] = {key: value for key, value in request.items() if key not in _VERTEX_ONLY}
        reply = self._sender.post(f"/v1beta/models/{question.model_id}:generateContent", body)
        return reply if isinstance(reply, Refusal) else Reply(reply)

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()
