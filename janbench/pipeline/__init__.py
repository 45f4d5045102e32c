"""The flow of a run: configuration, rendering, preflight, engine, results."""
