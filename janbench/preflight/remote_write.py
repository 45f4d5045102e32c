"""Is the Prometheus that a run pushes to there, and does it take pushes?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from janbench.model.telemetry import RemoteWrite, is_loopback
from janbench.remote_write import push

_INSIDE = {
    "docker": "inside the container that k6 runs in",
    "kubernetes": "inside the pod that k6 runs in",
}
_DOCKER_MARK = Path("/.dockerenv")


def check_remote_write(
    target: RemoteWrite, engine: str, environment: Mapping[str, str], timeout_s: float = 5.0
) -> list[str]:
    """Return warnings before a run: a loopback address in the wrong place, a receiver that refuses.

    None of them stops a run: a load test is worth having without its graphs.
    """
    warnings = []
    place = _elsewhere(engine, environment)
    if place and is_loopback(urlsplit(target.url).hostname or ""):
        warnings.append(
            f"the Prometheus at {target.url} is a loopback address, which {place} means that place "
            "itself and not your machine; use a name that is known there "
            "(Docker: host.docker.internal)"
        )
        if engine in _INSIDE:
            return warnings  # asking from here would say nothing about there
    problem = push(target, [], timeout_s)
    if problem:
        warnings.append(
            f"the Prometheus at {target.url} doesn't take pushes ({problem}); "
            "the run goes on, but its metrics may be missing there"
        )
    return warnings


def _elsewhere(engine: str, environment: Mapping[str, str]) -> str:
    if engine in _INSIDE:
        return _INSIDE[engine]
    if _DOCKER_MARK.exists():
        return "inside this container"
    if environment.get("CI", "").lower() in ("true", "1"):
        return "in CI"
    return ""
