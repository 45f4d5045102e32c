"""One private daemon for the session; after every test nothing may be left in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from janbench.engines.base import EngineOptions
from janbench.engines.docker.engine import DockerEngine
from tests.docker_daemon import PrivateDaemon, make_k6_image, private_daemon, require

MakeEngine = Callable[..., DockerEngine]


@pytest.fixture(scope="session")
def session_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    require()
    with private_daemon() as daemon:
        make_k6_image(daemon.client, tmp_path_factory.mktemp("image"))
        yield daemon


@pytest.fixture
def daemon(session_daemon: PrivateDaemon) -> Iterator[PrivateDaemon]:
    yield session_daemon
    assert session_daemon.leftovers() == []


@pytest.fixture
def make_engine(daemon: PrivateDaemon) -> Iterator[MakeEngine]:
    engines: list[DockerEngine] = []

    def make(**options: object) -> DockerEngine:
        given = EngineOptions(environment=daemon.environment, **options)  # type: ignore[arg-type]
        engines.append(DockerEngine.find(given))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *arguments: object) -> None:
        return


@pytest.fixture
def target() -> Iterator[str]:
    """A server on loopback: its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A script folder that only its owner, root, may enter: the image's user 12345 may not."""
    made = tmp_path / "job"
    made.mkdir(mode=0o700)
    return made
