"""Rendering: Scenario -> Script, and Script -> files that a person may run."""
