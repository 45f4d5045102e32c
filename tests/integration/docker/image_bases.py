"""Base images under the names that the Dockerfile gives them, made from Debian's packages."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import docker
import pytest

_BASE_PYTHON = "3.11"
_VARIANT = "apt"  # as Debian's slim images are: essential packages, apt, and what apt needs
_PACKAGES = "python3-minimal,python3-venv,libpython3-stdlib,tini,ca-certificates,passwd"


def make_python_image(client: docker.DockerClient, folder: Path, name: str) -> None:
    """Make an image with Debian, Python and tini, whose pip finds the wheels that it carries."""
    base = folder / "python-image.tar"
    shutil.copyfile(_debian(), base)
    with tarfile.open(base, "a") as archive:
        archive.add(_wheels(folder), "wheels")
        (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
        archive.add(folder / "pip.conf", "etc/pip.conf")
    repository, _, tag = name.rpartition(":")
    client.api.import_image(src=str(base), repository=repository, tag=tag)
    base.unlink()


def _debian() -> Path:
    """Return a tar of a small Debian; it takes half a minute to make, so it is kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "janbench-tests"
    kept = cache / f"debian-{re.sub(r'[^a-z0-9]+', '-', f'{_VARIANT},{_PACKAGES}')}.tar"
    if kept.exists():
        return kept
    if shutil.which("mmdebstrap") is None:
        reason = "mmdebstrap is not installed: scripts/install-test-deps.sh installs it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    cache.mkdir(parents=True, exist_ok=True)
    partial = cache / f"{os.getpid()}.tar"
    command = ["mmdebstrap", "--mode=root", f"--variant={_VARIANT}", f"--include={_PACKAGES}"]
    command += [
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
    ]
    done = subprocess.run(
        [*command, "bookworm", str(partial)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    partial.rename(kept)
    return kept


def _wheels(folder: Path) -> Path:
    wheels = folder / "wheels"
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = (\[.*?^\])", project, re.MULTILINE | re.DOTALL)
    assert listed is not None
    needed: list[str] = ast.literal_eval(listed[1])  # a list of texts is the same in both
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--python-version", _BASE_PYTHON]
    command += ["--platform", f"manylinux2014_{os.uname().machine}"]
    command += ["--platform", f"manylinux_2_28_{os.uname().machine}", "--dest", str(wheels)]
    done = subprocess.run(
        [*command, *needed, "hatchling"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return wheels
