"""k6's log: JSON lines in, readable lines without secrets out, errors remembered."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from typing_extensions import Self

from janbench.model.text.foreign import one_line
from janbench.model.text.secret import redactor

# k6's words when a threshold with abortOnFail is crossed: then the whole run is to end.
ABORTED = "abortOnFail enabled"
_KEPT = 5


class K6Log:
    """Writes `k6.log` as k6 talks, and passes each readable log line on (k6's summary stays here).

    `exceptions` counts iterations that threw, `errors` holds the last error messages. A disk that
    is full ends the file, not the run.
    """

    def __init__(self, path: Path, secrets: Iterable[str], line: Callable[[str], None]) -> None:
        self.exceptions = 0
        self.errors: deque[str] = deque(maxlen=_KEPT)
        self._path = path
        self._redact = redactor(secrets)
        self._line = line

    def __enter__(self) -> Self:
        self._file = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def take(self, raw: str) -> None:
        """Take one line of k6's output."""
        level, source, message = _parse(raw)
        clean = _readable(self._redact(message))
        if source == "stacktrace":
            self.exceptions += 1
        if level in ("error", "fatal", "panic"):
            self.errors.append(clean)
        shown = clean if source == "console" or not level else f"[{level}] {clean}"
        with contextlib.suppress(OSError, ValueError):
            self._file.write(shown + "\n")
        if level:
            self._line(shown)


def _readable(message: str) -> str:
    """Return a message with each of its lines safe; one of the target can't pass for k6's."""
    return "\n".join(one_line(line) for line in message.split("\n"))


def _parse(raw: str) -> tuple[str, str, str]:
    """Return level, source and message; what isn't a log line (k6's summary) has neither."""
    if raw.startswith("{"):
        with contextlib.suppress(ValueError):
            entry: Any = json.loads(raw)
            if isinstance(entry, dict) and "msg" in entry:
                message = str(entry["msg"])
                if entry.get("error"):
                    message = f"{message}: {entry['error']}"
                return str(entry.get("level", "")), str(entry.get("source", "")), message
    return "", "", raw
