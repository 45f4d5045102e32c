"""Frozen, typed data: no I/O, no imports but `janbench.errors`."""
