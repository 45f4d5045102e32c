"""What the API server keeps: objects by resource, namespace and name, and every change."""

from __future__ import annotations

import copy
import datetime
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.cluster.refusal import already_exists, not_found

Body = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One change, as a watch reports it."""

    type: str
    resource: str
    object: Body


def now() -> str:
    """Return the time as metadata has it."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """Objects and their changes; an object's resourceVersion is the number of its last change."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.created: list[tuple[str, Body]] = []
        self._objects: dict[tuple[str, str, str], Body] = {}
        self._events: list[Event] = []

    @property
    def version(self) -> int:
        """The number of the last change."""
        return len(self._events)

    def add(self, resource: str, namespace: str, body: Body) -> Body:
        """Create an object; refuses a name that is taken."""
        with self.changed:
            body = copy.deepcopy(body)
            metadata = body.setdefault("metadata", {})
            key = (resource, namespace, metadata["name"])
            if key in self._objects:
                raise already_exists(resource, metadata["name"])
            metadata.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=now())
            self._objects[key] = body
            self._note("ADDED", resource, body)
            self.created.append((resource, copy.deepcopy(body)))
            return copy.deepcopy(body)

    def get(self, resource: str, namespace: str, name: str) -> Body:
        """Return an object; refuses one that doesn't exist."""
        with self.changed:
            return copy.deepcopy(self._stored(resource, namespace, name))

    def has(self, resource: str, namespace: str, name: str) -> bool:
        """Tell whether an object exists."""
        return (resource, namespace, name) in self._objects

    def all(self, resource: str, namespace: str | None = None) -> list[Body]:
        """Return the objects of a resource, of one namespace or of all."""
        with self.changed:
            return [
                copy.deepcopy(body)
                for (kind, place, _), body in self._objects.items()
                if kind == resource and namespace in (None, place)
            ]

    def change(
        self, resource: str, namespace: str, name: str, how: Callable[[Body], object]
    ) -> Body:
        """Change an object by `how`; a change that changes nothing is none."""
        with self.changed:
            body = self._stored(resource, namespace, name)
            before = copy.deepcopy(body)
            how(body)
            if body != before:
                self._note("MODIFIED", resource, body)
            return copy.deepcopy(body)

    def remove(self, resource: str, namespace: str, name: str) -> Body:
        """Delete an object at once."""
        with self.changed:
            body = self._stored(resource, namespace, name)
            del self._objects[(resource, namespace, name)]
            self._note("DELETED", resource, body)
            return body

    def names(self) -> Iterator[tuple[str, str]]:
        """Return every object's resource and name."""
        with self.changed:
            return iter([(resource, name) for resource, _, name in self._objects])

    def events(self, since: int) -> list[Event]:
        """Return the changes after the change `since`."""
        with self.changed:
            return self._events[since:]

    def _stored(self, resource: str, namespace: str, name: str) -> Body:
        try:
            return self._objects[(resource, namespace, name)]
        except KeyError:
            raise not_found(resource, name) from None

    def _note(self, kind: str, resource: str, body: Body) -> None:
        body["metadata"]["resourceVersion"] = str(len(self._events) + 1)
        self._events.append(Event(kind, resource, copy.deepcopy(body)))
        self.changed.notify_all()


def selects(selector: str, body: Mapping[str, Any]) -> bool:
    """Tell whether an object has the labels of a selector (`a=b,c=d,e!=f,g,!h`)."""
    labels = body["metadata"].get("labels") or {}
    return all(_has(labels, term.strip()) for term in selector.split(",") if term.strip())


def _has(labels: Mapping[str, str], term: str) -> bool:
    if "!=" in term:
        name, _, value = term.partition("!=")
        return labels.get(name.strip()) != value.strip()
    if "=" in term:
        name, _, value = term.replace("==", "=").partition("=")
        return labels.get(name.strip()) == value.strip()
    return term[1:] not in labels if term.startswith("!") else term in labels


def merge(body: Body, patch: Mapping[str, Any]) -> None:
    """Apply a JSON merge patch (RFC 7386) in place."""
    for name, value in patch.items():
        if value is None:
            body.pop(name, None)
        elif isinstance(value, dict) and isinstance(body.get(name), dict):
            merge(body[name], value)
        else:
            body[name] = copy.deepcopy(value)
