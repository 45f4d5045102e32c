"""One container of ours: created under a name that we chose, and removed whatever comes."""

from __future__ import annotations

import contextlib
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from janbench.engines.docker.daemon import Daemon, docker_errors, is_missing

if TYPE_CHECKING:
    from docker.models.containers import Container

LABEL = (
    "janbench"  # whatever the daemon kills us for: `docker ps -a --filter label=janbench` finds it
)


@contextlib.contextmanager
def container(
    daemon: Daemon, image: str, command: list[str], labels: dict[str, str], **options: Any
) -> Iterator[Container]:
    """Create a container of k6 and remove it at the end, with its volumes.

    It is removed by name, so that an interrupt during its creation leaves nothing either.
    """
    name = f"janbench-{secrets.token_hex(6)}"
    try:
        with docker_errors(f"create a container of {image}"):
            made = daemon.client.containers.create(
                image,
                command,
                entrypoint=["k6"],
                name=name,
                labels={LABEL: "1", **labels},
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                **options,
            )
        yield made
    finally:
        _remove(daemon, name)


def _remove(daemon: Daemon, name: str) -> None:
    failed_already = sys.exc_info()[0] is not None
    try:
        with docker_errors(f"remove the container {name}"):
            try:
                daemon.client.api.remove_container(name, force=True, v=True)
            except Exception as error:
                if not is_missing(error):
                    raise
    except Exception:
        if not failed_already:  # the first failure is the one to tell
            raise


class LogPump:
    """Reads a container's output in a thread and gives it on line by line.

    A long line comes in several pieces, and one of the other stream may come between them.
    """

    def __init__(self, pieces: Iterable[tuple[int, bytes]], line: Callable[[str], None]) -> None:
        self.ended = threading.Event()
        self._pieces = pieces
        self._line = line
        self._thread = threading.Thread(target=self._pump, name="janbench-docker-log", daemon=True)

    @property
    def started(self) -> bool:
        """Whether it has begun to read."""
        return self._thread.ident is not None

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until everything that was written has been given on."""
        if self.started:
            self._thread.join(timeout_s)

    def _pump(self) -> None:
        rests: dict[int, bytes] = {}
        try:
            # A connection that breaks ends the log; whoever waits for the exit code learns why.
            with contextlib.suppress(Exception):
                for stream, piece in self._pieces:
                    *lines, rest = (rests.get(stream, b"") + piece).split(b"\n")
                    rests[stream] = rest
                    for line in lines:
                        self._give(line)
            for rest in filter(None, rests.values()):
                self._give(rest)
        finally:
            self.ended.set()

    def _give(self, raw: bytes) -> None:
        self._line(raw.decode("utf-8", "replace").rstrip("\r"))
