"""Several files, inheritance, overrides, variables: what comes out, and what is said if not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from janbench.config.scenario_file import Scenarios, load_scenarios
from janbench.errors import ConfigError
from janbench.model.load.open_shapes import Constant
from janbench.model.steps.model_step import Chat

MODELS = "steps: [{kind: list_models}]"


def load(
    folder: Path, files: dict[str, str], *overrides: str, env: dict[str, str] | None = None
) -> Scenarios:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    return load_scenarios(folder / "scenarios.yaml", env or {}, overrides)


def test_an_escaped_reference_is_a_text(tmp_path: Path) -> None:
    found = load(tmp_path, {"scenarios.yaml": """
        target: {model: "m-$${NOT_SET}"}
        scenarios:
          a:
            steps:
              - kind: chat
                messages: [{role: user, content: "Say $${API_KEY} and ${HOME:-x}"}]
    """}).scenarios["a"]  # fmt: skip
    assert found.target.model == "m-${NOT_SET}"
    step = found.leaves[0]
    assert isinstance(step, Chat)
    # The script fills it when it sends it.
    assert step.messages[0].content == "Say $${API_KEY} and ${HOME:-x}"


def test_files_are_joined(tmp_path: Path) -> None:
    found = load(tmp_path, {
        "scenarios.yaml": "include: [sub/b.yaml]\ntarget: {model: m}\n"
        f"scenarios: {{a: {{{MODELS}}}}}",
        "sub/b.yaml": f"target: {{flavour: openai}}\nscenarios: {{b: {{{MODELS}}}}}",
        "scenarios.d/c.yaml": f"scenarios: {{c: {{{MODELS}}}}}",
    })  # fmt: skip
    assert list(found.scenarios) == ["a", "b", "c"]
    assert {s.target.model for s in found.scenarios.values()} == {"m"}
    assert [s.target.flavour for s in found.scenarios.values()] == ["jan-v1", "openai", "jan-v1"]


def test_a_scenario_inherits(tmp_path: Path) -> None:
    found = load(tmp_path, {"scenarios.yaml": """
        scenarios:
          child: {extends: base, load: {warmup: 5s}, slo: {ttft_ms: {p99: 9}}}
          other: {extends: child, load: {shape: constant, rate: 1, duration: 3s}}
          base:
            test_case: mine
            load: {shape: poisson, rate: 4, duration: 10s}
            slo: {ttft_ms: {p95: 5}}
            steps: [{kind: list_models}]
    """}).scenarios  # fmt: skip
    child, other = found["child"], found["other"]
    assert child.load.warmup == 5
    assert child.test_case == "child"
    assert child.slo is not None
    assert child.slo.ttft_ms == {"p95": 5, "p99": 9}
    assert other.load.lanes == {"main": Constant(shape="constant", rate=1, duration="3s")}  # type: ignore[arg-type]
    assert other.load.warmup == 0


def test_any_key_is_overridden(tmp_path: Path) -> None:
    file = {
        "scenarios.yaml": """
        scenarios:
          a.b:
            load: {nonstream_rps: 1}
            steps:
              - {kind: list_models}
              - {kind: chat, id: ask, messages: [{role: user, content: Hi}]}
    """
    }
    found = load(tmp_path, file, "scenarios.a.b.load.stream_rps=5",
                 "scenarios.a.b.steps.ask.max_tokens=7", "scenarios.a.b.steps.0.timeout_s=3",
                 "scenarios.a.b.slo={ttft_ms: {p95: 3}}").scenarios["a.b"]  # fmt: skip
    assert (found.load.nonstream_rps, found.load.stream_rps) == (1, 5)
    asked = found.steps[1]
    assert isinstance(asked, Chat)
    assert (asked.max_tokens, found.steps[0].timeout_s) == (7, 3)
    assert found.slo is not None


def test_variables(tmp_path: Path) -> None:
    text = """
        scenarios:
          a:
            target: {base: "http://${HOST:-localhost}:1", model: "${MODEL}"}
            load: {nonstream_rps: "${RATE:-3}"}
            steps:
              - {kind: request, path: "/x/${later}", headers: {k: "${MY_KEY}"}, title: "${a b}"}
    """
    found = load(tmp_path, {"scenarios.yaml": text}, env={"MODEL": "m", "HOST": ""}).scenarios["a"]
    assert found.target.base == "http://localhost:1"
    assert found.target.model == "m"
    assert found.load.nonstream_rps == 3
    assert found.steps[0].model_dump()["path"] == "/x/${later}"


BAD = {
    "unknown parent": ("a: {extends: bas, STEPS}\nbase: {STEPS}", (2, 16), "no scenario 'bas'"),
    "circle": ("a: {extends: b}\nb: {extends: a}", (3, 16), "extends itself"),
    "unknown shape": ("a: {load: {shape: poison}, STEPS}", (2, 21), "load shape 'poison'"),
    "shape's key": ("a: {load: {shape: constant, rat: 1}, STEPS}", (2, 31), "unknown key 'rat'"),
    "load's key": ("a: {load: {strem_rps: 1}, STEPS}", (2, 14), "Did you mean 'stream_rps'"),
    "no unit": ("a: {load: {rate: 1, duration: 5}, STEPS}", (2, 33), "give a unit"),
    "both ways": ("a: {load: {shape: soak, stream_rps: 1}, STEPS}", (2, 13), "stream_rps belongs"),
    "metric": ("a: {thresholds: {http_req: ['p(95)<1']}, STEPS}", (2, 20), "no metric 'http_req'"),
    "method": ("a: {thresholds: {checks: ['p(95)<1']}, STEPS}", (2, 20), "takes rate, not p"),
    "threshold": ("a: {thresholds: {checks: [fast]}, STEPS}", (2, 29), "not a valid k6 threshold"),
    "variable": ("a: {target: {model: '${NOPE}'}, STEPS}", (2, 23), "NOPE is not set"),
    "secret": ("a: {target: {model: '${API_KEY}'}, STEPS}", (2, 23), "looks like a secret"),
    "statistic": ("a: {slo: {ttft_ms: {p96: 1}}, STEPS}", (2, 23), "unknown key 'p96'"),
    "inner step": ("a: {steps: [{kind: group, steps: [{kind: chta}]}]}", (2, 44), "'chta'"),
    "two lanes": ("a: {load: {lanes: {x: {rate: 1}}}, STEPS}", (2, 22), "unknown key 'x'"),
    "if": ("a: {steps: [{kind: list_models, if: {variable: x}}]}", (2, 39), "needs one of exists"),
    "tag": ("a: {steps: [{kind: list_models, tags: {vu: x}}]}", (2, 15), "'vu' is set by k6"),
    "path": (
        "a: {steps: [{kind: request, path: /x, extract: {v: 'data[*].id'}}]}",
        (2, 54),
        "'data[*].id' is not a valid path of a value",
    ),
    "file": ("a: {load: {shape: trace, file: no.csv}, STEPS}", (2, 34), "no file 'no.csv'"),
}


@pytest.mark.parametrize(("text", "place", "message"), BAD.values(), ids=list(BAD))
def test_mistakes_are_told_at_their_place(
    tmp_path: Path, text: str, place: tuple[int, int], message: str
) -> None:
    lines = "scenarios:\n  " + text.replace("STEPS", MODELS).replace("\n", "\n  ") + "\n"
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {"scenarios.yaml": lines})
    assert message in str(caught.value)
    where = caught.value.where
    assert (getattr(where, "line", 0), getattr(where, "column", 0)) == place, caught.value


@pytest.mark.parametrize(
    ("files", "where", "message"),
    [
        ({"scenarios.yaml": "include: [b.yaml]\nscenarios: {}"}, "scenarios.yaml:1:11", "no file"),
        ({"scenarios.yaml": f"include: [b.yaml]\nscenarios: {{a: {{{MODELS}}}}}",
          "b.yaml": f"scenarios: {{a: {{{MODELS}}}}}"}, "b.yaml:1:13", "occurs twice"),
        ({"scenarios.yaml": "include: [b.yaml]\nscenarios: {}",
          "b.yaml": "include: [b.yaml]\nscenarios: {}"}, "b.yaml:1:11", "includes itself"),
        ({"scenarios.yaml": "include: [b.yaml]\nscenarios: {}",
          "b.yaml": "scenarios:\n  b: {steps: [{kind: chta}]}"}, "b.yaml:2:22", "'chta'"),
    ],
)  # fmt: skip
def test_mistakes_of_included_files(
    tmp_path: Path, files: dict[str, str], where: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load(tmp_path, files)
    assert str(caught.value.where).endswith(where)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("scenarios.a.load.rat=1", "unknown key 'rat'"),
        ("scenarios.a.steps.nope.max_tokens=1", "no entry 'nope'"),
        ("scenarios.a.steps", "takes KEY=VALUE"),
        ("scenarios.a.load.stream_rps=fast", "stream_rps"),
        ("scenarios.a.description.x=[", "not valid YAML"),
    ],
)
def test_mistakes_of_overrides(tmp_path: Path, override: str, message: str) -> None:
    file = {"scenarios.yaml": f"scenarios: {{a: {{description: d, load: {{}}, {MODELS}}}}}"}
    with pytest.raises(ConfigError, match=message) as caught:
        load(tmp_path, file, override)
    assert "--set" in str(caught.value)


@pytest.fixture(params=["UTC", "America/New_York"])
def time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's time zone, which no trace depends on."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("time_zone")
@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("t.jsonl", '{"timestamp": 1500, "input_length": 9, "output_length": 4}\n'
         '{"timestamp": 500, "input_length": 5, "output_length": 3}', [(0, 5, 3), (1, 9, 4)]),
        ("t.csv", "Timestamp,Model,Request tokens,Response tokens\n5,x,10,20\n7,x,11,21\n",
         [(0, 10, 20), (2, 11, 21)]),
        ("t.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n"
         "2023-11-16 18:15:50.9951690,396,109\n", [(0, 374, 44), (4.314579, 396, 109)]),
        ("t.csv", "at\n0\n0.5\n", [(0, None, None), (0.5, None, None)]),
        # Azure 2024: some rows have a fraction, and all an offset.
        ("t.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.25+00:00,374,44\n"
         "2024-05-10 00:00:01+00:00,396,109\n2024-05-10T00:00:02.0099300+00:00,9,9\n",
         [(0, 374, 44), (0.75, 396, 109), (1.75993, 9, 9)]),
        ("t.csv", "time\n2024-03-31T01:59:59.5Z\n2024-03-31 03:00:00.25+01:00\n"
         "2024-03-31 02:30:00\n",
         [(0, None, None), (0.75, None, None), (1800.5, None, None)]),
        ("t.jsonl", '{"timestamp": 1715299200000}\n{"timestamp": 1715299200250}',
         [(0, None, None), (0.25, None, None)]),
        # BurstGPT: no response token means that the request had failed.
        ("t.csv", "Timestamp,Model,Request tokens,Response tokens\n5,x,10,20\n6,x,10,0\n7,x,1,2\n",
         [(0, 10, 20), (2, 1, 2)]),
    ],
)  # fmt: skip
def test_published_traces_are_understood(
    tmp_path: Path, name: str, text: str, wanted: list[tuple[float, int | None, int | None]]
) -> None:
    (tmp_path / name).write_text(text)
    file = {
        "scenarios.yaml": f"scenarios: {{a: {{load: {{shape: trace, file: {name}}}, {MODELS}}}}}"
    }
    profile = load(tmp_path, file).scenarios["a"].load.shapes()["main"].profile()
    found = [(a.at, a.input_tokens, a.output_tokens) for a in getattr(profile, "arrivals", ())]
    assert [(pytest.approx(at, abs=1e-5), i, o) for at, i, o in wanted] == found


def test_failed_requests_of_a_trace_are_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("at,output_tokens\n0,4\n1,0\n2,0\n3,4\n")
    file = {
        "scenarios.yaml": f"scenarios: {{a: {{load: {{shape: trace, file: t.csv}}, {MODELS}}}}}"
    }
    shape = load(tmp_path, file).scenarios["a"].load.shapes()["main"]
    assert getattr(shape, "failed", None) == 2


def test_a_limit_reads_no_further(tmp_path: Path) -> None:
    """Published traces have millions of rows; what lies beyond the limit isn't even looked at."""
    (tmp_path / "t.csv").write_text("at\n0\n1\n2\nnot a time\n")
    text = f"scenarios: {{a: {{load: {{shape: trace, file: t.csv, limit: 3}}, {MODELS}}}}}"
    shape = load(tmp_path, {"scenarios.yaml": text}).scenarios["a"].load.shapes()["main"]
    assert len(getattr(shape.profile(), "arrivals", ())) == 3
