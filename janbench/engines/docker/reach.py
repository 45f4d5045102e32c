"""What a container can reach: the host's loopback, under which name, and with which variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from janbench.errors import EngineError

HOST_ALIAS = "host.docker.internal"
_LOOPBACK = re.compile(r"^(localhost|127(\.\d{1,3}){3}|::1)$", re.IGNORECASE)
_URLS = ("BASE", "JANBENCH_PROXY", "K6_PROMETHEUS_RW_SERVER_URL", "HTTP_PROXY", "HTTPS_PROXY")
_ALWAYS = re.compile(r"^(K6_\w+|JANBENCH_\w+|(HTTP|HTTPS|NO)_PROXY|(http|https|no)_proxy)$")
_NEVER = re.compile(
    r"^(PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|HOSTNAME|TMPDIR|TMP|TEMP|_|JANBENCH_K6"
    r"|LD_\w+|DYLD_\w+|PYTHON\w*|DOCKER_\w+|SSL_CERT_\w+)$"
)
_TEXT = (".js", ".mjs", ".cjs", ".ts", ".json")
_SEARCHED_BYTES = 4_000_000


class Reach(Enum):
    """How a container gets at services that listen on the loopback of the user's machine."""

    HOST = "host network"
    ALIAS = "host.docker.internal"
    NONE = "not at all"


def reach_of(platform: str, *, remote: bool, desktop: bool, rootless: bool, podman: bool) -> Reach:
    """Tell how containers of a daemon reach this machine.

    `platform` is `sys.platform`; `desktop` means that the daemon lives in a virtual machine that
    forwards `host.docker.internal`. The "host network" of rootless Docker is that of its own
    namespace, where the user's loopback isn't; podman's is the real one.
    """
    if remote:
        return Reach.NONE
    if desktop or platform != "linux":
        return Reach.ALIAS
    if rootless and not podman:
        return Reach.NONE
    return Reach.HOST


def visible_from(reach: Reach, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with loopback URLs as the container must write them.

    Raises EngineError naming the variable when a loopback URL can't be reached.
    """
    seen = dict(environment)
    if reach is Reach.HOST:
        return seen
    for name in (*_URLS, *(url.lower() for url in _URLS[3:])):
        parts = urlsplit(seen.get(name, ""))
        if not parts.hostname or not _LOOPBACK.match(parts.hostname):
            continue
        if reach is Reach.NONE:
            raise EngineError(
                f"a container of this Docker daemon can't reach {name}={_bare(seen[name])}: "
                "the daemon doesn't share the loopback of this machine",
                hint="Use --engine local, or a target that other machines reach and "
                "--timing direct.",
            )
        port = f":{parts.port}" if parts.port else ""
        login = parts.netloc.rpartition("@")[0]
        host = f"{login}@{HOST_ALIAS}{port}" if login else f"{HOST_ALIAS}{port}"
        seen[name] = urlunsplit(parts._replace(netloc=host))
    return seen


def named_variables(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the container needs: k6's own, and those that the script names.

    The rest of the user's environment (paths of this machine, credentials of other tools) has no
    business in a container: `docker inspect` would show it.
    """
    words = _words(folder)
    return {
        name: value
        for name, value in environment.items()
        if not _NEVER.match(name) and (_ALWAYS.match(name) or name in words)
    }


def _words(folder: Path) -> frozenset[str]:
    found: set[str] = set()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if any(part == "node_modules" or part.startswith(".") for part in inside):
            continue
        if path.suffix in _TEXT and path.is_file() and path.stat().st_size <= _SEARCHED_BYTES:
            found.update(re.findall(r"\b[A-Za-z_]\w*", path.read_text("utf-8", "replace")))
    return frozenset(found)


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
