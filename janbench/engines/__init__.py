"""Engines: what executes a script. A new one is a module and a line in `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable

from janbench.engines.base import Engine, EngineOptions
from janbench.engines.local.engine import LocalEngine
from janbench.errors import EngineError


# What most runs don't use is imported when it is asked for.
def _docker(options: EngineOptions) -> Engine:
    from janbench.engines.docker.engine import DockerEngine

    return DockerEngine.find(options)


def _kubernetes(options: EngineOptions) -> Engine:
    from janbench.engines.kubernetes.engine import KubernetesEngine

    return KubernetesEngine.find(options)


ENGINES: dict[str, Callable[[EngineOptions], Engine]] = {
    "local": LocalEngine.find,
    "docker": _docker,
    "kubernetes": _kubernetes,
}

AUTO_ORDER = ("local", "docker")


def choose_engine(name: str, options: EngineOptions) -> Engine:
    """Return the engine of that name; `auto` is the first that is there.

    Raises EngineError that says how to get one; for `auto`, what is wrong with each.
    """
    if name != "auto":
        return ENGINES[name](options)
    problems: list[EngineError] = []
    for candidate in AUTO_ORDER:
        try:
            return ENGINES[candidate](options)
        except EngineError as error:
            problems.append(error)
    raise EngineError(
        "; ".join(problem.message for problem in problems),
        hint="\n".join(problem.hint for problem in problems if problem.hint),
    )
