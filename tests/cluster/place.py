"""Where a pod lives on this machine: its folders and ports, and how its words are rewritten."""

from __future__ import annotations

import base64
import os
import random
import re
import socket
import sys
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.cluster.store import Body, Store

REST_PORT = 6565
_SIDECAR_PORT = 8790
_taken: set[int] = set()


class NotReadyError(Exception):
    """Something that a container needs doesn't exist: the kubelet waits for it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Place:
    """A pod's folder, volumes and ports on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._ports = {REST_PORT: _free_port(), _SIDECAR_PORT: _free_port()}
        self._volumes: dict[str, Path] = {}
        self.uid = str(uuid.uuid4())

    @property
    def rest(self) -> str:
        """Where k6's REST API is."""
        return f"127.0.0.1:{self._ports[REST_PORT]}"

    def fill(self, pod: Body, store: Store, known: Known) -> None:
        """Make the volumes; raises NotReadyError."""
        namespace = pod["metadata"]["namespace"]
        for volume in pod["spec"].get("volumes") or []:
            self._volumes[volume["name"]] = self._volume(volume, namespace, store, known)

    def rewrite(self, text: str, mounts: Iterable[Mapping[str, Any]]) -> str:
        """Put this machine's paths and ports where a container's are."""
        folders = {m["mountPath"].rstrip("/"): str(self._volumes[m["name"]]) for m in mounts}
        if folders:
            longest_first = sorted(folders, key=len, reverse=True)
            paths = "|".join(re.escape(path) for path in longest_first)
            # In one go: a path of this machine may have a mounted one in it.
            pattern = rf"(?<![\w./-])(?:{paths})(?=$|[/\s:,;\"'])"
            text = re.sub(pattern, lambda found: folders[found[0]], text)
        for port, free in self._ports.items():
            address = rf"(?:0\.0\.0\.0|127\.0\.0\.1|localhost):{port}\b"
            text = re.sub(address, f"127.0.0.1:{free}", text)
        return text

    def _volume(self, volume: Body, namespace: str, store: Store, known: Known) -> Path:
        folder = self.folder / "volumes" / str(volume["name"])
        if "persistentVolumeClaim" in volume:
            return known.claim(volume["persistentVolumeClaim"]["claimName"])
        files: dict[str, bytes] = {}
        if "configMap" in volume:
            name = volume["configMap"]["name"]
            if not store.has("configmaps", namespace, name):
                raise NotReadyError("ContainerCreating", f'configmap "{name}" not found')
            files = _files(store.get("configmaps", namespace, name))
        elif "secret" in volume:
            secret = known.secret(volume["secret"]["secretName"])
            files = {key: value.encode() for key, value in secret.items()}
        elif "emptyDir" not in volume:
            raise NotReadyError("ContainerCreating", f"the fake cluster has no volumes as {volume}")
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder


class Known:
    """The Secrets and claims that the cluster has."""

    def __init__(
        self, secrets: Mapping[str, Mapping[str, str]], claims: Mapping[str, Path]
    ) -> None:
        self._secrets = secrets
        self._claims = claims

    def claim(self, name: str) -> Path:
        """Return a claim's folder; raises NotReadyError."""
        if name not in self._claims:
            raise NotReadyError("ContainerCreating", f'persistentvolumeclaim "{name}" not found')
        return self._claims[name]

    def secret(self, name: str) -> Mapping[str, str]:
        """Return a Secret's keys and values; raises NotReadyError."""
        if name not in self._secrets:
            raise NotReadyError("CreateContainerConfigError", f'secret "{name}" not found')
        return self._secrets[name]

    def environment(self, listed: Iterable[Body], uid: str) -> dict[str, str]:
        """Return the variables of a container in the pod `uid`; raises NotReadyError."""
        found = {}
        for entry in listed:
            value = self._value(entry, uid)
            if value is not None:
                found[entry["name"]] = value
        return found

    def _value(self, entry: Body, uid: str) -> str | None:
        if "valueFrom" not in entry:
            return str(entry.get("value") or "")
        if entry["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.uid"}}:
            return uid
        reference = entry["valueFrom"].get("secretKeyRef")
        if reference is None:
            reason = "CreateContainerConfigError"
            raise NotReadyError(reason, f"the fake cluster can't resolve {entry['valueFrom']}")
        name, key = reference["name"], reference["key"]
        if reference.get("optional"):
            return self._secrets.get(name, {}).get(key)
        if key not in self.secret(name):
            message = f"couldn't find key {key} in Secret {name}"
            raise NotReadyError("CreateContainerConfigError", message)
        return self._secrets[name][key]


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Put variables for `$(NAME)`, as the kubelet does; unknown ones stay."""
    return re.sub(r"\$\((\w+)\)", lambda found: environment.get(found[1], found[0]), text)


def inherited() -> dict[str, str]:
    """Return what an image would bring: where programs are."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "HOME": os.environ.get("HOME", "/")}


def _files(config_map: Body) -> dict[str, bytes]:
    plain = {k: v.encode() for k, v in (config_map.get("data") or {}).items()}
    coded = config_map.get("binaryData") or {}
    return {**plain, **{k: base64.b64decode(v) for k, v in coded.items()}}


def _free_port() -> int:
    # Below the range that connections take their ports from, so that none gets it meanwhile.
    while True:
        port = random.randint(10_240, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _taken:
            _taken.add(port)
            return port
