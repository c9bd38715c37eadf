"""Implicit caching as documented: a prefix that came before, of 2,048 tokens or more, counts as cached."""

import hashlib
import threading
from collections import OrderedDict

from infra.local.vertex.models.usage import tokens_in

_LEAST = 2048
_BLOCK_CHARS = 1024
_BLOCKS_KEPT = 65_536


class PrefixCache:
    """Remembers the beginnings of texts, in blocks of 256 tokens. Safe to use from several threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def cached(self, text: str) -> int:
        """How many tokens at the beginning of `text` are known; it is known from now on."""
        hits = 0
        # Each digest covers all before it, so that nothing counts after the first difference.
        chain = hashlib.blake2b(digest_size=16)
        with self._lock:
            for start in range(0, len(text) - _BLOCK_CHARS + 1, _BLOCK_CHARS):
                chain.update(text[start : start + _BLOCK_CHARS].encode())
                digest = chain.digest()
                hits += digest in self._seen
                self._seen[digest] = None
                self._seen.move_to_end(digest)
            while len(self._seen) > _BLOCKS_KEPT:
                self._seen.popitem(last=False)
        tokens = tokens_in(hits * _BLOCK_CHARS)
        return tokens if tokens >= _LEAST else 0
