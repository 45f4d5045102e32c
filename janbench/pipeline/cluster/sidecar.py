"""What runs beside the k6 of a pod: the timing proxy, and the way home for what is measured."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from janbench.engines.k6.rest import is_paused, read_progress
from janbench.engines.kubernetes.shipment import ShipmentSender
from janbench.errors import CompanionError
from janbench.model.job import Progress
from janbench.pipeline.companions import companion

_LOOK_S = 0.2  # to which the start and the end are known
_SHIP_S = 1.0


def run_sidecar(
    records: Path,
    address: str,
    proxy: Sequence[str],
    write: Callable[[str], None],
    stop: threading.Event,
) -> None:
    """Ship what grows in `records` until `stop`; then the rest.

    `address` is that of k6's REST API, `proxy` holds the arguments of the timing proxy, none for
    a run without one. Raises CompanionError when the proxy doesn't come up.
    """
    sender = ShipmentSender(records, write)
    watch = _K6Watch(address)
    with ExitStack() as stack:
        if proxy:
            stack.enter_context(companion("proxy", [*proxy, "--records", records]))
        due = time.monotonic()
        while not stop.wait(_LOOK_S):
            watch.look()
            if time.monotonic() >= due:
                due = time.monotonic() + _SHIP_S
                sender.grown()
                sender.progress(watch.progress(), watch.began, watch.paused)
    sender.finish(watch.ended or time.time())


def await_proxy(address: str, timeout_s: float = 120.0) -> None:
    """Wait until something listens at `address` (host:port).

    Raises CompanionError when nothing does in time.
    """
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                message = f"the timing proxy did not listen at {address} in {timeout_s:g} s"
                raise CompanionError(f"{message}: {error.strerror or error}") from None
        time.sleep(_LOOK_S)


class _K6Watch:
    """When the k6 of this pod began and ended its load, and how far it is."""

    def __init__(self, address: str) -> None:
        self.paused = False
        self.began: float | None = None
        self.ended: float | None = None
        self._address = address
        self._previous: Progress | None = None

    def look(self) -> None:
        """Look whether it is paused, at work, or gone."""
        paused = is_paused(self._address)
        self.paused = paused is True
        if paused is None:
            if self.began is not None and self.ended is None:
                self.ended = time.time()
            return
        self.ended = None  # it was only late with an answer
        if not paused and self.began is None:
            self.began = time.time()

    def progress(self) -> Progress:
        """Return a glance at it; what was seen last, when it gives no answer."""
        if self.began is None or self.ended is not None:
            return self._previous or Progress(0.0)
        elapsed = time.time() - self.began
        self._previous = read_progress(self._address, elapsed, self._previous)
        return self._previous
