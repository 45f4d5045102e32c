"""Node packages that tests check with: installed once, pinned, out of git's sight."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from janbench import process

_FOLDER = Path(__file__).parent / ".node"
_PINNED = re.compile(r"^(@[a-z0-9-]+/)?[a-z0-9._-]+@\d+\.\d+\.\d+$")
_INSTALL_S = 300.0


def node_tool(packages: list[str]) -> Path:
    """Return a folder whose `node_modules` holds these packages (`typescript@5.9.3`).

    Installs them the first time; programs are in `node_modules/.bin`. Skips the test where npm
    isn't installed; ValueError for a package without an exact version. Safe to call from several
    processes at a time.
    """
    for package in packages:
        if not _PINNED.match(package):
            raise ValueError(f"{package!r} needs an exact version: name@1.2.3")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    key = hashlib.sha256("\n".join(sorted(packages)).encode()).hexdigest()[:12]
    folder = _FOLDER / key
    folder.mkdir(parents=True, exist_ok=True)
    (_FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
    done = folder / "installed.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _install(npm, folder, packages)
            done.write_text(json.dumps(sorted(packages)), encoding="utf-8")
    return folder


def _install(npm: str, folder: Path, packages: list[str]) -> None:
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--save-exact"]
    result = process.run([npm, "install", *quiet, *packages], folder=folder, timeout_s=_INSTALL_S)
    if result.code != 0:
        raise RuntimeError(f"npm install {' '.join(packages)} failed:\n{result.stderr}")
