"""Time and randomness of the machine."""

import uuid
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)


class SystemTokens:
    """Random tokens, 32 hex digits each."""

    def fresh(self) -> str:
        """Give a token never given before."""
        return uuid.uuid4().hex
