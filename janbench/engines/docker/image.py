"""The image that holds k6: here already, or pulled, with progress shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from janbench.engines.docker.container import container
from janbench.engines.docker.daemon import Daemon, docker_errors, is_missing
from janbench.engines.k6.command import OLDEST, parse_version
from janbench.errors import ConfigError, EngineError
from janbench.model.cluster import PINNED_IMAGE

if TYPE_CHECKING:
    from docker import DockerClient

_ANSWER_S = 60
_NAME = re.compile(r"^[a-z0-9][\w.\-/:]*(:[\w][\w.\-]{0,127})?(@sha256:[0-9a-f]{64})?$")


def prepare(daemon: Daemon, image: str, notice: Callable[[str], None]) -> tuple[int, ...]:
    """Make sure that the image is there and holds a k6; gives k6's version.

    Pulls only what is missing, telling `notice` how far it is. Raises EngineError when the image
    can't be had or its k6 is too old, ConfigError when the name can't be one.
    """
    if not _NAME.match(image):
        raise ConfigError(
            f"{image!r} is not a valid image name", hint=f"For example: {PINNED_IMAGE}"
        )
    if not _present(daemon, image):
        _pull(daemon.client, image, notice)
    version = _k6_version(daemon, image)
    if not version:
        raise EngineError(
            f"the image {image} has no k6 that answers", hint=f"Try --image {PINNED_IMAGE}"
        )
    if version[:2] < OLDEST:
        found, oldest = ".".join(map(str, version)), ".".join(map(str, OLDEST))
        raise EngineError(
            f"k6 {found} in {image} is too old: {oldest} is needed",
            hint=f"Try --image {PINNED_IMAGE}",
        )
    return version


def _present(daemon: Daemon, image: str) -> bool:
    with docker_errors(f"look up the image {image}"):
        try:
            daemon.client.images.get(image)
        except Exception as error:
            if is_missing(error):
                return False
            raise
    return True


def _pull(client: DockerClient, image: str, notice: Callable[[str], None]) -> None:
    notice(f"Pulling {image}")
    repository, tag = _split(image)
    try:
        with docker_errors(f"pull {image}"):
            events = client.api.pull(repository, tag=tag, stream=True, decode=True)
            _follow(events, image, notice)
    except EngineError as error:
        reason = error.message.partition(": ")[2]
        raise EngineError(
            f"the image {image} is not on this machine and can't be pulled: {reason}",
            hint=error.hint
            or f"Where there is a network: docker pull {image} && docker save {image} -o k6.tar\n"
            "Here: docker load -i k6.tar. Or name another image with --image.",
        ) from None
    notice(f"Pulled {image}")


def _follow(events: Any, image: str, notice: Callable[[str], None]) -> None:
    """Tell the share of bytes that have arrived, once for each tenth."""
    layers: dict[str, tuple[int, int]] = {}
    told_tenths = 0
    for event in events:
        if "error" in event:
            raise EngineError(f"Docker can't pull {image}: {event['error']}")
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            layers[event.get("id", "")] = (detail.get("current", 0), detail["total"])
        got, total = (
            (sum(part) for part in zip(*layers.values(), strict=True)) if layers else (0, 0)
        )
        tenths = 10 * got // total if total else 0
        if tenths > told_tenths:
            told_tenths = tenths
            notice(f"Pulling {image}: {tenths * 10}% of {total / 1e6:.0f} MB")


def _split(image: str) -> tuple[str, str]:
    """Return repository and tag; without a tag the SDK would pull every one there is."""
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    head, colon, tag = image.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (image, "latest")


def _k6_version(daemon: Daemon, image: str) -> tuple[int, ...]:
    labels = {"janbench.purpose": "version"}
    with container(daemon, image, ["version"], labels, network_mode="none") as made:
        try:
            with docker_errors(f"start {image}"):
                made.start()
                made.wait(timeout=_ANSWER_S)
                output: bytes = made.logs(stdout=True, stderr=False)
        except EngineError as error:
            if "executable file not found" in error.message:
                return ()
            raise
    return parse_version(output.decode("utf-8", "replace"))
