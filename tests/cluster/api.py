"""The API: what each request gets, apart from HTTP itself."""

from __future__ import annotations

import base64
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.cluster import log
from tests.cluster.container import Container
from tests.cluster.crd import validate_as_before_1_1
from tests.cluster.k6_operator import Operator
from tests.cluster.pod import GRACE_S, Pod
from tests.cluster.refusal import (
    RefusalError,
    bad_request,
    forbidden,
    no_such_path,
    not_found,
)
from tests.cluster.request import Asked, Hiccup, Reply
from tests.cluster.store import Body, Store, merge, now, selects

KINDS = {
    "configmaps": "ConfigMap",
    "events": "Event",
    "pods": "Pod",
    "testruns": "TestRun",
    "secrets": "Secret",
}
_NAMESPACED = re.compile(
    r"/(?P<group>api/v1|apis/k6\.io/v1alpha1)/namespaces/(?P<namespace>[^/]+)"
    r"/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>log|status))?"
)
_RESOURCES = {
    "api/v1": ("configmaps", "events", "pods", "secrets"),
    "apis/k6.io/v1alpha1": ("testruns",),
}
_STEP_S = 0.2
_VERSION = {
    "major": "1",
    "minor": "31",
    "gitVersion": "v1.31.0",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2024-08-13T07:28:49Z",
    "goVersion": "go1.22.5",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_K6_RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": "k6.io/v1alpha1",
    "resources": [
        {
            "name": "testruns",
            "singularName": "testrun",
            "namespaced": True,
            "kind": "TestRun",
            "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
        }
    ],
}


class Api:
    """The API server's answers."""

    def __init__(
        self,
        store: Store,
        operator: Operator | None,
        secrets: Mapping[str, Mapping[str, str]],
        refused: frozenset[str],
        closing: Callable[[], bool],
        *,
        old_operator: str = "",
        hiccups: Mapping[tuple[str, str], Hiccup] | None = None,
    ) -> None:
        self._hiccups = hiccups or {}
        self._asked: Counter[tuple[str, str]] = Counter()
        self._store = store
        self._operator = operator
        self._secrets = secrets
        self._refused = refused
        self._closing = closing
        self._old_operator = old_operator
        self.rights: set[tuple[str, str]] = set()

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Reply:
        """Answer a request; raises RefusalError."""
        if path.startswith("/apis/k6.io") and self._operator is None:
            raise no_such_path()
        path = path.rstrip("/")
        if path == "/version":
            return Reply(body=_VERSION)
        if path == "/apis/k6.io/v1alpha1":
            return Reply(body=_K6_RESOURCES)
        found = _NAMESPACED.fullmatch(path)
        if found is None or found["resource"] not in _RESOURCES[found["group"]]:
            raise no_such_path()
        namespace, resource, name, sub = (
            found[part] or "" for part in ("namespace", "resource", "name", "sub")
        )
        asked = Asked(method, namespace, resource, name, sub, query, body)
        self._permit(asked)
        return self._serve(asked)

    def _permit(self, asked: Asked) -> None:
        full = f"{asked.resource}/{asked.sub}" if asked.sub else asked.resource
        self.rights.add((asked.verb, full))
        if {full, f"{asked.verb} {full}"} & self._refused:
            raise forbidden(asked.verb, asked.resource, asked.sub, asked.namespace, asked.name)
        hiccup = self._hiccups.get((asked.verb, full))
        self._asked[asked.verb, full] += 1
        if hiccup and 0 < self._asked[asked.verb, full] - hiccup.after <= hiccup.times:
            if hiccup.status == 403:
                raise forbidden(asked.verb, asked.resource, asked.sub, asked.namespace, asked.name)
            raise not_found(asked.resource, asked.name)

    def _serve(self, asked: Asked) -> Reply:
        if asked.resource == "secrets":
            return Reply(body=self._secret(asked))
        if asked.sub == "log":
            return self._log(asked)
        if asked.method == "POST" and asked.resource != "pods":
            return Reply(201, self._create(asked))
        if asked.method == "GET":
            return self._read(asked)
        if asked.method in ("PATCH", "PUT") and isinstance(asked.body, dict):
            return Reply(body=self._change(asked))
        if asked.method == "DELETE" and asked.name:
            return Reply(body=self._delete(asked))
        message = "the server does not allow this method on the requested resource"
        raise RefusalError(405, "MethodNotAllowed", message)

    def _secret(self, asked: Asked) -> Body:
        if asked.method != "GET" or asked.name not in self._secrets:
            raise not_found("secrets", asked.name)
        data = {
            key: base64.b64encode(value.encode()).decode()
            for key, value in self._secrets[asked.name].items()
        }
        metadata = {"name": asked.name, "namespace": asked.namespace}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}

    def _create(self, asked: Asked) -> Body:
        given = (asked.body or {}).get("metadata") or {}
        if not given.get("name"):
            raise RefusalError(
                422, "Invalid", f"{KINDS[asked.resource]} is invalid: no metadata.name"
            )
        if given.get("namespace", asked.namespace) != asked.namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the"
                " request"
            )
        if asked.resource == "testruns" and self._old_operator:
            validate_as_before_1_1(asked.body, strict=self._old_operator == "refuses")
        return self._store.add(asked.resource, asked.namespace, asked.body)

    def _change(self, asked: Asked) -> Body:
        def change(body: Body) -> None:
            if asked.method == "PUT":
                status = body.get("status")
                kept = {k: body["metadata"][k] for k in ("uid", "creationTimestamp")}
                body.clear()
                merge(body, asked.body)
                body["metadata"].update(kept)
                body.update({"status": status} if status else {})
            else:
                merge(body, asked.body)

        return self._store.change(asked.resource, asked.namespace, asked.name, change)

    def _delete(self, asked: Asked) -> Body:
        options = {**(asked.body or {}), **asked.query}
        body = self._store.get(asked.resource, asked.namespace, asked.name)
        if asked.resource == "pods":
            grace = float(options.get("gracePeriodSeconds", GRACE_S))
            self._pod(asked.namespace, asked.name).delete(grace)
            return self._store.get(asked.resource, asked.namespace, asked.name)
        if asked.resource == "testruns" and options.get("propagationPolicy") == "Foreground":
            marks = {"deletionTimestamp": now(), "finalizers": ["foregroundDeletion"]}
            return self._store.change(
                asked.resource,
                asked.namespace,
                asked.name,
                lambda body: body["metadata"].update(marks),
            )
        self._store.remove(asked.resource, asked.namespace, asked.name)
        details = {"name": asked.name, "kind": asked.resource, "uid": body["metadata"]["uid"]}
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }

    def _read(self, asked: Asked) -> Reply:
        if asked.name:
            return Reply(body=self._store.get(asked.resource, asked.namespace, asked.name))
        if asked.verb == "watch":
            return Reply(stream=self._watch(asked))
        with self._store.changed:
            items = self._store.all(asked.resource, asked.namespace)
            version = str(self._store.version)
        return Reply(
            body={
                "apiVersion": "k6.io/v1alpha1" if asked.resource == "testruns" else "v1",
                "kind": f"{KINDS[asked.resource]}List",
                "metadata": {"resourceVersion": version},
                "items": [item for item in items if self._wanted(asked, item)],
            }
        )

    def _watch(self, asked: Asked) -> Iterator[bytes]:
        deadline = time.monotonic() + float(asked.query.get("timeoutSeconds", 1800))
        since = int(asked.query.get("resourceVersion") or 0)
        if not since:
            with self._store.changed:
                items = self._store.all(asked.resource, asked.namespace)
                since = self._store.version
            for item in items:
                if self._wanted(asked, item):
                    yield _event("ADDED", item)
        while time.monotonic() < deadline and not self._closing():
            with self._store.changed:
                if self._store.version <= since:
                    self._store.changed.wait(_STEP_S)
                events = self._store.events(since)
            since += len(events)
            for event in events:
                same = event.object["metadata"]["namespace"] == asked.namespace
                if event.resource == asked.resource and same and self._wanted(asked, event.object):
                    yield _event(event.type, event.object)

    def _wanted(self, asked: Asked, body: Body) -> bool:
        field, _, value = asked.query.get("fieldSelector", "").partition("=")
        if field == "metadata.name" and body["metadata"]["name"] != value.lstrip("="):
            return False
        if field == "reason" and body.get("reason") != value.lstrip("="):
            return False
        return selects(asked.query.get("labelSelector", ""), body)

    def _log(self, asked: Asked) -> Reply:
        body = self._store.get("pods", asked.namespace, asked.name)
        pod = self._pod(asked.namespace, asked.name)
        if not body["spec"].get("nodeName"):  # the API server itself answers, with nothing
            return Reply(stream=iter(()), content_type="text/plain")
        container = _container(pod, asked.query.get("container") or pod.main.name)
        if not container.processes:
            waiting = container.state.get("waiting", {}).get("reason", "ContainerCreating")
            why = f"waiting to start: {waiting}"
            if "Image" in waiting:
                why = "waiting to start: trying and failing to pull image"
            raise bad_request(f'container "{container.name}" in pod "{pod.name}" is {why}')
        fault = pod.fault
        kept = container.previous_log if asked.query.get("previous") == "true" else container.log
        chunks = kept.read(asked.query, self._closing, fault.rotated_log_bytes)
        if fault.no_sidecar_logs and container is not pod.main:
            chunks = (b"" for _ in chunks)
        if fault.drop_log_after_bytes is not None and asked.query.get("follow") == "true":
            chunks = log.cut_after(chunks, fault.drop_log_after_bytes)
        return Reply(stream=chunks, content_type="text/plain")

    def _pod(self, namespace: str, name: str) -> Pod:
        if self._operator is None:
            raise not_found("pods", name)
        return self._operator.pod(namespace, name)


def _container(pod: Pod, name: str) -> Container:
    for container in pod.containers:
        if container.name == name:
            return container
    raise bad_request(f"container {name} is not valid for pod {pod.name}")


def _event(kind: str, body: Body) -> bytes:
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"
