"""What a namespace refuses: pods below its Pod Security Standard, or beyond its quota."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.cluster.store import Body

Admission = Callable[[Body], str]
"""Takes a pod, returns why it is refused; empty: it isn't."""

_MILLI = {"m": 0.001, "": 1.0}


def restricted(pod: Body) -> str:
    """The Pod Security Standard `restricted`, as far as a pod of a test can break it."""
    problems = []
    spec = pod["spec"]
    whole = spec.get("securityContext") or {}
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        own = container.get("securityContext") or {}
        name = container["name"]
        if own.get("allowPrivilegeEscalation") is not False:
            problems.append(f'allowPrivilegeEscalation != false (container "{name}" must set it)')
        if "ALL" not in ((own.get("capabilities") or {}).get("drop") or ()):
            problems.append(f'unrestricted capabilities (container "{name}" must drop ALL)')
        if not (own.get("runAsNonRoot") or whole.get("runAsNonRoot")):
            problems.append(f'runAsNonRoot != true (pod or container "{name}" must set it)')
        kind = (own.get("seccompProfile") or whole.get("seccompProfile") or {}).get("type")
        if kind not in ("RuntimeDefault", "Localhost"):
            problems.append(f'seccompProfile (pod or container "{name}" must set it)')
    if not problems:
        return ""
    return f'violates PodSecurity "restricted:latest": {", ".join(problems)}'


def quota(**most: float) -> Admission:
    """A ResourceQuota of `cpu` (cores) that all pods may ask for; each must ask for some."""
    used = dict.fromkeys(most, 0.0)

    def admit(pod: Body) -> str:
        asked = dict.fromkeys(most, 0.0)
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
            requests: Mapping[str, str] = (container.get("resources") or {}).get("requests") or {}
            for name in most:
                if name not in requests:
                    return f"failed quota: compute: must specify {name} for: {container['name']}"
                asked[name] += _amount(requests[name])
        for name, limit in most.items():
            if used[name] + asked[name] > limit:
                return (
                    f"exceeded quota: compute, requested: requests.{name}={asked[name]:g}, "
                    f"used: requests.{name}={used[name]:g}, limited: requests.{name}={limit:g}"
                )
        for name in most:
            used[name] += asked[name]
        return ""

    return admit


def _amount(text: str) -> float:
    number = text.rstrip("m")
    return float(number) * _MILLI["m" if text.endswith("m") else ""]
