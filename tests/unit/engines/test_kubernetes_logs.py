"""Following a log: every line once, in order, whatever the connection does."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from janbench.engines.kubernetes import logs as kubernetes_logs
from janbench.engines.kubernetes.api import ForbiddenError, GoneError, UnreachableError
from janbench.engines.kubernetes.logs import LogFollower
from janbench.errors import EngineError

# Times as the kubelet writes them: a fraction without its last zeros; several lines may share one.
TIMES = ["05.1Z", "05.12Z", "05.12Z", "05.12Z", "05.2Z", "06Z", "06.000000001Z", "07.9Z"]
LOG = [f"2026-11-25T05:10:{at} line {n}".encode() for n, at in enumerate(TIMES)]
WHOLE = [f"line {number}" for number in range(len(LOG))]

# How a reading goes: the first and the last line that it gives, and how it ends.
Reading = tuple[int, int, EngineError | None]
CUT = UnreachableError("cut")


class _Container:
    def __init__(self, *readings: Reading) -> None:
        self.readings = list(readings)
        self.opened: list[bool] = []

    def open(self, follow: bool) -> Iterator[bytes]:
        self.opened.append(follow)
        first, last, error = self.readings.pop(0) if self.readings else (0, len(LOG), None)
        yield from LOG[first:last]
        if error is not None:
            raise error


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_logs, "_AGAIN_S", 0.01)


def _followed(container: _Container, ends_after: int = 1) -> tuple[list[str], LogFollower]:
    got: list[str] = []
    follower = LogFollower(container.open, got.append)
    deadline = time.monotonic() + 5
    while len(container.opened) < ends_after and time.monotonic() < deadline:
        time.sleep(0.005)
    follower.container_ended()
    follower.wait(5)
    assert follower.ended
    return got, follower


def test_times_of_other_zones_and_lengths_are_in_order() -> None:
    seconds = ["05", "05.000000001", "05.1", "05.1001", "05.12", "06", "06.9"]
    for zone in ("Z", "+01:00", "-11:30"):
        keys = [kubernetes_logs._sortable(f"2026-11-25T05:10:{s}{zone}") for s in seconds]
        assert keys == sorted(set(keys))


@pytest.mark.parametrize("cut", range(len(LOG) + 1))
def test_a_connection_that_breaks_off_loses_and_repeats_nothing(cut: int) -> None:
    container = _Container((0, cut, CUT), (0, cut, CUT), (0, cut + 1, None))
    got, follower = _followed(container, ends_after=4)
    assert got == WHOLE
    assert follower.problem is None


def test_a_connection_that_is_always_cut_is_given_up_for_plain_readings() -> None:
    cut = [(0, 2, CUT), (0, 4, None)] * 2
    container = _Container(*cut)
    got, _ = _followed(container, ends_after=4)
    assert got == WHOLE
    assert container.opened[:4] == [True, False, True, False]
    assert container.opened[-1] is False


def test_a_log_that_lost_its_beginning_goes_on() -> None:
    got, _ = _followed(_Container((0, 4, CUT), (1, 6, CUT), (4, len(LOG), None)))
    assert got == WHOLE


def test_a_pod_without_a_node_answers_with_nothing_at_first() -> None:
    got, _ = _followed(_Container((0, 0, None), (0, 0, None)), ends_after=3)
    assert got == WHOLE


def test_a_refusal_that_lasts_ends_it_and_is_told() -> None:
    refusals = [(0, 0, ForbiddenError("no"))] * kubernetes_logs._REFUSALS
    _, follower = _followed(_Container(*refusals), ends_after=len(refusals))
    assert follower.denied is not None


def test_a_refusal_of_a_moment_is_asked_about_again() -> None:
    """An API server that has just been restarted doesn't know yet who may do what."""
    container = _Container((0, 2, CUT), (0, 0, ForbiddenError("no")), (0, len(LOG), None))
    got, follower = _followed(container, ends_after=3)
    assert got == WHOLE
    assert follower.denied is None


def test_a_kubelet_that_knows_no_log_for_a_moment_loses_nothing() -> None:
    """It answers 404 after its restart, while the pod lives on."""
    missing = (0, 0, GoneError("could not find the requested resource (pods/log)"))
    got, follower = _followed(_Container((0, 3, CUT), missing, missing), ends_after=4)
    assert got == WHOLE
    assert follower.problem is None


def test_a_pod_that_is_gone_has_no_more_to_say() -> None:
    container = _Container((0, 3, CUT), *[(0, 0, GoneError("gone"))] * 1000)
    got: list[str] = []
    follower = LogFollower(container.open, got.append)
    follower.pod_gone()
    follower.wait(1)
    assert follower.ended
    assert len(container.opened) < 5
