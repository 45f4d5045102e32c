"""Where k6 runs in containers: its image, and what the user said about a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

from janbench import __version__

PINNED_IMAGE = "grafana/k6:1.8.3"
"""The k6 in a container, unless --image names another; Dockerfile and compose file name it, too."""


@dataclass(frozen=True)
class Resources:
    """What a runner asks for and may use, in Kubernetes' units (`500m`, `1Gi`)."""

    cpu: str = "500m"
    memory: str = "1Gi"


@dataclass(frozen=True)
class ClusterOptions:
    """Where and how the runners run.

    `context` is one of the kubeconfig; empty is the current one. `image` is k6's, `janbench_image`
    runs beside each k6. `claim` names a volume for a test that no ConfigMap can hold.
    `start_timeout_s`: how long the runners may take to come up.
    """

    namespace: str = ""
    context: str = ""
    image: str = PINNED_IMAGE
    janbench_image: str = f"janbench:{__version__}"
    secret: str = "janbench"  # noqa: S105 - the name of a Secret
    claim: str = ""
    separate: bool = False
    resources: Resources = field(default_factory=Resources)
    start_timeout_s: float = 300.0
