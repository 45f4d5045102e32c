"""Measurements of janbench itself; run one with `python -m benchmarks.NAME`."""
