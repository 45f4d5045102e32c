"""Configuration: the one place that reads YAML, `.env` and the environment."""
