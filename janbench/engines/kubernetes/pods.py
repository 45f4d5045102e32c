"""What a runner's pod says of itself. Pods are as the API gives them, in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

K6 = "k6"
SIDECAR = "timing-proxy"
WAITER = "timing-proxy-ready"
_KILLED = -9

# Reasons for waiting that waiting won't end.
_HOPELESS = (
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "CrashLoopBackOff",
    "RunContainerError",
)


def number_of(pod: dict[str, Any]) -> int | None:
    """Return a runner's number, from 1; None for the operator's other pods."""
    labels = pod["metadata"].get("labels") or {}
    if labels.get("runner") != "true":
        return None
    job = labels.get("job-name") or labels.get("batch.kubernetes.io/job-name") or ""
    last = job.rpartition("-")[2]
    return int(last) if last.isdigit() else None


def is_initializer(pod: dict[str, Any]) -> bool:
    """Whether it is the pod in which the operator looks at the test."""
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("job-name", "")).endswith("-initializer")


def container_state(pod: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a container's state, `{waiting | running | terminated: {...}}`; empty when unknown."""
    state: dict[str, Any] = _status(pod, name).get("state") or {}
    return state


def has_log(pod: dict[str, Any], container: str) -> bool:
    """Whether a container has begun, so that there is a log to read."""
    state = container_state(pod, container)
    return "running" in state or "terminated" in state


def is_over(pod: dict[str, Any]) -> bool:
    """Whether a pod has ended, well or not."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def has_ended(pod: dict[str, Any], container: str) -> bool:
    """Whether a container writes nothing more: it has ended for good."""
    if is_over(pod):
        return True
    return container == K6 and "terminated" in container_state(pod, container)


def restarts(pod: dict[str, Any], container: str) -> str:
    """Say why a container was started anew; empty when it wasn't."""
    status = _status(pod, container)
    if not status.get("restartCount"):
        return ""
    ended = (status.get("lastState") or {}).get("terminated") or {}
    return str(ended.get("reason") or "its reason is unknown")


def sidecar_failure(pod: dict[str, Any]) -> str:
    """Say how the sidecar ended although k6 still needs it; empty when it didn't.

    Kubernetes starts it again at once, so that hardly more than its count of restarts is seen.
    """
    ended = _terminated(pod, SIDECAR)
    needed = not is_over(pod) and not _terminated(pod, K6)
    going = "deletionTimestamp" in pod["metadata"]
    if _status(pod, SIDECAR).get("restartCount") or (ended and needed and not going):
        last = (_status(pod, SIDECAR).get("lastState") or {}).get("terminated") or {}
        return f"{SIDECAR} ended: {_ending(ended or last)}"
    ended = _terminated(pod, WAITER)
    return f"{WAITER} failed: {_ending(ended)}" if ended.get("exitCode") else ""


def _ending(terminated: dict[str, Any]) -> str:
    if not terminated:
        return "Kubernetes no longer knows why"
    words = (terminated.get("reason"), terminated.get("message"))
    why = ": ".join(" ".join(str(word).split()) for word in words if word)
    return f"{why[:300] or 'no reason given'} (exit code {terminated.get('exitCode', 'unknown')})"


def exit_code(pod: dict[str, Any]) -> int | None:
    """Return k6's exit code (negative: the signal that killed it); None while it runs."""
    terminated = container_state(pod, K6).get("terminated")
    if terminated is not None:
        code = int(terminated.get("exitCode", 1))
        return 128 - code if code > 128 else code
    return _KILLED if is_over(pod) else None


def seconds(pod: dict[str, Any], container: str) -> float:
    """Return how long a container ran, to the second; 0 when it isn't known."""
    ended = _terminated(pod, container)
    try:
        begun, over = (
            datetime.fromisoformat(ended[name].replace("Z", "+00:00"))
            for name in ("startedAt", "finishedAt")
        )
    except (KeyError, ValueError, AttributeError):
        return 0.0
    return (over - begun).total_seconds()


def trouble(pod: dict[str, Any]) -> str:
    """Say what went wrong with a pod rather than with the test; empty for nothing."""
    status = pod.get("status") or {}
    if status.get("reason") == "Evicted":
        return f"its pod was evicted: {status.get('message') or 'no reason given'}"
    terminated = _terminated(pod, K6)
    if terminated.get("reason") == "OOMKilled":
        return "k6 ran out of memory and was killed. Raise --memory, or lower the rates."
    if terminated.get("reason") in ("StartError", "ContainerCannotRun"):
        return f"k6 could not be started: {terminated.get('message') or 'no reason given'}"
    if _terminated(pod, WAITER).get("exitCode"):
        return "its timing proxy did not come up"
    if status.get("phase") == "Failed" and not terminated:
        said = status.get("message") or status.get("reason") or "no reason given"
        return f"its pod failed: {said}"
    return ""


def why_waiting(pod: dict[str, Any]) -> tuple[str, bool]:
    """Say why a pod doesn't run yet, and whether waiting is hopeless; empty when it isn't known."""
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            waiting = (container.get("state") or {}).get("waiting") or {}
            reason = waiting.get("reason", "")
            if reason and reason not in ("PodInitializing", "ContainerCreating"):
                said = f"{container['name']}: {reason}: {waiting.get('message', '')}"
                return said.rstrip(": "), reason in _HOPELESS
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{condition.get('reason')}: {condition.get('message', '')}".rstrip(": "), False
    return "", False


def _terminated(pod: dict[str, Any], container: str) -> dict[str, Any]:
    """Return how a container ended; empty while it hasn't."""
    return container_state(pod, container).get("terminated") or {}


def _status(pod: dict[str, Any], name: str) -> dict[str, Any]:
    status = pod.get("status") or {}
    for kind in ("containerStatuses", "initContainerStatuses"):
        for container in status.get(kind) or ():
            if container["name"] == name:
                found: dict[str, Any] = container
                return found
    return {}
