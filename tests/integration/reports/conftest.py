from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.integration.reports.browser import Page, browser, find_browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    executable = find_browser()
    if executable is None:
        message = "no Chromium is installed (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with browser(executable, tmp_path_factory.mktemp("profile")) as opened:
        yield opened
