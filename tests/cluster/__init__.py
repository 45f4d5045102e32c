"""A fake Kubernetes cluster with k6-operator whose runners are real local processes."""

from tests.cluster.cluster import Cluster, fake_cluster
from tests.cluster.fault import Fault
from tests.cluster.request import Hiccup

__all__ = ["Cluster", "Fault", "Hiccup", "fake_cluster"]
