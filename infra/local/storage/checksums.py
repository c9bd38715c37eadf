"""crc32c and md5: computed while bytes pass, combined without reading them again, compared with a client's."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import google_crc32c

from infra.local.storage.errors import invalid
from infra.local.storage.model import Digest, Expected

_POLYNOMIAL = 0x82F63B78
_ONE = 1 << 31


class Hasher:
    """Running size, crc32c and md5 of a stream of bytes."""

    def __init__(self) -> None:
        self._size = 0
        self._crc32c = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    @property
    def size(self) -> int:
        """Bytes seen so far."""
        return self._size

    def update(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        self._size += len(chunk)
        self._crc32c = int(google_crc32c.extend(self._crc32c, chunk))
        self._md5.update(chunk)

    def digest(self) -> Digest:
        """The checksums of everything seen so far."""
        return Digest(size=self._size, crc32c=self._crc32c, md5=self._md5.digest())


def combine(first: Digest, second: Digest) -> Digest:
    """Digest of the concatenation, from the digests alone: appending n bytes multiplies a crc by x^8n."""
    shifted = _multiply(_x_to_the_bytes(second.size), first.crc32c)
    return Digest(size=first.size + second.size, crc32c=shifted ^ second.crc32c, md5=None)


def encode_crc32c(value: int) -> str:
    """Base64 of the big-endian checksum, as the API writes it."""
    return base64.b64encode(value.to_bytes(4, "big")).decode()


def encode_md5(value: bytes) -> str:
    """Base64 of the hash, as the API writes it."""
    return base64.b64encode(value).decode()


def expected_of(metadata: Mapping[str, Any]) -> Expected:
    """The checksums that an object resource sent by a client carries."""
    return Expected(
        crc32c=_decode_crc32c(metadata["crc32c"]) if metadata.get("crc32c") else None,
        md5=_decode(metadata["md5Hash"], 16, "md5Hash") if metadata.get("md5Hash") else None,
    )


def expected_of_header(value: str | None) -> Expected:
    """The checksums of an `X-Goog-Hash` header, `crc32c=…,md5=…`."""
    pairs = dict(part.strip().partition("=")[::2] for part in value.split(",")) if value else {}
    return expected_of({"crc32c": pairs.get("crc32c"), "md5Hash": pairs.get("md5")})


def verify(actual: Digest, expected: Expected) -> None:
    """Refuse with 400 if the bytes are not the ones that the client meant."""
    if expected.crc32c is not None and expected.crc32c != actual.crc32c:
        provided, calculated = encode_crc32c(expected.crc32c), encode_crc32c(actual.crc32c)
        raise invalid(f'Provided CRC32C "{provided}" doesn\'t match calculated CRC32C "{calculated}".')
    if expected.md5 is not None and actual.md5 is not None and expected.md5 != actual.md5:
        provided, calculated = encode_md5(expected.md5), encode_md5(actual.md5)
        raise invalid(f'Provided MD5 hash "{provided}" doesn\'t match calculated MD5 hash "{calculated}".')


def _decode_crc32c(text: object) -> int:
    return int.from_bytes(_decode(text, 4, "crc32c"), "big")


def _decode(text: object, length: int, what: str) -> bytes:
    try:
        value = base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise invalid(f"{what} is not base64.") from error
    if len(value) != length:
        raise invalid(f"{what} must be {length} bytes in base64.")
    return value


def _multiply(left: int, right: int) -> int:
    """Product of two polynomials modulo the crc's own, bits reflected: the top bit is x^0."""
    product = 0
    bit = _ONE
    while bit:
        if left & bit:
            product ^= right
        bit >>= 1
        right = (right >> 1) ^ _POLYNOMIAL if right & 1 else right >> 1
    return product


def _x_to_the_bytes(count: int) -> int:
    power, square = _ONE, _ONE >> 8
    while count:
        if count & 1:
            power = _multiply(power, square)
        square = _multiply(square, square)
        count >>= 1
    return power
