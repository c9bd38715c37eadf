"""Any server that speaks OpenAI's chat completions: Ollama, vLLM, OpenAI."""

import msgspec

from infra.local.vertex.models.base import Question, Refusal, Reply
from infra.local.vertex.models.media import with_media
from infra.local.vertex.models.openai_wire import chat_request, gemini_response
from infra.local.vertex.models.sending import Patience, Sender
from infra.local.vertex.ports import Storage


class OpenAIAccess(msgspec.Struct, frozen=True):
    """How to reach the server: `base_url` as its clients take it, such as `http://127.0.0.1:11434/v1`."""

    base_url: str
    model: str
    api_key: str = ""
    concurrency: int = 4
    patience: Patience = Patience()


class OpenAI:
    """Answers with the model that the access names, whatever the job asks for."""

    def __init__(self, access: OpenAIAccess, storage: Storage) -> None:
        headers = {"Authorization": f"Bearer {access.api_key}"} if access.api_key else {}
        self._model = access.model
        self._concurrency = access.concurrency
        self._sender = Sender(access.base_url.rstrip("/"), headers, access.concurrency, access.patience)
        self._storage = storage

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self._concurrency

    def answer(self, question: Question) -> Reply | Refusal:
        """Answer one request, translated there and back."""
        request = with_media(question.request, self._storage)
        if isinstance(request, Refusal):
            return request
        reply = self._sender.post("/chat/completions", chat_request(request, self._model))
        return reply if isinstance(reply, Refusal) else Reply(gemini_response(reply))

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()
