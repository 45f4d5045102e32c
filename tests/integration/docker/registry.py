"""An image registry of two layers on loopback: enough of the protocol for one real pull."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@contextlib.contextmanager
def registry(k6: Path) -> Iterator[str]:
    """Serve an image named `k6:1` that holds this k6; gives the registry's host and port."""
    blobs, manifest = _image(k6)

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._send(body=False)

        def do_GET(self) -> None:
            self._send(body=True)

        def _send(self, *, body: bool) -> None:
            kind, content = "application/json", b"{}"
            if "/manifests/" in self.path:
                kind, content = _MANIFEST, manifest
            elif "/blobs/" in self.path:
                kind, content = "application/octet-stream", blobs[self.path.rpartition("/")[2]]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", _digest(content))
            self.end_headers()
            if body and len(content) > 1_000_000:
                # A network that isn't instant: Docker tells its progress ten times a second.
                for at in range(0, len(content), 1 + len(content) // 4):
                    self.wfile.write(content[at : at + 1 + len(content) // 4])
                    time.sleep(0.15)
            elif body:
                self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _image(k6: Path) -> tuple[dict[str, bytes], bytes]:
    # Random bytes don't compress: a layer that takes several reads, so that progress is told.
    layers = [_layer("usr/bin/k6", k6.read_bytes()), _layer("noise", os.urandom(8_000_000))]
    config = json.dumps(
        {
            "architecture": "amd64" if os.uname().machine == "x86_64" else "arm64",
            "os": "linux",
            "config": {"Entrypoint": ["k6"], "User": "12345"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(raw) for raw, _ in layers]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _described(_CONFIG, config),
            "layers": [_described(_LAYER, packed) for _, packed in layers],
        }
    ).encode()
    blobs = {_digest(blob): blob for blob in (config, *(packed for _, packed in layers))}
    return blobs, manifest


def _layer(name: str, content: bytes) -> tuple[bytes, bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o755
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue(), gzip.compress(buffer.getvalue(), compresslevel=1)


def _described(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
