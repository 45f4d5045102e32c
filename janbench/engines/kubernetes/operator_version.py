"""Recognizes a k6-operator that is too old, by what its TestRun leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from janbench.errors import EngineError

_NEEDED = "1.1.0"
# Older definitions of a TestRun don't know these fields of an init container. Without the first, a
# sidecar is waited for until it ends, which it never does.
_FIELDS = ("restartPolicy", "resources")
_HINT = (
    f"Upgrade k6-operator to {_NEEDED} or newer, its CustomResourceDefinitions included "
    "(helm upgrade leaves them as they are)."
)


def check_kept(sent: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    """Raise EngineError when the cluster has dropped a field of a TestRun without a word."""
    pairs = zip(_init_containers(sent), _init_containers(kept), strict=False)
    lost = [name for one, other in pairs for name in _FIELDS if name in one and name not in other]
    if lost or len(_init_containers(kept)) < len(_init_containers(sent)):
        raise _too_old(lost[0] if lost else "initContainers")


def check_refusal(error: EngineError) -> None:
    """Raise EngineError that names the version when strict validation refused such a field."""
    for name in _FIELDS:
        if "unknown field" in error.message and f"].{name}" in error.message:
            raise _too_old(name) from None


def _too_old(field: str) -> EngineError:
    return EngineError(
        f"the cluster's k6-operator is older than {_NEEDED}: its TestRun has no {field} for init "
        "containers, which the timing proxy needs",
        hint=_HINT,
    )


def _init_containers(test_run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    runner = (test_run.get("spec") or {}).get("runner") or {}
    return list(runner.get("initContainers") or ())
