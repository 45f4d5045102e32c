"""TODO-placeholder."""
