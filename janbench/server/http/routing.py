"""From a method and a path to the function that answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from janbench.server.accounts import User
from janbench.server.faults import Backend, Fault, with_html
from janbench.server.http.exchange import Exchange, HttpRequest, Reply
from janbench.server.state import ServerState


class NotJsonError(ValueError):
    """The body isn't a JSON object."""


@dataclass
class Call:
    """One request on its way through a handler."""

    state: ServerState
    exchange: Exchange
    request: HttpRequest
    params: dict[str, str]
    fault: Fault
    user: User

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object in the body; raises NotJsonError."""
        return parse_object(self.request)

    def text(self, value: dict[str, Any]) -> dict[str, Any]:
        """`value`, with HTML in its texts where the fault asks for it."""
        return cast("dict[str, Any]", with_html(value)) if self.fault.html else value

    def refuse(self) -> None:
        """Let the model's server refuse what it is asked for, beside the request's own fault."""
        self.fault = replace(self.fault, backend=Backend.REFUSES)


Handler = Callable[[Call], Reply | None]
"""Answers, or returns None when a delivery will."""


@dataclass(frozen=True)
class Route:
    """One operation of an API; `{name}` in the pattern matches one segment of the path."""

    method: str
    pattern: str
    handler: Handler
    protected: bool = True
    generates: bool = False
    login: bool = False


class Router:
    """Finds routes; a path without parameters costs one look-up."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[re.Pattern[str], Route]] = []
        for route in routes:
            if "{" in route.pattern:
                regex = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.pattern)
                self._patterns.append((re.compile(regex), route))
            else:
                self._fixed[route.method, route.pattern] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its parameters, or None."""
        route = self._fixed.get((method, path))
        if route is not None:
            return route, {}
        for pattern, candidate in self._patterns:
            if candidate.method == method and (match := pattern.fullmatch(path)):
                return candidate, match.groupdict()
        return None


def parse_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in a request's body; raises NotJsonError."""
    try:
        value = request.json()
    except ValueError as error:
        raise NotJsonError(str(error)) from None
    if not isinstance(value, dict):
        raise NotJsonError("not an object")
    return value
