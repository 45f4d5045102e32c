"""The steps of a scenario, as data."""
