"""Event streams that are compressed though nobody asked for it."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from janbench.render.dialects import dialect_table
from tests.integration.proxy.conftest import Proxy
from tests.integration.proxy.scripted import Reader, Request, ScriptedServer, Writer
from tests.integration.proxy.test_streams import CONTEXT, HEAD, LAST, chunk, tail_of
from tests.stream_frames import CHAT, FINISH, ROLE, WORDS, sse, usage

LIBRARY = Path(__file__).parents[3] / "templates" / "lib"
ASK = b'{"stream":true}'
WINDOWS = {"gzip": 31, "deflate": 15}


def head(coding: str) -> bytes:
    return HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: %b\r\n\r\n" % coding.encode())


def zstd(data: bytes) -> bytes:
    """A zstd frame of one raw block (RFC 8878, section 3.1.1)."""
    block = (len(data) << 3 | 1).to_bytes(3, "little")
    size = (len(data) - 256).to_bytes(2, "little")
    return bytes.fromhex("28b52ffd60") + size + block + data


def sends(*parts: bytes, end: bytes = LAST) -> Callable[[Request, Reader, Writer], Awaitable[None]]:
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(b"".join(parts) + end)
        if not end:
            writer.close()

    return handler


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_script_gets_plain_events_and_their_times(
    target: ScriptedServer, proxy: Proxy, coding: str
) -> None:
    sent: list[float] = []
    path = f"/timed-{coding}"

    @target.route(path)
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        packer = zlib.compressobj(wbits=WINDOWS[coding])

        def write(*frames: object) -> None:
            flushed = packer.compress(sse(*frames)) + packer.flush(zlib.Z_SYNC_FLUSH)
            writer.write(chunk(flushed))

        begun = time.perf_counter()
        writer.write(head(coding))
        write(ROLE)
        for word in WORDS:
            await writer.drain()
            await asyncio.sleep(0.05)
            sent.append((time.perf_counter() - begun) * 1000)
            write(word)
        write(FINISH, usage(), "[DONE]")
        writer.write(chunk(packer.flush()) + LAST)

    with proxy.client() as client:
        answer = client.get(path, CONTEXT, method="POST", body=ASK)
    assert answer.ended
    assert answer.header("content-encoding") == []
    assert answer.body.startswith(CHAT)
    tail = tail_of(answer.body)
    assert (tail["integrity"], tail["content_events"], tail["output_tokens"]) == ("ok", 3, 3)
    assert tail["ttft_ms"] == pytest.approx(sent[0], abs=25)
    assert tail["itl_mean_ms"] == pytest.approx((sent[-1] - sent[0]) / 2, abs=15)
    assert proxy.row(path)["bytes_received"] != len(CHAT)


@pytest.mark.parametrize("framing", ["Content-Length: 9999", "Connection: close"])
def test_the_length_of_the_compressed_body_is_not_passed_on(
    target: ScriptedServer, proxy: Proxy, framing: str
) -> None:
    body = gzip.compress(CHAT)
    framed = framing.replace("9999", str(len(body))).encode()
    target.routes["/framed"] = sends(
        head("gzip").replace(b"Transfer-Encoding: chunked", framed), body, end=b""
    )
    with proxy.client() as client:
        answer = client.get("/framed", CONTEXT, method="POST", body=ASK)
    assert answer.ended
    assert answer.header("content-length") == []
    assert answer.body.startswith(CHAT)
    assert tail_of(answer.body)["integrity"] == "ok"


def test_a_script_may_do_without_the_body(target: ScriptedServer, proxy: Proxy) -> None:
    target.routes["/only"] = sends(head("gzip"), chunk(gzip.compress(CHAT)))
    with proxy.client() as client:
        body = client.get("/only", CONTEXT + "&body=tail").body
    assert body.startswith(b": janbench {")
    assert tail_of(body)["content_events"] == 3


def test_a_plain_client_gets_the_compressed_bytes(target: ScriptedServer, proxy: Proxy) -> None:
    packed = gzip.compress(CHAT)
    target.routes["/plain"] = sends(head("gzip"), chunk(packed[:40]), chunk(packed[40:]))
    with proxy.client() as client:
        answer = client.get("/plain")
    assert (answer.body, answer.header("content-encoding")) == (packed, ["gzip"])
    row = proxy.row("/plain")
    assert (row["integrity"], row["content_events"]) == ("ok", 3)
    assert row["ttft_ms"] > 0
    assert row["bytes_received"] == len(packed)


def test_a_tail_for_everybody_is_readable(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    target.routes["/always"] = sends(head("gzip"), chunk(gzip.compress(CHAT)))
    with start_proxy(target.url, "--tail", "always").client() as client:
        body = client.get("/always").body
    assert body.startswith(CHAT)
    assert tail_of(body)["integrity"] == "ok"


PACKED = gzip.compress(sse(ROLE, WORDS[0]))
FAULTS = {
    "no-gzip": ([chunk(b"\x1f\x8b not events")], LAST, "malformed_frame", "gzip data is broken"),
    "no-end": ([chunk(gzip.compress(CHAT)[:-8])], LAST, "truncated", "ends too early"),
    "closed": ([chunk(gzip.compress(CHAT)[:-8])], b"", "truncated", "closed the connection"),
    "stream": ([chunk(PACKED)], LAST, "no_finish_reason", "finish_reason"),
    "empty": ([], LAST, "no_content", "no content"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_told_apart(target: ScriptedServer, proxy: Proxy, fault: str) -> None:
    parts, end, kind, why = FAULTS[fault]
    target.routes[f"/{fault}"] = sends(head("gzip"), *parts, end=end)
    with proxy.client() as client:
        answer = client.get(f"/{fault}", CONTEXT)
    assert answer.ended
    tail = tail_of(answer.body)
    assert tail["integrity"] == kind
    assert why in tail["detail"]
    assert proxy.row(f"/{fault}")["integrity"] == kind


@pytest.mark.parametrize("client_headers", [[], [CONTEXT], [CONTEXT + "&body=tail"]])
def test_what_nobody_can_undo_is_passed_on_and_not_judged(
    target: ScriptedServer, proxy: Proxy, client_headers: Sequence[str]
) -> None:
    target.routes["/br"] = sends(head("br"), chunk(b"\x0b\x02\x80"), chunk(b"events\x03"))
    with proxy.client() as client:
        answer = client.get("/br", *client_headers, method="POST", body=ASK)
    assert answer.body == b"\x0b\x02\x80events\x03"
    assert answer.header("content-encoding") == ["br"]
    row = proxy.row("/br")
    assert (row["integrity"], row["stream"]) == ("ok", True)
    assert row["detail"] == "not read, hence not timed: compressed (br)"
    assert row["ttfb_ms"] > 0
    claimed = {"content_events", "ttft_ms", "first_event_ms", "e2e_ms", "output_tokens", "gaps_ms"}
    assert not claimed & set(row)


def test_a_stream_that_nobody_can_undo_may_still_break(
    target: ScriptedServer, proxy: Proxy
) -> None:
    target.routes["/br-closed"] = sends(head("br"), chunk(b"\x0b\x02\x80"), end=b"")
    target.routes["/br-busy"] = sends(head("br").replace(b"200 OK", b"503 Busy"), chunk(b"\x0b"))
    with proxy.client() as client:
        assert not client.get("/br-closed", CONTEXT).ended
    with proxy.client() as client:
        assert client.get("/br-busy", CONTEXT).ended
    assert proxy.row("/br-closed")["integrity"] == "truncated"
    assert proxy.row("/br-busy")["integrity"] == "http_error"


def test_k6_reads_both(
    target: ScriptedServer,
    start_proxy: Callable[..., Proxy],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """k6 undoes zstd by itself: the script then judges the stream, and has no times."""
    monkeypatch.setenv("JANBENCH_TAIL_SECRET", "shared")
    proxy = start_proxy(target.url)
    target.routes["/k6-gzip"] = sends(head("gzip"), chunk(gzip.compress(CHAT)))
    target.routes["/k6-zstd"] = sends(head("zstd"), chunk(zstd(CHAT)))
    shutil.copytree(LIBRARY, tmp_path / "lib")
    (tmp_path / "lib" / "dialect_table.js").write_text(dialect_table())
    script = tmp_path / "script.js"
    script.write_text(
        f"""import http from 'k6/http';
import {{ readStream }} from './lib/stream.js';
const headers = {{ '{CONTEXT.split(": ")[0]}': '{CONTEXT.split(": ")[1]}' }};
export default function () {{
  for (const path of ['/k6-gzip', '/k6-zstd']) {{
    const response = http.post(`http://127.0.0.1:{proxy.port}${{path}}`, '{{"stream":true}}', {{ headers }});
    const {{ integrity, timings, outputTokens, summary }} = readStream(response, ['done'], true);
    console.log(JSON.stringify([path, integrity, timings !== null, outputTokens, summary.text]));
  }}
}}
"""  # noqa: E501
    )
    k6 = Path(sys.executable).parent / "k6"
    done = subprocess.run(
        [k6, "run", "--quiet", "--no-usage-report", "--log-format", "raw", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
    text = 'Hello,\n "wörld" 世'
    assert said == [["/k6-gzip", "ok", True, 3, text], ["/k6-zstd", "ok", False, 3, text]]
