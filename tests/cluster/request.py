"""A request to the API, its answer, and answers of a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}


@dataclass(frozen=True)
class Hiccup:
    """An answer of a moment: after the first `after` requests, `times` of them get `status`."""

    status: int
    after: int = 1
    times: int = 2


@dataclass(frozen=True)
class Reply:
    """An answer: JSON, or a stream of text or JSON lines."""

    code: int = 200
    body: Any = None
    stream: Iterator[bytes] | None = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class Asked:
    """A request for objects of a namespace."""

    method: str
    namespace: str
    resource: str
    name: str
    sub: str
    query: Mapping[str, str]
    body: Any

    @property
    def verb(self) -> str:
        """The verb that permissions name."""
        if self.method == "GET":
            several = "watch" if self.query.get("watch") == "true" else "list"
            return "get" if self.name else several
        return _VERBS[self.method]
