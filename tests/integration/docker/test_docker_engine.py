"""The Docker engine against a real daemon and a real k6."""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from janbench.engines import choose_engine
from janbench.engines.base import Engine, EngineOptions
from janbench.engines.docker.engine import DockerEngine
from janbench.engines.docker.reach import Reach
from janbench.engines.local.engine import LocalEngine
from janbench.errors import ConfigError, EngineError
from janbench.model.job import Job, Outcome, Progress, Watcher
from janbench.results.k6.summary import K6Summary, read_summary
from tests.docker_daemon import PrivateDaemon
from tests.integration.docker.conftest import MakeEngine

GET = """
import http from 'k6/http';
import { check } from 'k6';
import { name } from './lib/name.js';
export const options = { vus: 2, iterations: 10, thresholds: { checks: ['rate>0.99'] } };
export default function () {
  check(http.get(`${__ENV.BASE}/x`), { [name]: (r) => r.status === 200 });
}
"""
LONG = """
import { sleep } from 'k6';
export const options = { vus: 1, duration: '60s' };
export default function () { sleep(0.2); }
"""


def job_of(folder: Path, script: str, **environment: str) -> Job:
    (folder / "lib").mkdir(exist_ok=True)
    (folder / "lib" / "name.js").write_text("export const name = 'answers';\n")
    (folder / "script.js").write_text(script)
    return Job(
        name="a-scenario",
        folder=folder,
        script=folder / "script.js",
        summary=folder / "summary.json",
        log=folder / "k6.log",
        environment=environment,
        secrets=frozenset({"s3cret-value"}),
        tags={"testid": "run-1"},
    )


def quiet() -> Watcher:
    return Watcher(progress=lambda _: None, line=lambda _: None)


def on_progress(action: Callable[[Progress], None]) -> Watcher:
    return Watcher(progress=action, line=lambda _: None)


def run_one(engine: Engine, job: Job, watcher: Watcher) -> Outcome:
    (outcome,) = engine.run([job], watcher)
    return outcome


def summary_of(job: Job) -> K6Summary:
    summary = read_summary(job.summary)
    assert summary is not None
    return summary


def test_pass_keeps_the_summary_of_a_folder_that_only_root_may_enter(
    make_engine: MakeEngine, folder: Path, target: str
) -> None:
    job = job_of(folder, GET, BASE=target)
    engine = make_engine()
    outcome = run_one(engine, job, quiet())
    assert outcome.exit_code == 0, outcome.errors
    assert not outcome.interrupted
    assert summary_of(job).count("http_reqs") == 10
    assert engine.info.name == "docker"
    assert engine.info.k6_version.startswith("1.")


@pytest.mark.parametrize("remote", [False, True], ids=["mounted", "copied"])
def test_results_come_back_from_the_users_of_the_image(
    make_engine: MakeEngine,
    tmp_path: Path,
    target: str,
    remote: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tmp_path.chmod(0o755)
    for parent in (tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    job = job_of(tmp_path, GET, BASE=target)
    engine = make_engine()
    monkeypatch.setattr(engine, "_user", dict)  # so that k6 runs as the image's own 12345
    daemon = dataclasses.replace(engine._daemon, remote=remote, reach=Reach.HOST)
    monkeypatch.setattr(engine, "_daemon", daemon)
    assert run_one(engine, job, quiet()).exit_code == 0
    assert summary_of(job).count("http_reqs") == 10


def test_crossed_threshold_gives_99_and_a_summary(
    make_engine: MakeEngine, folder: Path, target: str
) -> None:
    job = job_of(folder, GET.replace("rate>0.99", "rate<0.5"), BASE=target)
    assert run_one(make_engine(), job, quiet()).exit_code == 99
    assert [t.ok for t in summary_of(job).thresholds()] == [False]


def test_script_error_gives_k6s_code_and_message(make_engine: MakeEngine, folder: Path) -> None:
    job = job_of(folder, "import './nothing.js';\nexport default () => {};\n")
    outcome = run_one(make_engine(), job, quiet())
    assert outcome.exit_code == 107
    assert "nothing.js" in " ".join(outcome.errors)


def test_ctrl_c_ends_in_order_and_keeps_the_summary(make_engine: MakeEngine, folder: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.iterations:
            raise KeyboardInterrupt

    job = job_of(folder, LONG)
    outcome = run_one(make_engine(), job, on_progress(interrupt))
    assert outcome.interrupted
    assert outcome.exit_code == 105
    assert summary_of(job).count("iterations") > 0
    assert outcome.duration_s < 50


def test_container_goes_when_we_fail_ourselves(
    make_engine: MakeEngine, daemon: PrivateDaemon, folder: Path
) -> None:
    labels: list[dict[str, str]] = []

    def fail(_: Progress) -> None:
        labels.extend(c.labels for c in daemon.client.containers.list())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_one(make_engine(), job_of(folder, LONG), on_progress(fail))
    assert labels == [{"janbench": "1", "janbench.scenario": "a-scenario", "janbench.run": "run-1"}]


def test_progress_and_cpu_are_seen_while_it_runs(make_engine: MakeEngine, folder: Path) -> None:
    seen: list[Progress] = []
    job = job_of(folder, LONG.replace("60s", "3s"))
    outcome = run_one(make_engine(), job, on_progress(seen.append))
    assert outcome.exit_code == 0
    assert any(progress.vus == 1 and progress.iterations for progress in seen)
    assert outcome.cpu_s is not None and outcome.cpu_s > 0


def test_out_of_memory_is_told(make_engine: MakeEngine, folder: Path) -> None:
    eater = """
    export default function () { const all = []; for (;;) all.push(new Uint8Array(4e6).fill(1)); }
    """
    job = job_of(folder, eater)
    outcome = run_one(make_engine(memory="96m"), job, quiet())
    assert outcome.exit_code == -9
    assert "ran out of memory" in outcome.errors[-1] and "96m" in outcome.errors[-1]
    assert "ran out of memory" in job.log.read_text()


def test_limits_reach_the_container(
    make_engine: MakeEngine, daemon: PrivateDaemon, folder: Path
) -> None:
    seen: list[dict[str, int]] = []

    def look(_: Progress) -> None:
        seen.extend(c.attrs["HostConfig"] for c in daemon.client.containers.list())
        raise KeyboardInterrupt

    run_one(make_engine(memory="512m", cpus=0.5), job_of(folder, LONG), on_progress(look))
    assert seen[0]["Memory"] == 512 * 2**20
    assert seen[0]["NanoCpus"] == 500_000_000


def test_environment_is_seen_by_the_script_alone(
    make_engine: MakeEngine, daemon: PrivateDaemon, folder: Path
) -> None:
    script = """
    import { sleep } from 'k6';
    export default function () {
      console.log(`got ${__ENV.LOADTEST_TOKEN} and ${__ENV.NAMED}`); sleep(1.5);
    }
    """
    seen: list[tuple[list[str], list[str]]] = []

    def look(_: Progress) -> None:
        for made in daemon.client.containers.list():
            seen.append((made.attrs["Config"]["Env"], made.attrs["Config"]["Cmd"]))

    job = job_of(
        folder,
        script,
        LOADTEST_TOKEN="s3cret-value",
        NAMED="$(touch /tmp/x) \"'\nß",
        OTHERS_SECRET="for-nobody",
        PATH="/only/here",
    )
    assert run_one(make_engine(), job, on_progress(look)).exit_code == 0
    environment, command = seen[0]
    assert "s3cret-value" not in " ".join(command)
    assert "NAMED=$(touch /tmp/x) \"'\nß" in environment
    assert not [e for e in environment if "OTHERS_SECRET" in e or "/only/here" in e]
    log = job.log.read_text()
    assert "got *** and $(touch /tmp/x)" in log
    assert "s3cret-value" not in log


def test_long_and_odd_lines_of_the_log_arrive_whole(make_engine: MakeEngine, folder: Path) -> None:
    script = """
    export default function () {
      console.log('x'.repeat(200000)); console.log('ü€😀'); console.log('');
    }
    """
    lines: list[str] = []
    outcome = run_one(
        make_engine(), job_of(folder, script), Watcher(progress=lambda _: None, line=lines.append)
    )
    assert outcome.exit_code == 0
    assert [line for line in lines if line.startswith("xxx")] == ["x" * 200000]
    assert "ü€😀" in lines


def test_files_that_a_script_writes_come_back_and_overwrite_nothing(
    make_engine: MakeEngine, folder: Path
) -> None:
    script = """
    export default function () {}
    export function handleSummary() {
      return { 'own.txt': 'made by the script', 'script.js': 'changed', 'lib/name.js': 'changed' };
    }
    """
    job = job_of(folder, script)
    # handleSummary replaces k6's own summary only on the screen: the exported file is still there
    assert run_one(make_engine(), job, quiet()).exit_code == 0
    assert (folder / "own.txt").read_text() == "made by the script"
    assert (folder / "script.js").read_text() == script
    assert "export const name" in (folder / "lib" / "name.js").read_text()


def test_missing_summary_is_an_error_although_k6_ended_well(
    make_engine: MakeEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("janbench.engines.docker.engine._SUMMARY", "no/such/folder/summary.json")
    with pytest.raises(EngineError, match="left no summary"):
        run_one(make_engine(), job_of(folder, "export default function () {}\n"), quiet())


def test_script_outside_its_folder_is_refused(make_engine: MakeEngine, folder: Path) -> None:
    job = dataclasses.replace(job_of(folder, LONG), script=folder.parent / "elsewhere.js")
    with pytest.raises(EngineError, match="is not in"):
        run_one(make_engine(), job, quiet())


def test_local_and_docker_give_the_same_structure(
    make_engine: MakeEngine, folder: Path, target: str
) -> None:
    job = job_of(folder, GET, BASE=target)
    outcomes: dict[str, Outcome] = {}
    shapes: dict[str, object] = {}
    for engine in (LocalEngine.find(EngineOptions()), make_engine()):
        outcomes[engine.info.name] = run_one(engine, job, quiet())
        data = json.loads(job.summary.read_text())
        shapes[engine.info.name] = {name: sorted(data["metrics"][name]) for name in data["metrics"]}
        assert summary_of(job).checks[0].passes == 10
        job.summary.unlink()
    assert shapes["local"] == shapes["docker"]
    assert {o.exit_code for o in outcomes.values()} == {0}


@pytest.mark.parametrize("image", ["127.0.0.1:1/nothing:1", "127.0.0.1:1/nothing"])
def test_image_that_cant_be_pulled(make_engine: MakeEngine, image: str) -> None:
    notices: list[str] = []
    with pytest.raises(EngineError) as error:
        make_engine(image=image, notice=notices.append)
    assert f"the image {image} is not on this machine" in error.value.message
    assert "docker load" in error.value.hint
    assert notices == [f"Pulling {image}"]


def test_image_without_k6(make_engine: MakeEngine, daemon: PrivateDaemon, tmp_path: Path) -> None:
    (tmp_path / "empty.tar").write_bytes(bytes(10240))
    daemon.client.api.import_image(src=str(tmp_path / "empty.tar"), repository="empty", tag="1")
    with pytest.raises(EngineError, match="has no k6"):
        make_engine(image="empty:1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image": "Not An Image"}, "not a valid image name"),
        ({"memory": "plenty"}, "not a valid amount of memory"),
        ({"cpus": 0.0}, "greater than 0"),
    ],
)
def test_wrong_options_are_usage_errors(
    make_engine: MakeEngine, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_engine(**options)


def test_daemon_down(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/no.sock"
    with pytest.raises(EngineError, match="there is no Docker daemon at"):
        DockerEngine.find(EngineOptions(environment={"DOCKER_HOST": nowhere}))
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(f"{tmp_path}/dead.sock")
        with pytest.raises(EngineError, match="doesn't answer") as error:
            DockerEngine.find(
                EngineOptions(environment={"DOCKER_HOST": f"unix://{tmp_path}/dead.sock"})
            )
    assert "--engine local" in error.value.hint


def test_auto_takes_docker_when_there_is_no_local_k6(daemon: PrivateDaemon, tmp_path: Path) -> None:
    gone = {"JANBENCH_K6": str(tmp_path / "no-k6")}
    engine = choose_engine("auto", EngineOptions(environment={**daemon.environment, **gone}))
    assert isinstance(engine, DockerEngine)
    engine.close()
    without = {**gone, "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    with pytest.raises(EngineError) as error:
        choose_engine("auto", EngineOptions(environment=without))
    assert "k6" in error.value.message and "Docker daemon" in error.value.message
    assert "pip install" in error.value.hint and "Start Docker" in error.value.hint
