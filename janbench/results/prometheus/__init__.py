"""A run read back from Prometheus."""
