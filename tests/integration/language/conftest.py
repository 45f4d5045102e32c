"""An embedded server for each of the two flavours that the language's tests talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.language.running import QUICK


@pytest.fixture(scope="session")
def jan() -> Iterator[EmbeddedServer]:
    """Jan Server v1, quick."""
    with embedded_server(*QUICK) as server:
        yield server


@pytest.fixture(scope="session")
def openai() -> Iterator[EmbeddedServer]:
    """An OpenAI-compatible server, quick."""
    with embedded_server("--flavour", "openai", *QUICK) as server:
        yield server
