"""A run's folder: made at the start, with a result in it from the first moment on."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from janbench.errors import ConfigError
from janbench.files import replace_file
from janbench.model.results.result import RunResult

# Room that is kept for the final result: a disk that fills up during the run must not take it.
_RESERVE_BYTES = 512 * 1024

# Virus scanners and editors hold a file for a moment.
_TRIES = 50
_TRY_EVERY_S = 0.02


@dataclass(frozen=True)
class RunFolder:
    """`results/<UTC time>-<id>/`."""

    path: Path
    run_id: str

    @classmethod
    def create(cls, results: Path, now: datetime | None = None) -> RunFolder:
        """Make a new folder; raises ConfigError when the place can't be written to."""
        stamp = (now or datetime.now(timezone.utc)).strftime("%Y%m%dT%H%M%SZ")
        run_id = f"{stamp}-{secrets.token_hex(3)}"
        path = results / run_id
        try:
            path.mkdir(parents=True)
            (path / ".reserve").write_bytes(b"\0" * _RESERVE_BYTES)
        except OSError as error:
            raise ConfigError(
                f"can't write results: {error.strerror}",
                where=str(path),
                hint="Name another place with --results DIR.",
            ) from None
        return cls(path, run_id)

    def scenario(self, name: str) -> Path:
        """Make the folder of a scenario."""
        folder = self.path / name
        folder.mkdir()
        return folder

    def write(self, result: RunResult) -> Path:
        """Write `result.json` in one piece: a reader sees the old one or the new one."""
        target = self.path / "result.json"
        partial = self.path / ".result.json.tmp"
        partial.write_text(result.to_json(), encoding="utf-8")
        replace_file(partial, target, tries=_TRIES, every_s=_TRY_EVERY_S)
        return target

    def finish(self, result: RunResult) -> Path:
        """Write the last `result.json` and point `latest` at the folder."""
        (self.path / ".reserve").unlink(missing_ok=True)
        written = self.write(result)
        self._point_latest()
        return written

    def _point_latest(self) -> None:
        latest = self.path.parent / "latest"
        partial = self.path.parent / f".latest-{self.run_id}"
        # A file system without links goes without, and so does a Windows that grants none: nothing
        # depends on it.
        with contextlib.suppress(OSError):
            partial.symlink_to(self.run_id, target_is_directory=True)
            try:
                partial.replace(latest)
            except PermissionError:  # Windows replaces no folder, not even a link to one
                if latest.is_symlink():
                    latest.unlink()
                    partial.rename(latest)
        with contextlib.suppress(OSError):
            partial.unlink()
