"""The Docker daemon: finding it, and its errors in words; the one module that imports `docker`."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from janbench.engines.docker.reach import Reach, reach_of
from janbench.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.context import Context
    from docker.models.containers import Container

_TIMEOUT_S = 60
_LOCAL_SCHEMES = ("unix://", "npipe://", "http+unix://")
START_DOCKER = "Start Docker (or set DOCKER_HOST), or use --engine local."


@dataclass(frozen=True)
class Daemon:
    """A daemon that answers; `remote` means that it can't mount folders of this machine."""

    client: DockerClient
    where: str
    version: str
    remote: bool
    rootless: bool
    userns: bool
    selinux: bool
    reach: Reach


def connect(environment: Mapping[str, str]) -> Daemon:
    """Find the daemon as the `docker` command does: DOCKER_HOST, else the current context.

    Raises EngineError that tells which socket was tried and what is wrong with it.
    """
    import docker

    where, client = "", None
    try:
        where, arguments = _endpoint(environment)
        _knock(where)
        client = docker.DockerClient(timeout=_TIMEOUT_S, **arguments)
        info: dict[str, Any] = client.info()
        version: dict[str, Any] = client.version()
    except Exception as error:
        if client is not None:
            client.close()
        if not _is_dockers(error):
            raise
        raise _unreachable(where, error) from None
    options = " ".join(info.get("SecurityOptions") or ())
    components = [part.get("Name", "") for part in version.get("Components") or ()]
    podman = "Podman Engine" in components
    desktop = "Docker Desktop" in str(info.get("OperatingSystem", ""))
    remote = not where.startswith(_LOCAL_SCHEMES)
    rootless = "name=rootless" in options
    return Daemon(
        client=client,
        where=where,
        version=str(version.get("Version", "")),
        remote=remote,
        rootless=rootless,
        userns="name=userns" in options,
        selinux="name=selinux" in options,
        reach=reach_of(
            sys.platform, remote=remote, desktop=desktop, rootless=rootless, podman=podman
        ),
    )


@contextlib.contextmanager
def docker_errors(action: str) -> Iterator[None]:
    """Turn what Docker raises into an EngineError: "can't <action>: <reason>" and what helps."""
    try:
        yield
    except Exception as error:
        if not _is_dockers(error):
            raise
        reason = _reason(error)
        raise EngineError(f"Docker can't {action}: {reason}", hint=_hint(reason)) from None


class Attached:
    """The output of a container as it comes: pieces, each with its stream; close it at the end."""

    def __init__(self, daemon: Daemon, made: Container) -> None:
        parameters = {"stdout": 1, "stderr": 1, "stream": 1, "logs": 1}
        self._socket: Any = made.attach_socket(params=parameters)
        # A script may say nothing for longer than the time limit of the client.
        api: Any = daemon.client.api
        api._disable_socket_timeout(self._socket)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        from docker.utils import socket as docker_socket

        reading: Any = docker_socket
        pieces: Iterator[tuple[int, bytes]] = reading.frames_iter(self._socket, tty=False)
        return pieces

    def close(self) -> None:
        """Close the connection that carries the output."""
        # The response owns the socket: closed the other way round, it complains.
        getattr(self._socket, "_response", self._socket).close()


def is_missing(error: BaseException) -> bool:
    """Tell whether Docker says that the thing isn't there."""
    from docker.errors import NotFound

    return isinstance(error, NotFound)


def _endpoint(environment: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the daemon's address and the arguments of DockerClient for it."""
    from docker.utils import kwargs_from_env

    if environment.get("DOCKER_HOST"):
        found = dict[str, Any](**kwargs_from_env(environment=dict(environment)))
        return found.get("base_url", environment["DOCKER_HOST"]), found
    context = _context(environment)
    if context is None or context.Host is None:
        default = "npipe:////./pipe/docker_engine" if sys.platform == "win32" else ""
        where = default or "unix:///var/run/docker.sock"
        return where, {"base_url": where}
    arguments = {"base_url": context.Host}
    return context.Host, {**arguments, **({"tls": context.TLSConfig} if context.TLSConfig else {})}


def _knock(where: str) -> None:
    """Connect to a local socket: its own error is clearer than the SDK's, which also leaks it."""
    if where.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_TIMEOUT_S)
            probe.connect(where.removeprefix("unix://"))


def _context(environment: Mapping[str, str]) -> Context | None:
    from docker.context import Context, ContextAPI

    name = environment.get("DOCKER_CONTEXT")
    if name:
        chosen: Context | None = Context.load_context(name)
        if chosen is None and name != "default":
            raise EngineError(
                f"there is no Docker context named {name!r} (DOCKER_CONTEXT)",
                hint="`docker context ls` lists them.",
            )
        return chosen
    return ContextAPI.get_current_context()


def _unreachable(where: str, error: BaseException) -> EngineError:
    reason = _reason(error)
    place = f" at {where}" if where else ""
    if "Permission denied" in reason:
        return EngineError(
            f"this user may not use the Docker daemon{place}",
            hint="Join the group that owns the socket (`sudo usermod -aG docker $USER`, then log "
            "in again), or use --engine local.",
        )
    if re.search(r"No such file|FileNotFoundError|cannot find the file", reason):
        return EngineError(f"there is no Docker daemon{place}", hint=START_DOCKER)
    if re.search(r"(?i)refused|aborted|reset|timed out", reason):
        return EngineError(f"the Docker daemon{place} doesn't answer", hint=START_DOCKER)
    return EngineError(f"the Docker daemon{place} can't be used: {reason}", hint=START_DOCKER)


def _is_dockers(error: Exception) -> bool:
    import requests
    from docker.errors import DockerException

    return isinstance(error, DockerException | requests.RequestException | OSError)


def _reason(error: BaseException) -> str:
    """Return the reason in one line: the daemon's own words when it has some."""
    text = getattr(error, "explanation", None) or str(error)
    return " ".join(str(text).split())


def _hint(reason: str) -> str:
    if "no space left on device" in reason:
        return (
            "Free some space: `docker system df` shows what Docker keeps, `docker system prune` "
            "removes it."
        )
    if re.search(r"Connection aborted|Connection refused|No such file", reason):
        return "The daemon went away. " + START_DOCKER
    return ""
