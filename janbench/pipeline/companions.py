"""Processes of ours beside k6: the timing proxy and, for a demo, the embedded server."""

from __future__ import annotations

import json
import queue
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from janbench.errors import CompanionError
from janbench.process import Process

_READY_S = 15.0
_STOP_S = 10.0


@contextmanager
def companion(
    verb: str, arguments: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Start `janbench VERB` on a free loopback port and stop it at the end; gives its base URL.

    `environment` is its whole one, ours when it is None. Raises CompanionError when it doesn't come
    up. It watches its standard input, so that it ends
    with us whatever happens.
    """
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    command = [sys.executable, "-m", "janbench", verb, *arguments]
    process = Process(
        [*command, "--ready-json", "--exit-with-stdin"],
        environment=environment,
        line=lines.put,
        hold_stdin=True,
    )
    try:
        yield _await_ready(verb, process, lines)
    finally:
        process.stop(_STOP_S)


def _await_ready(verb: str, process: Process, lines: queue.SimpleQueue[str]) -> str:
    deadline = time.monotonic() + _READY_S
    said: deque[str] = deque(maxlen=3)
    while time.monotonic() < deadline:
        try:
            line = lines.get(timeout=0.05)
        except queue.Empty:
            if process.poll() is not None and lines.empty():
                break
            continue
        if line.startswith('{"event"'):
            address = json.loads(line)
            host = f"[{address['host']}]" if ":" in address["host"] else address["host"]
            return f"http://{host}:{address['port']}"
        said.append(line)
    raise CompanionError(f"janbench {verb} did not start: {' '.join(said) or 'it said nothing'}")
