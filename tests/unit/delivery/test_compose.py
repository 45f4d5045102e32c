"""The compose file and what it mounts: valid, pinned, on loopback, without a default password."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import Any

import pytest
import yaml

from janbench.model.cluster import PINNED_IMAGE
from tests.unit.delivery.workflow_files import ROOT

COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def test_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(COMPOSE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_images_are_pinned(services: dict[str, Any]) -> None:
    for service in services.values():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"])


def test_dockerfile_takes_the_k6_of_the_docker_engine() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"\nARG K6_IMAGE={PINNED_IMAGE}\n" in dockerfile
    assert not re.search(r":latest", dockerfile + COMPOSE.read_text(encoding="utf-8"))


def test_ports_are_on_loopback_and_nobody_logs_in_with_a_default(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    grafana = services["grafana"]["environment"]
    assert grafana["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert grafana["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def test_everything_that_is_mounted_exists(services: dict[str, Any]) -> None:
    named = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["volumes"]
    sources = [v.split(":")[0] for s in services.values() for v in s.get("volumes", ())]
    for source in sources:
        assert source in named or (ROOT / source).exists(), source


def test_grafana_finds_data_source_and_dashboard(services: dict[str, Any]) -> None:
    provisioning = ROOT / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())
    assert [s["url"] for s in source["datasources"]] == ["http://prometheus:9090"]
    provider = yaml.safe_load((provisioning / "dashboards" / "janbench.yml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    mounts = [v.split(":")[1] for v in services["grafana"]["volumes"]]
    assert f"{folder}/grafana-dashboard.json" in mounts


def test_commands_are_those_of_janbench(services: dict[str, Any]) -> None:
    for name in ("server", "demo"):
        command = [sys.executable, "-m", "janbench", services[name]["command"][0], "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        options = [word for word in services[name]["command"] if word.startswith("--")]
        assert [option for option in options if option not in done.stdout] == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_its_configuration() -> None:
    command = ["promtool", "check", "config", str(ROOT / "prometheus" / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
