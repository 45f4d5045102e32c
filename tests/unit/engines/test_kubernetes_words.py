"""What a cluster's errors become, without a cluster."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from janbench.engines.kubernetes.api import (
    ClusterApi,
    ForbiddenError,
    GoneError,
    UnreachableError,
    _errors_of_ours,
    connect,
)
from janbench.errors import ConfigError, EngineError
from janbench.model.cluster import ClusterOptions

kubernetes = pytest.importorskip("kubernetes")
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: near
contexts:
  - {name: near, context: {cluster: a, user: u, namespace: load}}
  - {name: far, context: {cluster: a, user: u}}
clusters: [{name: a, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {}}]
"""


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, "", ForbiddenError, "doesn't accept your credentials"),
        (403, '{"message": "pods is forbidden"}', ForbiddenError, "to look: pods is forbidden"),
        (404, "", GoneError, "404"),
        (422, '{"message": "spec.x is invalid"}', EngineError, "to look: spec.x is invalid"),
        (503, "no JSON", UnreachableError, "503"),
    ],
)
def test_refusals(status: int, body: str, kind: type[EngineError], words: str) -> None:
    error = kubernetes.client.ApiException(status=status, reason="a reason")
    error.body = body
    with pytest.raises(kind, match=words), _errors_of_ours("look"):
        raise error


def test_a_refused_connection_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    api = connect(ClusterOptions(), {"KUBECONFIG": str(tmp_path / "config")})
    with pytest.raises(UnreachableError, match="gave no answer") as error:
        api.check()
    api.close()
    assert "\n" not in error.value.message
    assert "kubectl cluster-info" in error.value.hint


def test_contexts_and_namespaces(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    environment = {"KUBECONFIG": str(file)}
    for options, namespace in (
        (ClusterOptions(), "load"),
        (ClusterOptions(context="far"), "default"),
        (ClusterOptions(context="far", namespace="mine"), "mine"),
    ):
        api = connect(options, environment)
        assert api.namespace == namespace
        api.close()
    with pytest.raises(ConfigError, match="no context 'fra'") as error:
        connect(ClusterOptions(context="fra"), environment)
    assert "near, far" in error.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no cluster is known here"),
        ("", "no cluster is known here"),
        ("a: [b", "can't be read"),
        (KUBECONFIG.replace("current-context: near", ""), "no cluster is known here"),
    ],
)
def test_kubeconfigs_that_are_none(text: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text)
    with pytest.raises(EngineError, match=words) as error:
        connect(ClusterOptions(), {"KUBECONFIG": str(file)})
    assert "\n" not in error.value.message


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(EngineError, match="'kubernetes' is not installed") as error:
        connect(ClusterOptions(), {})
    assert "pip install" in error.value.hint


def test_a_refusal_of_what_was_allowed_before_is_temporary() -> None:
    """A restarted API server answers 403 until it has read everybody's rights again."""
    from kubernetes.client import ApiException

    api = ClusterApi.__new__(ClusterApi)
    api._allowed = set()

    def ask(status: int | None) -> None:
        with api._told("list the pods"):
            if status is not None:
                raise ApiException(status=status, reason="no")

    with pytest.raises(ForbiddenError):
        ask(403)
    ask(None)
    with pytest.raises(UnreachableError):
        ask(403)
