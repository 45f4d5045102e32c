"""What k6 takes from a target it gets through the proxy, too; what it refuses fails there, too."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.core.runs import K6, environment
from tests.integration.proxy.conftest import Proxy
from tests.integration.proxy.scripted import Reader, Request, ScriptedServer, Writer

H = b"HTTP/1.1 200 OK\r\n"
FIVE = b"Content-Length: 5\r\n"
OTHER = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
C = H + b"Transfer-Encoding: chunked\r\n"
ACCEPTED: dict[str, tuple[bytes, str]] = {
    "plain": (H + FIVE + b"\r\nHello", "Hello"),
    "chunked": (C + b"\r\n5\r\nHello\r\n0\r\n\r\n", "Hello"),
    "blanks after the size": (C + b"\r\n5  \r\nHello\r\n0 \r\n\r\n", "Hello"),
    "extension": (C + b"\r\n5;name=value\r\nHello\r\n0;last\r\n\r\n", "Hello"),
    "quoted extension": (C + b'\r\n5;a="b;c"\r\nHello\r\n0\r\n\r\n', "Hello"),
    "zeros before the size": (C + b"\r\n0005\r\nHello\r\n000\r\n\r\n", "Hello"),
    "upper-case size": (C + b"\r\nA\r\nHelloHello\r\n0\r\n\r\n", "HelloHello"),
    "head with line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nHello", "Hello"),
    "length beside chunked": (C + b"Content-Length: 3\r\n\r\n5\r\nHello\r\n0\r\n\r\n", "Hello"),
    "length before chunked": (
        H + b"Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n",
        "Hello",
    ),
    "capitals": (C.replace(b"ch", b"Ch") + b"\r\n5\r\nHello\r\n0\r\n\r\n", "Hello"),
    "the same length twice": (H + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "blank for a reason": (b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "reason in Latin": (b"HTTP/1.1 200 Tr\xe8s bien\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "no blank after the colon": (H + b"Content-Length:5\r\n\r\nHello", "Hello"),
    "blanks around a value": (H + b"Content-Length: \t 5 \r\n\r\nHello", "Hello"),
    "folded header": (H + b"X-A: one\r\n two\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "value beyond ASCII": (H + b"X-A: caf\xc3\xa9\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "empty header value": (H + b"X-A:\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "until the end": (H + b"\r\nHello", "Hello"),
    "version 1.0": (b"HTTP/1.0 200 OK\r\n\r\nHello", "Hello"),
    "1.0 with a length": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "length and end": (H + b"Connection: close\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "trailers": (C + b"Trailer: X-T\r\n\r\n5\r\nHello\r\n0\r\nX-T: 1\r\n\r\n", "Hello"),
    "blank in a header's name": (H + b"X A: 1\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
    "length behind a blank": (H + b"Content-Length : 5\r\n\r\nHello", "Hello"),
    "interim response": (OTHER + H + FIVE + b"\r\nHello", "Hello"),
    "own status": (b"HTTP/1.1 299 Own\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
}  # fmt: skip
REFUSED: dict[str, bytes] = {
    "blank before an extension": C + b"\r\n5 ; a=1\r\nHello\r\n0\r\n\r\n",
    "line feeds alone": C + b"\r\n5\nHello\r\n0\n\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "size is no number": C + b"\r\nxyz\r\nHello\r\n0\r\n\r\n",
    "sign before the size": C + b"\r\n+5\r\nHello\r\n0\r\n\r\n",
    "chunk without its end": C + b"\r\n5\r\nHelloHello\r\n0\r\n\r\n",
    "size too large": C + b"\r\nfffffffffffffffff\r\nHello\r\n0\r\n\r\n",
    "two lengths": H + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nHello",
    "length is no number": H + b"Content-Length: five\r\n\r\nHello",
    "length below zero": H + b"Content-Length: -5\r\n\r\nHello",
    "coding unknown": H + b"Transfer-Encoding: rot13\r\n\r\n5\r\nHello\r\n0\r\n\r\n",
    "header without a colon": H + b"Content-Length 5\r\n\r\nHello",
    "cut within a chunk": C + b"\r\nff\r\nHello",
    "cut before the last chunk": C + b"\r\n5\r\nHello\r\n",
    "cut before the length": H + b"Content-Length: 50\r\n\r\nHello",
    "cut within the head": H + b"Content-Le",
}
SCRIPT = """
import http from 'k6/http';
export const options = { vus: 1, iterations: 1 };
const cases = JSON.parse(open('./cases.json'));
export default function () {
  for (const [index] of cases.entries()) {
    for (const way of ['DIRECT', 'PROXY']) {
      const { status, body } = http.get(`${__ENV[way]}/raw/${index}`, { timeout: '5s' });
      console.log(`@@${JSON.stringify([index, way, status, body])}`);
    }
  }
}
"""


def _serve(target: ScriptedServer, cases: list[bytes]) -> None:
    for index, raw in enumerate(cases):

        async def answer(_: Request, __: Reader, writer: Writer, raw: bytes = raw) -> None:
            writer.write(raw)
            await writer.drain()
            writer.close()

        target.route(f"/raw/{index}")(answer)


def _seen(folder: Path, target: ScriptedServer, proxy: Proxy, names: list[str]) -> list[Any]:
    (folder / "cases.json").write_text(json.dumps(names))
    (folder / "script.js").write_text(SCRIPT)
    ways = {"DIRECT": target.url, "PROXY": f"http://127.0.0.1:{proxy.port}"}
    done = subprocess.run(
        [K6, "run", "--address", "127.0.0.1:0", "--no-usage-report", "--quiet",
         "--log-format", "json", "script.js"],
        cwd=folder, env=environment(ways), capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    messages = [json.loads(line)["msg"] for line in done.stderr.splitlines() if '"@@' in line]
    return [json.loads(message[2:]) for message in messages]


def test_the_proxy_takes_what_k6_takes(
    tmp_path: Path, target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    names = [*ACCEPTED, *REFUSED]
    _serve(target, [*(raw for raw, _ in ACCEPTED.values()), *REFUSED.values()])
    seen = _seen(tmp_path, target, start_proxy(target.url), names)
    direct = {names[index]: (status, body) for index, way, status, body in seen if way == "DIRECT"}
    proxied = {names[index]: (status, body) for index, way, status, body in seen if way == "PROXY"}
    print("\n".join(f"@ {n}: {direct[n]} {proxied[n]}" for n in names))
    for name, (_, body) in ACCEPTED.items():
        assert direct[name][1] == body, f"{name}: the case is wrong"
    differing = {n: (direct[n], proxied[n]) for n in ACCEPTED if direct[n] != proxied[n]}
    assert differing == {}
    assert {n: direct[n] for n in REFUSED if direct[n][0] != 0} == {}
    # A response that breaks is 502 or breaks for k6, too.
    assert {n: proxied[n] for n in REFUSED if proxied[n][0] not in (0, 502)} == {}
