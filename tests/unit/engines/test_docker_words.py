"""What Docker's errors become, without a daemon."""

from __future__ import annotations

import json
from pathlib import Path

import docker.errors
import pytest

from janbench.engines.docker import daemon as docker_daemon
from janbench.engines.docker.container import LogPump
from janbench.engines.docker.daemon import connect, docker_errors
from janbench.engines.docker.image import _split
from janbench.errors import EngineError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grafana/k6:1.8.3", ("grafana/k6", "1.8.3")),
        ("grafana/k6", ("grafana/k6", "latest")),
        ("localhost:5000/k6", ("localhost:5000/k6", "latest")),
        ("localhost:5000/k6:2", ("localhost:5000/k6", "2")),
        ("k6@sha256:" + "0" * 64, ("k6", "sha256:" + "0" * 64)),
    ],
)
def test_image_names_are_split(name: str, expected: tuple[str, str]) -> None:
    assert _split(name) == expected


@pytest.mark.parametrize(
    ("error", "words", "hint"),
    [
        (PermissionError(13, "Permission denied"), "may not use the Docker daemon", "usermod"),
        (FileNotFoundError(2, "No such file or directory"), "no Docker daemon", "Start Docker"),
        (ConnectionRefusedError(111, "Connection refused"), "doesn't answer", "--engine local"),
        (docker.errors.DockerException("TLS is odd"), "can't be used: TLS is odd", "DOCKER_HOST"),
    ],
)
def test_unreachable_daemon(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str, hint: str
) -> None:
    def refuse(where: str) -> None:
        raise error

    monkeypatch.setattr(docker_daemon, "_knock", refuse)
    with pytest.raises(EngineError) as raised:
        connect({"DOCKER_HOST": "unix:///run/docker.sock"})
    assert words in raised.value.message
    assert "unix:///run/docker.sock" in raised.value.message
    assert hint in raised.value.hint


def test_full_disk_is_told_with_what_helps() -> None:
    with (
        pytest.raises(EngineError, match="can't pull x: write /var: no space left") as error,
        docker_errors("pull x"),
    ):
        raise docker.errors.APIError("500", None, "write /var: no space left on device")
    assert "docker system prune" in error.value.hint


def test_defects_of_ours_are_not_taken_for_dockers() -> None:
    with pytest.raises(ZeroDivisionError), docker_errors("divide"):
        raise ZeroDivisionError


def test_current_context_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker Desktop and Colima are found through the context, since they set no DOCKER_HOST."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr("docker.context.context.get_meta_dir", lambda name="": str(tmp_path / "m"))
    monkeypatch.setattr("docker.context.config.get_meta_dir", lambda name="": str(tmp_path / "m"))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "mine"}))
    (tmp_path / "m").mkdir()
    endpoints = {"docker": {"Host": f"unix://{tmp_path}/mine.sock", "SkipTLSVerify": False}}
    meta = {"Name": "mine", "Metadata": {}, "Endpoints": endpoints}
    (tmp_path / "m" / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(EngineError, match=r"there is no Docker daemon at .*mine\.sock"):
        connect({})


def test_unknown_context_is_named() -> None:
    with pytest.raises(EngineError, match="no Docker context named 'nowhere'"):
        connect({"DOCKER_CONTEXT": "nowhere"})


def test_a_long_line_stays_whole_when_the_other_stream_comes_between_its_pieces() -> None:
    lines: list[str] = []
    pieces = [(2, b"first\nlong "), (1, b"\nsummary\n"), (2, b"line\nlast"), (1, b"end")]
    pump = LogPump(pieces, lines.append)
    pump.start()
    pump.join(10)
    assert lines == ["first", "", "summary", "long line", "last", "end"]
