"""Builds `docs/scenarios.md` and `scenarios.schema.json` out of the models of scenarios."""
