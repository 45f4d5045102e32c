"""The image, built from the Dockerfile and run in every way that its users know."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.docker_daemon import PrivateDaemon, make_k6_image
from tests.embedded import embedded_server
from tests.integration.docker.image_bases import make_python_image

ROOT = Path(__file__).parents[3]
NAME = "test-completion-standard"
OWNER = (1234, 4321)
ONE = f"""
target: {{base: https://unused.example, flavour: jan-v1, model: jan-v1-4b}}
scenarios:
  {NAME}:
    steps:
      - {{kind: guest_login}}
      - {{kind: list_models}}
  second:
    steps:
      - {{kind: guest_login}}
"""


@dataclass
class Image:
    """The built image."""

    client: docker.DockerClient
    name: str

    def run(
        self,
        *arguments: str,
        tests: Path | None = None,
        expect: int = 0,
        stop_at: bytes = b"",
        **options: Any,
    ) -> str:
        """Run it to its end, or stop it once it has written `stop_at`.

        Gives what it wrote, and checks the exit code.
        """
        volumes = {str(tests): {"bind": "/tests", "mode": "rw"}} if tests else {}
        made = self.client.containers.create(
            self.name, list(arguments), network_mode="host", volumes=volumes, **options
        )
        try:
            made.start()
            if stop_at:
                deadline = time.monotonic() + 60
                while stop_at not in made.logs() and time.monotonic() < deadline:
                    time.sleep(0.1)
                made.stop(timeout=30)
            code = made.wait(timeout=100)["StatusCode"]
            output: str = made.logs().decode("utf-8", "replace")
            assert code == expect, output
            return output
        finally:
            made.remove(force=True, v=True)


@pytest.fixture(scope="module")
def image(
    session_daemon: PrivateDaemon, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Image]:
    """Build the image offline, from bases that were made here under names of their own."""
    client, folder = session_daemon.client, tmp_path_factory.mktemp("bases")
    make_k6_image(client, folder, "bases/k6:1")
    make_python_image(client, folder, "bases/python:1")
    client.images.build(
        path=str(ROOT),
        tag="janbench:test",
        buildargs={"K6_IMAGE": "bases/k6:1", "PYTHON_IMAGE": "bases/python:1", "VERSION": "9.9"},
        network_mode="none",
        rm=True,
        forcerm=True,
    )
    yield Image(client, "janbench:test")
    assert session_daemon.leftovers() == []


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with embedded_server("--ttft-ms", "1", "--itl-ms", "1", "--tokens", "5") as server:
        yield server.base


@pytest.fixture
def tests(tmp_path: Path, target: str) -> Path:
    """A folder for /tests as on Windows, of an owner who isn't root: every file with CRLF."""
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    folder = tmp_path / "tests"
    (folder / "src").mkdir(parents=True)
    env = f"BASE={target}\nSINGLE_RUN=true\nK6_PROMETHEUS_RW_TREND_STATS=p(95),min\n"
    env += "X=$(touch /tests/x)\n"
    hand = "import http from 'k6/http';\n"
    hand += "export default () => { http.get(`${__ENV.BASE}/__stats`); };\n"
    for name, text in {".env": env, "scenarios.yaml": ONE, "src/by-hand.js": hand}.items():
        (folder / name).write_bytes(text.replace("\n", "\r\n").encode())
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *OWNER)
    return folder


def result_of(tests: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tests / "results" / "latest" / "result.json").read_text())
    return found


@pytest.mark.parametrize("arguments", [[], ["run-all"]], ids=["nothing", "run-all"])
def test_everything_of_the_mounted_folder_runs(
    image: Image, tests: Path, target: str, arguments: list[str]
) -> None:
    image.run(*arguments, tests=tests)
    result = result_of(tests)
    assert [s["name"] for s in result["scenarios"]] == [NAME, "second", "by-hand"]
    assert result["verdict"] == "pass"
    assert result["target"]["base"] == target
    assert not (tests / "x").exists()
    owners = {(p.lstat().st_uid, p.lstat().st_gid) for p in (tests / "results").rglob("*")}
    assert owners == {OWNER}


@pytest.mark.parametrize(
    ("arguments", "ran"),
    [
        (["run", NAME], NAME),
        ([NAME], NAME),
        ([f"{NAME}.js"], NAME),
        (["src/by-hand.js"], "by-hand"),
        (["run", "second", "--single"], "second"),
    ],
    ids=["verb", "bare", "file", "src", "options"],
)
def test_one_test_case_runs(image: Image, tests: Path, arguments: list[str], ran: str) -> None:
    image.run(*arguments, tests=tests)
    assert [s["name"] for s in result_of(tests)["scenarios"]] == [ran]


def test_list_and_other_verbs(image: Image, tests: Path) -> None:
    listed = image.run("--list")
    assert [name for name in ("test-responses", NAME) if name not in listed] == []
    assert "second" in image.run("list", tests=tests)
    assert "janbench" in image.run("--version")
    image.run("render", tests=tests)
    assert (tests / "src" / f"{NAME}.js").exists()


def test_baked_in_cases_run_without_a_mount_as_a_user_who_isnt_root(
    image: Image, target: str
) -> None:
    made = image.client.containers.create(
        image.name, [NAME, "--single"], network_mode="host", environment={"BASE": target}
    )
    try:
        made.start()
        assert made.wait(timeout=100)["StatusCode"] == 0, made.logs().decode()
        chunks, _ = made.get_archive("/tests/results")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            members = archive.getmembers()
    finally:
        made.remove(force=True, v=True)
    assert any(m.name.endswith("result.json") for m in members)
    assert {m.uid for m in members} == {10001}


def test_unknown_name_is_a_usage_error_and_a_failed_target_an_error(
    image: Image, tests: Path
) -> None:
    assert "nonesuch" in image.run("nonesuch", tests=tests, expect=2)
    image.run("second", tests=tests, expect=3, environment={"BASE": "http://127.0.0.1:1"})


def test_user_of_the_command_line_is_kept(image: Image, tests: Path) -> None:
    image.run("second", tests=tests, user="1234:999")
    owners = {(p.lstat().st_uid, p.lstat().st_gid) for p in (tests / "results").rglob("*")}
    assert owners == {(1234, 999)}


def test_stopped_container_ends_at_once_with_a_result(
    image: Image, tests: Path, target: str
) -> None:
    load = ("--duration", "60s", "--nonstream-rps", "5")
    environment = {"SINGLE_RUN": "false", "BASE": target}
    image.run(NAME, *load, tests=tests, expect=130, stop_at=b"[1/1]", environment=environment)
    assert result_of(tests)["verdict"] == "interrupted"


def test_sidecar_of_a_pod_runs_as_its_user_and_ships_at_its_end(image: Image, target: str) -> None:
    """As in the pods of `janbench k8s run`: k6's user, one volume, an end by SIGTERM."""
    said = image.run(
        "k8s", "sidecar", "--records", "/records", "--k6-address", "127.0.0.1:9",
        "--target", target,
        stop_at=b"janbench {",
        entrypoint=["janbench"],
        user="12345:12345",
        cap_drop=["ALL"],
        read_only=True,
        tmpfs={"/records": "mode=1777"},
    )  # fmt: skip
    (last,) = [line for line in said.splitlines() if '{"end"' in line]
    assert "stats.json" in json.loads(last.removeprefix("janbench "))["end"]


def test_image_says_what_it_is(image: Image) -> None:
    attributes = image.client.images.get(image.name).attrs
    assert attributes["Config"]["Labels"]["org.opencontainers.image.version"] == "9.9"
    assert "Apache-2.0" in attributes["Config"]["Labels"]["org.opencontainers.image.licenses"]
    assert attributes["Config"].get("Healthcheck") is None
    own = attributes["Size"] - image.client.images.get("bases/python:1").attrs["Size"]
    assert own < 230e6, own  # what janbench, its libraries and k6 add; docs/docker.md states it
