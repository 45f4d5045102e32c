"""A pod's `status`, as the kubelet reports it."""

from __future__ import annotations

from collections.abc import Iterable

from tests.cluster.container import Container
from tests.cluster.store import Body

# By type: whether it is true, the reason and the message.
Conditions = dict[str, tuple[bool, str, str]]


def pod_status(
    phase: str,
    conditions: Conditions,
    init: Iterable[Container],
    main: Iterable[Container],
    *,
    number: int,
    since: str,
) -> Body:
    """Return the status; containers have an entry once the pod has a node."""
    status: Body = {
        "phase": phase,
        "conditions": [_condition(kind, *told) for kind, told in conditions.items()],
        "qosClass": "Burstable",
    }
    shown = {
        "initContainerStatuses": [container.status() for container in init],
        "containerStatuses": [container.status() for container in main],
    }
    status.update({name: entries for name, entries in shown.items() if entries})
    if status.get("containerStatuses"):
        status.update(hostIP=f"192.168.0.{number or 1}", startTime=since)
    if phase != "Pending":
        status["podIP"] = f"10.0.0.{number or 250}"
    return status


def evicted_status(since: str) -> Body:
    """Return the status of a pod that a node under pressure threw out: no container is told of."""
    return {
        "phase": "Failed",
        "reason": "Evicted",
        "message": "The node was low on resource: memory.",
        "startTime": since,
    }


def _condition(kind: str, true: bool, reason: str, message: str) -> Body:
    condition = {"type": kind, "status": str(true)}
    return {**condition, **{k: v for k, v in (("reason", reason), ("message", message)) if v}}
