"""A receiver that is away, refuses, or is slow: k6 goes on, and the log tells the loss."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from janbench import process
from janbench.config.telemetry import remote_write
from janbench.engines import choose_engine
from janbench.engines.base import EngineOptions
from janbench.engines.k6.outputs import prometheus_output
from janbench.model.job import Job, Watcher
from janbench.model.telemetry import RemoteWrite
from janbench.preflight.remote_write import check_remote_write
from janbench.remote_write import push
from janbench.results.prometheus.lost_metrics import metrics_lost
from tests.prometheus_server import prometheus_server
from tests.receivers import receiver

SCRIPT = """
import { sleep } from 'k6';
export const options = { vus: 1, duration: '2s' };
export default function () { sleep(0.1); }
"""
# bcrypt of "wonderland", as Prometheus' web.config wants it.
PASSWORD_HASH = "$2b$04$rVo6j4i3uvWHvtDItq1Hm.ZfyAfHnwHVBIZ1H75kZxGuHiVEdBF0S"


def _target(url: str) -> RemoteWrite:
    target = remote_write({"K6_PROMETHEUS_RW_PUSH_INTERVAL": "500ms"}, url)
    assert target is not None
    return target


def _run(target: RemoteWrite, folder: Path) -> tuple[int, list[str]]:
    """Run a small script through the local engine; gives k6's exit code and its log."""
    (folder / "script.js").write_text(SCRIPT, encoding="utf-8")
    output = prometheus_output(target)
    engine = choose_engine("local", EngineOptions(environment=os.environ))
    job = Job(
        name="lost",
        folder=folder,
        script=folder / "script.js",
        summary=folder / "summary.json",
        log=folder / "k6.log",
        environment={**os.environ, **output.environment},
        secrets=frozenset({target.password} - {""}),
        arguments=output.arguments,
    )
    (outcome,) = engine.run([job], Watcher(lambda _: None, lambda _: None))
    assert job.summary.exists()
    return outcome.exit_code, job.log.read_text(encoding="utf-8").splitlines()


@contextmanager
def _dead_port() -> Iterator[str]:
    # Bound but not listening: a connection is refused, and nobody else gets the port.
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_a_receiver_that_is_away(tmp_path: Path) -> None:
    with _dead_port() as url:
        target = _target(url)
        code, log = _run(target, tmp_path)
        reason = metrics_lost(log, lambda: push(target, []), target.url)
    assert code == 0
    assert reason is not None
    assert reason.kind == "metrics_lost"
    assert (reason.value or 0) >= 2
    assert "refused" in reason.message
    assert url in reason.message


def test_a_receiver_that_refuses_the_credentials(tmp_path: Path) -> None:
    with receiver(401, b"who are you?") as server:
        target = _target(server.url)
        code, log = _run(target, tmp_path)
        reason = metrics_lost(log, lambda: push(target, []), target.url)
    assert code == 0
    assert reason is not None
    assert "401" in reason.message


def test_a_slow_receiver(tmp_path: Path) -> None:
    with receiver(204, delay_s=1.0) as server:
        target = _target(server.url)
        code, log = _run(target, tmp_path)
        reason = metrics_lost(log, address=target.url)
    assert code == 0
    assert reason is not None
    assert reason.value == 0
    assert "for a push" in reason.message


def test_a_healthy_prometheus_with_a_password(tmp_path: Path) -> None:
    """With the right password nothing is lost; without it the check before the run tells."""
    web = tmp_path / "web.yml"
    web.write_text(f"basic_auth_users: {{alice: '{PASSWORD_HASH}'}}\n", encoding="utf-8")
    with prometheus_server(web_config=web) as server:
        url = server.remote_write
        environment = {
            "K6_PROMETHEUS_RW_PUSH_INTERVAL": "500ms",
            "K6_PROMETHEUS_RW_USERNAME": "alice",
            "K6_PROMETHEUS_RW_PASSWORD": "wonderland",
        }
        target = remote_write(environment, url)
        assert target is not None
        assert push(target, []) == ""
        assert any("401" in text for text in check_remote_write(_target(url), "local", {}))
        code, log = _run(target, tmp_path)
    assert code == 0
    assert metrics_lost(log) is None
    assert "wonderland" not in "\n".join(log)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_k6s_other_log_formats_tell_the_cause_themselves(tmp_path: Path, log_format: str) -> None:
    (tmp_path / "script.js").write_text(SCRIPT.replace("2s", "1s"), encoding="utf-8")
    engine = choose_engine("local", EngineOptions(environment=os.environ))
    with receiver(403) as server:
        output = prometheus_output(_target(server.url))
        command = [engine.info.k6_path, "run", "--quiet", "--no-usage-report", "--address", ""]
        command += ["--log-format", log_format, *output.arguments, str(tmp_path / "script.js")]
        done = process.run(command, environment={**os.environ, **output.environment})
    reason = metrics_lost(done.stderr.splitlines())
    assert done.code == 0
    assert reason is not None
    assert "403" in reason.message
