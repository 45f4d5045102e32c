"""Several k6 of this machine that share one load: each takes a segment of it, all start at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from janbench import process
from janbench.engines.k6.command import WITHOUT_USER_OPTIONS, run_arguments, segment_arguments
from janbench.engines.k6.common_end import CommonEnd, ends_the_run, is_failure
from janbench.engines.k6.log import K6Log
from janbench.engines.k6.rest import free_address, is_ready, read_progress, resume, sum_progress
from janbench.errors import EngineError
from janbench.model.job import Job, Outcome, Progress, Watcher

_POLL_S = 0.1
_PROGRESS_S = 1.0
_READY_S = 60.0
_GRACE_S = 20.0


def run_together(k6: Path, jobs: Sequence[Job], watcher: Watcher) -> list[Outcome]:
    """Execute the instances of a run to their end; see `Engine.run`.

    They load paused and are resumed together, so that none begins before the others can. When one
    fails or aborts, the others end, too.
    """
    with ExitStack() as stack:
        members = [
            stack.enter_context(_member(k6, job, number, len(jobs), watcher))
            for number, job in enumerate(jobs, 1)
        ]
        interrupted = False
        try:
            _start(members)
            _watch(members, watcher)
        except KeyboardInterrupt:
            interrupted = True
            _stop(members)
        return [member.outcome(interrupted) for member in members]


class _Member:
    """One of them."""

    def __init__(self, child: process.Process, address: str, log: K6Log) -> None:
        self.child = child
        self.address = address
        self.log = log
        self.started = child.started
        self.began: float | None = None  # in seconds since 1970
        self.ended: float | None = None
        self.cut = False
        self.previous: Progress | None = None

    def poll(self) -> int | None:
        """Return the exit code, None while it runs; notes when it ended."""
        code = self.child.poll()
        if code is not None and self.ended is None:
            self.ended = time.monotonic()
        return code

    @property
    def errors(self) -> Sequence[str]:
        """The last error lines of its log."""
        return self.log.errors

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than by its own load or a threshold."""
        return is_failure(self.poll())

    def progress(self) -> Progress:
        """Look at it; what was seen last, when it has ended."""
        if self.poll() is None:
            elapsed = time.monotonic() - self.started
            self.previous = read_progress(self.address, elapsed, self.previous)
        return self.previous or Progress(time.monotonic() - self.started)

    def outcome(self, interrupted: bool) -> Outcome:
        """Return how it ended."""
        code = self.child.wait()  # and the rest of its output
        assert code is not None
        self.poll()
        elapsed = (self.ended or time.monotonic()) - self.started
        return Outcome(
            code,
            elapsed,
            interrupted,
            self.child.cpu_s,
            self.log.exceptions,
            tuple(self.log.errors),
            cut=self.cut,
            began=self.began,
        )


@contextlib.contextmanager
def _member(k6: Path, job: Job, number: int, of: int, watcher: Watcher) -> Iterator[_Member]:
    address = free_address()
    extra = (*segment_arguments(number, of), "--paused", "--tag", f"instance_id={number}")
    if job.samples is not None:
        extra += ("--out", f"csv={job.samples}")
    extra = (*WITHOUT_USER_OPTIONS, *job.arguments, *extra)
    arguments = run_arguments(str(job.script), str(job.summary), address, job.tags, extra)
    with K6Log(job.log, job.secrets, lambda line: watcher.line(f"[{number}] {line}")) as log:
        child = process.Process(
            [k6, *arguments], environment=job.environment, folder=job.folder, line=log.take
        )
        try:
            yield _Member(child, address, log)
        finally:
            if child.poll() is None:
                child.stop(1)


def _start(members: Sequence[_Member]) -> None:
    """Wait until every one has loaded the script, and let all begin; one that ends ends the wait.

    Raises EngineError when one doesn't come up.
    """
    deadline = time.monotonic() + _READY_S
    waiting = list(members)
    while waiting:
        waiting = [member for member in waiting if not is_ready(member.address)]
        if any(member.poll() is not None for member in members):
            return  # the watch that follows makes of it what it is
        if time.monotonic() > deadline:
            raise EngineError(
                f"{len(waiting)} of {len(members)} instances of k6 did not come up in "
                f"{_READY_S:g} s",
                hint="Use fewer: --instances.",
            )
        time.sleep(_POLL_S / 2)
    for member in members:
        if not resume(member.address):
            raise EngineError("an instance of k6 gave no answer when it was to begin")
        member.started, member.began = time.monotonic(), time.time()


def _watch(members: Sequence[_Member], watcher: Watcher) -> None:
    shown_at = time.monotonic()
    end = CommonEnd()
    while any(member.poll() is None for member in members):
        if end.is_due(members):
            _stop([m for m in members if m.poll() is None and not ends_the_run(m)], cut=True)
        if time.monotonic() - shown_at >= _PROGRESS_S:
            shown_at = time.monotonic()
            watcher.progress(sum_progress([member.progress() for member in members]))
        time.sleep(_POLL_S)


def _stop(members: Sequence[_Member], *, cut: bool = False) -> None:
    if not members:
        return
    for member in members:
        member.cut = cut
    with ThreadPoolExecutor(len(members)) as pool:
        list(pool.map(lambda member: member.child.stop(_GRACE_S), members))
