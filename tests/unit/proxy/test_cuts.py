"""However a stream is cut into pieces, its events and its class are the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from janbench.proxy.stream.reader import StreamReader
from janbench.proxy.stream.sse import MAX_BLOCK, Framer
from tests.stream_frames import CHAT, FINISH, JAN2_RESPONSES, JAN_RESPONSES, chat, sse

BARE = b'{"code":"bc82d69c-685b-4556-9d1f-2a4a80ae8ca4","error":""}'

texts = st.text(max_size=8)
frames = st.one_of(
    texts.map(lambda text: chat(content=text)),
    texts.map(lambda text: chat(reasoning_content=text)),
    texts.map(lambda text: chat(content=text, role="assistant")),
    st.just(FINISH),
    st.just("[DONE]"),
    st.just("{oops"),
)
streams = st.one_of(
    st.lists(frames, max_size=30).map(lambda found: sse(*found)),
    st.sampled_from([CHAT, CHAT[:-1], JAN_RESPONSES, JAN2_RESPONSES, CHAT + BARE, CHAT[:-60]]),
    st.lists(
        st.sampled_from([b"data: ", b"data:", b"\n", b"\r", b"\r\n", b"event: x", b":", b"{}"]),
        max_size=30,
    ).map(b"".join),
)  # fmt: skip
line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


class Collecting(Framer):
    def __init__(self) -> None:
        super().__init__()
        self.got: list[bytes] = []

    def blocks(self, text: bytes, ns: int) -> None:
        self.got += text.split(b"\n\n")

    def stands_alone(self, lines: bytes) -> bool:
        return False


LINES = b'data: {"choices":[{"delta":{"content":"%b"}}]}'


@pytest.mark.parametrize("pad", [-1, 0, 1])
@pytest.mark.parametrize("piece", [1 << 16, 100_003, 1 << 25])
def test_a_frame_is_too_long_however_its_reads_fall(pad: int, piece: int) -> None:
    room = MAX_BLOCK - len(LINES % b"") + pad
    body = LINES % (b"x" * room) + b"\n\n" + LINES % b"y" + b"\n\n"
    reader = StreamReader()
    for at in range(0, len(body), piece):
        reader.feed(body[at : at + piece], at + 1)
    reader.end(clean=True)
    assert ("malformed_frame" in reader.found) == (pad > 0)
    assert reader.watch.count == (0 if pad > 0 else 2)


def test_frames_that_one_newline_separates_have_their_own_times() -> None:
    """Whole lines, lines that go over into the next read, and one that many reads bring."""
    words = [LINES % word + b"\n" for word in (b"a", b"b", b"c", b"d")]
    for pieces in (words, [words[0] + words[1][:9], words[1][9:] + words[2][:30], words[2][30:]]):
        reader = StreamReader()
        for number, piece in enumerate(pieces, start=1):
            reader.feed(piece, number * 1_000_000)
        reader.end(clean=True)
        assert reader.watch.first_ns == 1_000_000
        assert reader.watch.last_ns == len(pieces) * 1_000_000
        assert 0 not in reader.watch.gaps_ms()


def cut(body: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(body) + 1) for place in places})
    return [body[a:b] for a, b in zip([0, *at], [*at, len(body)], strict=True)]


def findings(pieces: list[bytes], *, clean: bool) -> tuple[object, ...]:
    reader = StreamReader()
    for number, piece in enumerate(pieces):
        reader.feed(piece, number + 1)
    reader.end(clean=clean, promised=frozenset({"done"}))
    verdict = reader.found.verdict()
    return (
        verdict,
        reader.watch.count,
        reader.frames,
        reader.finish_reason,
        reader.usage,
        reader.ends,
        bool(reader.watch.first_visible_ns),
    )


@settings(max_examples=300, deadline=None)
@given(streams, line_ends, st.lists(st.integers(min_value=0), max_size=12), st.booleans())
def test_the_reader_finds_the_same(body: bytes, end: bytes, places: list[int], clean: bool) -> None:
    body = body.replace(b"\n", end)
    assert findings(cut(body, places), clean=clean) == findings([body], clean=clean)


@settings(max_examples=100, deadline=None)
@given(streams, line_ends)
def test_the_reader_finds_the_same_byte_by_byte(body: bytes, end: bytes) -> None:
    body = body.replace(b"\n", end)
    bytewise = [body[i : i + 1] for i in range(len(body))]
    assert findings(bytewise, clean=True) == findings([body], clean=True)


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, min_size=10, max_size=30))
def test_the_mould_finds_what_json_finds(words: list[str]) -> None:
    """One at a time with a fresh reader no mould is ever used; at once it is."""
    events = [sse(chat(content=word)) for word in words]
    alone = sum(findings([event], clean=True)[1] == 1 for event in events)
    together = findings([b"".join(events)], clean=True)
    assert together[1] == alone == sum(bool(word) for word in words)
    assert together[2] == len(words)


@settings(max_examples=200, deadline=None)
@given(streams, line_ends, st.lists(st.integers(min_value=0), max_size=12))
def test_the_framer_gives_the_lines_of_the_standard(
    body: bytes, end: bytes, places: list[int]
) -> None:
    """Blocks as a plain reading of the standard gives them: lines up to a blank one."""
    body = body.replace(b"\n", end)
    framer = Collecting()
    got = framer.got
    for piece in cut(body, places):
        framer.feed(piece, 1)
    got.append(framer.rest()[0])
    blocks: list[list[bytes]] = [[]]
    for line in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line:
            blocks[-1].append(line)
        else:
            blocks.append([])
    wanted = [b"\n".join(block) for block in blocks if block]
    assert [block.strip(b"\n") for block in got if block.strip(b"\n")] == wanted
