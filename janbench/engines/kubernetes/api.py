"""The few requests that a run makes of a cluster, and what their failures mean."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from janbench.errors import ConfigError, EngineError
from janbench.model.cluster import ClusterOptions

_GROUP, _VERSION, _PLURAL = "k6.io", "v1alpha1", "testruns"
_ANSWER_S = (5, 20)  # to connect, to hear something
_QUIET_S = (5, 60)  # a log that is silent for longer is asked for anew
_IN_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_RIGHTS = "The rights that a run needs are listed in docs/kubernetes.md."


class UnreachableError(EngineError):
    """The cluster gave no answer, or only that it can't answer now: it may later."""


class ForbiddenError(EngineError):
    """The cluster refuses what it never allowed before."""


class GoneError(EngineError):
    """What was asked for doesn't exist (any more)."""


class ClusterApi:
    """A namespace of a cluster; every method raises EngineError."""

    def __init__(self, client: Any, namespace: str) -> None:
        import kubernetes

        self.namespace = namespace
        self._allowed: set[str] = set()  # what has been allowed before
        self._client = client
        self._core: Any = kubernetes.client.CoreV1Api(client)
        self._custom: Any = kubernetes.client.CustomObjectsApi(client)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def check(self) -> None:
        """Raise EngineError when the cluster can't be reached or has no k6-operator."""
        ask = self._custom.get_api_resources
        try:
            with self._told("look for k6-operator"):
                ask(_GROUP, _VERSION, _preload_content=False, _request_timeout=_ANSWER_S)
        except GoneError:
            raise EngineError(
                "the cluster has no k6-operator",
                hint="Install it: https://grafana.com/docs/k6/latest/set-up/set-up-distributed-k6/",
            ) from None

    def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Create a ConfigMap or a TestRun; return a TestRun as the cluster has kept it."""
        kept: dict[str, Any] = {}
        with self._told(f"create the {manifest['kind']}"):
            if manifest["kind"] == "ConfigMap":
                self._core.create_namespaced_config_map(
                    self.namespace, manifest, _request_timeout=_ANSWER_S
                )
            else:
                kept = self._custom.create_namespaced_custom_object(
                    *self._test_runs(), manifest, _request_timeout=_ANSWER_S
                )
        return kept

    def delete(self, kind: str, name: str) -> None:
        """Delete a ConfigMap or a TestRun with its pods; one that is gone is no error."""
        with contextlib.suppress(GoneError), self._told(f"delete the {kind} {name}"):
            if kind == "ConfigMap":
                self._core.delete_namespaced_config_map(
                    name, self.namespace, _request_timeout=_ANSWER_S
                )
            else:
                self._custom.delete_namespaced_custom_object(
                    *self._test_runs(),
                    name,
                    propagation_policy="Background",
                    _request_timeout=_ANSWER_S,
                )

    def stage(self, name: str) -> str:
        """Return the stage of a TestRun; empty before the operator has looked at it.

        Raises GoneError when somebody has deleted it.
        """
        with self._told("read the TestRun"):
            found: dict[str, Any] = self._custom.get_namespaced_custom_object(
                *self._test_runs(), name, _request_timeout=_ANSWER_S
            )
        return str((found.get("status") or {}).get("stage", ""))

    def pods(self, test_run: str) -> list[dict[str, Any]]:
        """Return the pods that the operator made for a TestRun, as the API's JSON."""
        with self._told("list the pods"):
            answer = self._core.list_namespaced_pod(
                self.namespace,
                label_selector=f"k6_cr={test_run}",
                _preload_content=False,
                _request_timeout=_ANSWER_S,
            )
            items: list[dict[str, Any]] = json.loads(answer.data)["items"]
        return items

    def refused_pods(self, test_run: str) -> list[str]:
        """Return why pods of a TestRun could not be created; empty where events may not be read."""
        with contextlib.suppress(ForbiddenError), self._told("list the events"):
            answer = self._core.list_namespaced_event(
                self.namespace,
                field_selector="reason=FailedCreate",
                _preload_content=False,
                _request_timeout=_ANSWER_S,
            )
            items: list[dict[str, Any]] = json.loads(answer.data)["items"]
            return [
                str(item.get("message", ""))
                for item in items
                if str((item.get("involvedObject") or {}).get("name", "")).startswith(test_run)
            ]
        return []

    def log(
        self, pod: str, container: str, follow: bool, previous: bool = False
    ) -> Iterator[bytes]:
        """Return the lines of a log from its beginning, each with its time in front.

        With `follow` they go on until the container ends. `previous`: of the one before a restart.
        """
        with self._told(f"read the log of {pod}"):
            answer = self._core.read_namespaced_pod_log(
                pod,
                self.namespace,
                container=container,
                follow=follow,
                previous=previous,
                timestamps=True,
                _preload_content=False,
                _request_timeout=_QUIET_S,
            )
        with self._told(f"read the log of {pod}"), contextlib.closing(answer):
            rest = b""
            for piece in answer.stream():
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
            if rest:
                yield rest

    def _test_runs(self) -> tuple[str, str, str, str]:
        return _GROUP, _VERSION, self.namespace, _PLURAL

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn what the client raises into errors of ours.

        A refusal of what was allowed before is temporary: an API server that has just been
        restarted refuses until it knows everybody's rights again.
        """
        action = " ".join(what.split()[:3])
        try:
            with _errors_of_ours(what):
                yield
        except ForbiddenError as error:
            if action in self._allowed:
                raise UnreachableError(error.message, hint=error.hint) from None
            raise
        self._allowed.add(action)


def connect(options: ClusterOptions, environment: Mapping[str, str]) -> ClusterApi:
    """Find the cluster: `KUBECONFIG`, `~/.kube/config` or, in a pod, the pod's own.

    Raises EngineError when there is none, ConfigError for an unknown context.
    """
    try:
        import kubernetes
        import yaml
    except ImportError:
        raise EngineError(
            "the Python package 'kubernetes' is not installed",
            hint="Install it beside janbench: pip install 'kubernetes>=31'",
        ) from None
    config: Any = kubernetes.config
    settings = kubernetes.client.Configuration()
    settings.retries = False  # here it is decided what is tried again
    settings.connection_pool_maxsize = 256  # two logs are followed for each runner
    file = environment.get("KUBECONFIG") or None
    try:
        contexts, current = config.list_kube_config_contexts(file)
        chosen = _chosen(options.context, contexts, current)
        config.load_kube_config(file, chosen["name"], settings)
        namespace = chosen["context"].get("namespace", "")
    except config.ConfigException as error:
        if options.context or not (_IN_POD / "token").exists():
            raise EngineError(
                f"no cluster is known here: {_one_line(error)}",
                where=file or "~/.kube/config",
                hint="Point KUBECONFIG at a kubeconfig; 'kubectl config view' shows yours.",
            ) from None
        config.load_incluster_config(settings)
        namespace = (_IN_POD / "namespace").read_text(encoding="utf-8").strip()
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        place = file or "the kubeconfig"
        raise EngineError(f"{place} can't be read: {_one_line(error)}") from None
    client = kubernetes.client.ApiClient(settings)
    return ClusterApi(client, options.namespace or namespace or "default")


def _chosen(wanted: str, contexts: list[dict[str, Any]], current: dict[str, Any]) -> dict[str, Any]:
    if not wanted:
        return current
    for context in contexts:
        if context["name"] == wanted:
            return context
    names = ", ".join(context["name"] for context in contexts)
    raise ConfigError(
        f"--context: the kubeconfig has no context {wanted!r}", hint=f"It has: {names}."
    )


@contextlib.contextmanager
def _errors_of_ours(what: str) -> Iterator[None]:
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise _refusal(error, what) from None
    except (HTTPError, OSError, ValueError) as error:
        raise UnreachableError(
            f"the cluster gave no answer (to {what}): {_one_line(error)}",
            hint="'kubectl cluster-info' shows whether it can be reached from here.",
        ) from None


def _refusal(error: Any, what: str) -> EngineError:
    status, said = error.status, error.reason or ""
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        body = error.body.decode() if isinstance(error.body, bytes) else error.body
        said = json.loads(body)["message"]
    if status == 401:
        return ForbiddenError(
            "the cluster doesn't accept your credentials (401)",
            hint="Log in anew; 'kubectl auth whoami' shows who you are there.",
        )
    if status == 403:
        return ForbiddenError(f"not allowed to {what}: {said}", hint=_RIGHTS)
    kind = UnreachableError if status in (0, 429) or status >= 500 else EngineError
    kind = GoneError if status == 404 else kind
    return kind(f"the cluster refused to {what}: {said} ({status})")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
