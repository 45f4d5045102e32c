"""Compressed bodies, however they are cut, and what compressed data can be wrong with."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janbench.proxy.http.coding import CodingError, Inflater, TooLargeError, codings, inflater_for
from tests.stream_frames import CHAT
from tests.unit.proxy.test_cuts import cut

MOST = 64 << 20


def raw(data: bytes) -> bytes:
    """Deflate without zlib's wrapper, as some servers send it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": ("gzip", gzip.compress(CHAT)),
    "a gzip for each half": ("gzip", gzip.compress(CHAT[:99]) + gzip.compress(CHAT[99:])),
    "x-gzip": ("x-gzip", gzip.compress(CHAT)),
    "deflate": ("deflate", zlib.compress(CHAT)),
    "raw deflate": ("deflate", raw(CHAT)),
}


@given(st.sampled_from(sorted(PACKED)), st.lists(st.integers(0, 10_000), max_size=40))
def test_cuts_change_nothing(name: str, places: list[int]) -> None:
    coding, packed = PACKED[name]
    inflater = Inflater(coding, MOST)
    assert b"".join(inflater.feed(piece) for piece in cut(packed, places)) == CHAT
    assert not inflater.unfinished


@pytest.mark.parametrize("name", PACKED)
def test_one_byte_at_a_time(name: str) -> None:
    coding, packed = PACKED[name]
    inflater = Inflater(coding, MOST)
    assert b"".join(inflater.feed(bytes([byte])) for byte in packed) == CHAT
    assert not inflater.unfinished


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_each_flush_can_be_read_at_once(coding: str) -> None:
    packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
    inflater = Inflater(coding, MOST)
    for event in CHAT.split(b"\n\n"):
        assert inflater.feed(packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)) == event
        assert inflater.unfinished
    inflater.feed(packer.flush())
    assert not inflater.unfinished


@pytest.mark.parametrize("name", PACKED)
def test_a_body_without_its_end_is_unfinished(name: str) -> None:
    coding, packed = PACKED[name]
    inflater = Inflater(coding, MOST)
    assert not inflater.unfinished  # an empty body is whole
    for piece in (packed[:1], packed[1:-1]):
        inflater.feed(piece)
        assert inflater.unfinished


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", b"data: plain\n\n"),
        ("deflate", b"data: plain\n\n"),
        ("gzip", gzip.compress(CHAT) + b"data: plain\n\n"),
        ("gzip", gzip.compress(CHAT)[:-8] + bytes(8)),
    ],
)
def test_broken_data_is_told_once(coding: str, data: bytes) -> None:
    inflater = Inflater(coding, MOST)
    with pytest.raises(CodingError, match=f"the stream's {coding} data is broken"):
        inflater.feed(data)
    assert inflater.feed(data) == b""
    assert not inflater.unfinished


def test_what_follows_deflate_is_ignored() -> None:
    inflater = Inflater("deflate", MOST)
    assert inflater.feed(zlib.compress(CHAT) + b"more") == CHAT
    assert inflater.feed(b"and more") == b""
    assert not inflater.unfinished


def test_a_bomb_is_not_let_off() -> None:
    bomb = gzip.compress(bytes(80 << 20), compresslevel=1)
    with pytest.raises(TooLargeError):
        Inflater("gzip", MOST).feed(bomb)


@pytest.mark.parametrize(
    ("header", "names", "readable"),
    [
        (b"", [], False),
        (b" Identity", [], False),
        (b"GZIP", ["gzip"], True),
        (b",identity, x-gzip", ["x-gzip"], True),
        (b"deflate", ["deflate"], True),
        (b"br", ["br"], False),
        (b"gzip, zstd", ["gzip", "zstd"], False),
        (b"secret text\xff", ["unknown"], False),
    ],
)
def test_names_of_codings(header: bytes, names: list[str], readable: bool) -> None:
    assert codings(header) == names
    assert (inflater_for(names, MOST) is not None) is readable
