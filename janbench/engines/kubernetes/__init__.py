"""The Kubernetes engine: a test as a TestRun of k6-operator, and its results brought home."""
