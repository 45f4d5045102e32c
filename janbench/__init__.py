"""janbench: load-test Jan Server and any OpenAI-compatible LLM API with real k6 scripts."""

__version__ = "0.1.0"
