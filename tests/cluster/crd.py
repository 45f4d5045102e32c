"""The TestRun of k6-operator before 1.1.0, which knows less of init containers."""

from __future__ import annotations

from tests.cluster.refusal import bad_request
from tests.cluster.store import Body


def validate_as_before_1_1(body: Body, *, strict: bool) -> None:
    """Prune what the CRDs of that time don't know, or refuse it."""
    runner = body["spec"].get("runner") or {}
    for number, container in enumerate(runner.get("initContainers") or ()):
        for field in ("restartPolicy", "resources"):
            if strict and field in container:
                where = f"spec.runner.initContainers[{number}].{field}"
                raise bad_request(
                    'TestRun in version "v1alpha1" cannot be handled as a TestRun: strict '
                    f'decoding error: unknown field "{where}"'
                )
            container.pop(field, None)
