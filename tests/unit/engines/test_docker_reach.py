"""Which loopback a container sees, and which variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import load_scenarios
from janbench.engines.docker.reach import Reach, named_variables, reach_of, visible_from
from janbench.errors import EngineError
from janbench.render.script import render
from janbench.render.writer import write_scripts
from janbench.resources import builtin_scenarios


@pytest.mark.parametrize(
    ("platform", "traits", "expected"),
    [
        ("linux", "", Reach.HOST),
        ("linux", "desktop", Reach.ALIAS),
        ("darwin", "", Reach.ALIAS),
        ("win32", "desktop", Reach.ALIAS),
        ("linux", "remote", Reach.NONE),
        ("darwin", "remote", Reach.NONE),
        ("linux", "rootless", Reach.NONE),
        ("linux", "rootless podman", Reach.HOST),
    ],
)
def test_reach(platform: str, traits: str, expected: Reach) -> None:
    flags = {name: name in traits.split() for name in ("remote", "desktop", "rootless", "podman")}
    assert reach_of(platform, **flags) is expected


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://127.0.0.1:8787", "http://host.docker.internal:8787"),
        ("http://localhost/v1?x=1", "http://host.docker.internal/v1?x=1"),
        ("https://LOCALHOST:443", "https://host.docker.internal:443"),
        ("http://[::1]:9090/api", "http://host.docker.internal:9090/api"),
        ("http://user:pass@127.0.0.9:1", "http://user:pass@host.docker.internal:1"),
        ("https://api-stag.jan.ai", "https://api-stag.jan.ai"),
        ("http://localhost.example.com", "http://localhost.example.com"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("name", ["BASE", "JANBENCH_PROXY", "K6_PROMETHEUS_RW_SERVER_URL"])
def test_loopback_urls_are_rewritten(name: str, url: str, seen: str) -> None:
    assert visible_from(Reach.ALIAS, {name: url, "MODEL": "m"}) == {name: seen, "MODEL": "m"}
    assert visible_from(Reach.HOST, {name: url}) == {name: url}


def test_unreachable_loopback_is_refused_with_the_reason_but_without_the_password() -> None:
    with pytest.raises(EngineError) as error:
        visible_from(Reach.NONE, {"BASE": "http://u:hidden@127.0.0.1:8787"})
    assert "BASE=http://127.0.0.1:8787" in error.value.message
    assert "hidden" not in str(error.value)
    assert "--engine local" in error.value.hint
    assert (
        visible_from(Reach.NONE, {"BASE": "https://far.example"})["BASE"] == "https://far.example"
    )


def test_only_what_the_script_names_is_passed(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "a.js").write_text("const a = __ENV.ALPHA, p = __ENV.PATH;")
    (tmp_path / "lib" / "b.js").write_text("text('BETA'); // not GAMMAS")
    (tmp_path / "k6.log").write_text("DELTA")
    environment = {
        **dict.fromkeys(("ALPHA", "BETA", "GAMMA", "DELTA", "PATH", "DOCKER_HOST"), "1"),
        **dict.fromkeys(("K6_OUT", "JANBENCH_PROXY", "HTTPS_PROXY", "no_proxy"), "2"),
        "JANBENCH_K6": "3",
    }
    passed = named_variables(tmp_path, environment)
    assert sorted(passed) == [
        "ALPHA",
        "BETA",
        "HTTPS_PROXY",
        "JANBENCH_PROXY",
        "K6_OUT",
        "no_proxy",
    ]


def test_every_setting_of_a_rendered_script_is_passed(tmp_path: Path) -> None:
    scenario = next(iter(load_scenarios(builtin_scenarios()).scenarios.values()))
    write_scripts([render(scenario, load_flavours(), "scenarios.yaml")], tmp_path)
    names = {"BASE", "MODEL", "FLAVOUR", "API_KEY", "LOADTEST_TOKEN", "DEBUG", "SINGLE_RUN"}
    names |= {"NONSTREAM_RPS", "STREAM_RPS", "DURATION_MIN"}
    assert set(named_variables(tmp_path, dict.fromkeys(names, "x"))) == names
