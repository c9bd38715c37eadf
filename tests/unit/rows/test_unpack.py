import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.errors import Refused
from batchdrop.domain.job import Compression
from batchdrop.domain.limits import MIB
from batchdrop.domain.reasons import Code
from batchdrop.rows.unpack import compression_of, unpacked

PLAIN = b"".join(b"%d, a line of text\n" % number for number in range(20_000))
PACKED = {
    Compression.GZIP: gzip.compress(PLAIN),
    Compression.ZSTD: zstandard.ZstdCompressor(write_checksum=True).compress(PLAIN),
}
KINDS = pytest.mark.parametrize("kind", list(PACKED))


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def unpack(data: bytes, kind: Compression, chunk: int = 1000, most: int = 10**9) -> bytes:
    return b"".join(unpacked(in_chunks(data, chunk), kind, "a.csv.gz", most))


def refused(data: bytes, kind: Compression, chunk: int = 1000, most: int = 10**9) -> Code:
    with pytest.raises(Refused) as caught:
        unpack(data, kind, chunk, most)
    assert caught.value.reason.hint
    assert caught.value.reason.where == "a.csv.gz"
    return caught.value.reason.code


@KINDS
@pytest.mark.parametrize("chunk", [1, 7, 4096, 1 << 22])
def test_what_was_packed_comes_out_however_it_is_chunked(kind: Compression, chunk: int) -> None:
    assert unpack(PACKED[kind], kind, chunk) == PLAIN


@KINDS
def test_members_and_frames_are_read_one_after_the_other(kind: Compression) -> None:
    assert unpack(PACKED[kind] * 3, kind, 999) == PLAIN * 3


def test_zeros_behind_and_between_gzip_members_are_padding() -> None:
    packed = PACKED[Compression.GZIP]
    assert unpack(packed + bytes(600) + packed + bytes(3), Compression.GZIP, 100) == PLAIN * 2


def test_frames_that_are_to_be_skipped_are() -> None:
    skipped = b"\x5e\x2a\x4d\x18\x03\x00\x00\x00abc"
    assert compression_of(skipped) is Compression.ZSTD
    assert unpack(skipped + PACKED[Compression.ZSTD] + skipped, Compression.ZSTD, 5) == PLAIN


@KINDS
@pytest.mark.parametrize("missing", [1, 4, 8, 9, 1000])
def test_a_file_that_is_cut_off_is_refused(kind: Compression, missing: int) -> None:
    assert refused(PACKED[kind][:-missing], kind) is Code.INPUT_DAMAGED
    assert refused(PACKED[kind] + PACKED[kind][:-missing], kind) is Code.INPUT_DAMAGED


@KINDS
def test_damage_and_garbage_are_refused(kind: Compression) -> None:
    packed = PACKED[kind]
    middle = len(packed) // 2
    flipped = packed[:middle] + bytes([packed[middle] ^ 0xFF]) + packed[middle + 1 :]
    assert refused(flipped, kind) is Code.INPUT_DAMAGED
    assert refused(packed + b"garbage", kind) is Code.INPUT_DAMAGED


@KINDS
def test_a_file_that_holds_too_much_is_refused_before_it_is_all_unpacked(kind: Compression) -> None:
    assert unpack(PACKED[kind], kind, most=len(PLAIN)) == PLAIN
    assert refused(PACKED[kind] * 100, kind, most=len(PLAIN) - 1) is Code.INPUT_TOO_LARGE


@pytest.mark.parametrize(
    ("packed", "kind"),
    [
        (zlib.compressobj(9, wbits=31).compress(bytes(200 * MIB)), Compression.GZIP),
        (zstandard.ZstdCompressor(19).compress(bytes(200 * MIB)), Compression.ZSTD),
    ],
    ids=["gzip", "zstd"],
)
def test_a_bomb_unfolds_piece_by_piece(packed: bytes, kind: Compression) -> None:
    pieces = unpacked([packed], kind, "bomb")
    sizes = [len(next(pieces)) for _ in range(15)]
    assert max(sizes) <= 9 * MIB


def test_a_zstd_file_that_needs_more_memory_than_we_give_it_is_refused_with_a_remedy() -> None:
    wide = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    writer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    packed = writer.compress(PLAIN) + writer.flush()
    with pytest.raises(Refused) as caught:
        unpack(packed, Compression.ZSTD)
    assert caught.value.reason.code is Code.INPUT_TOO_LARGE
    assert "--long" in caught.value.reason.hint


def test_what_is_not_compressed_passes_through() -> None:
    assert compression_of(b"a,b\n") is Compression.NONE
    assert compression_of(b"") is Compression.NONE
    assert unpack(b"a,b\n", Compression.NONE) == b"a,b\n"


@given(st.lists(st.binary(max_size=40), max_size=5), st.sampled_from(list(PACKED)), st.integers(1, 30))
def test_any_members_give_their_bytes(members: list[bytes], kind: Compression, chunk: int) -> None:
    pack = gzip.compress if kind is Compression.GZIP else zstandard.compress
    packed = b"".join(pack(member) for member in members) or pack(b"")
    assert unpack(packed, kind, chunk) == b"".join(members)


@given(st.binary(max_size=200), st.sampled_from(list(PACKED)), st.integers(1, 30))
def test_any_bytes_unpack_or_are_refused(data: bytes, kind: Compression, chunk: int) -> None:
    with suppress(Refused):
        assert unpack(PACKED[kind][:6] + data, kind, chunk, most=10**6) is not None
