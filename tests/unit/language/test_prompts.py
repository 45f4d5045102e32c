"""Prompts out of every source, as the data that a script reads."""

from __future__ import annotations

import itertools
import json
import statistics
from pathlib import Path
from typing import Any

import duckdb
import pytest

from janbench.config.scenario_file import load_scenarios
from janbench.errors import ConfigError
from janbench.model.load.arrivals import Gamma, Poisson
from janbench.render.prompts import expected_tokens, prompt_files


def rows(folder: Path, prompts: dict[str, Any], **keys: Any) -> list[dict[str, Any]]:
    """The rows of the data file of a scenario with one step."""
    scenario = {"steps": [{"kind": "chat", "id": "c", "prompts": prompts}], **keys}
    file = folder / "s.yaml"
    file.write_text(json.dumps({"scenarios": {"t": scenario}}))
    found: list[dict[str, Any]] = json.loads(
        prompt_files(load_scenarios(file, {}).scenarios["t"]).own["c"]
    )
    return found


def texts(found: list[dict[str, Any]]) -> list[str]:
    return [row["messages"][-1]["content"] for row in found]


def test_inline_list(tmp_path: Path) -> None:
    given = ["one", {"text": "two", "weight": 3, "max_tokens": 9}]
    found = rows(tmp_path, {"list": given, "order": "random", "system": "Be brief."})
    assert texts(found) == ["one", "two"]
    assert found[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert [row["upto"] for row in found] == [0.25, 1.0]
    assert found[1]["max_tokens"] == 9


def test_text_file(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text('first\n\nsecond, with ${HOME} and "quotes"\nthird\n')
    found = rows(tmp_path, {"file": "p.txt", "limit": 2})
    assert texts(found) == ["first", 'second, with ${HOME} and "quotes"']


def test_json_lines(tmp_path: Path) -> None:
    talk = [{"role": "system", "content": "s"}, {"role": "user", "content": "d"}]
    lines = [{"prompt": "a", "weight": 2}, {"text": "b"}, "c", {"messages": talk}]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = rows(tmp_path, {"file": "p.jsonl"})
    assert texts(found) == ["a", "b", "c", "d"]
    assert len(found[3]["messages"]) == 2


def test_csv_and_parquet(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text('question,max_tokens\n"What, then?",7\nWhy?,\n')
    found = rows(tmp_path, {"file": "p.csv", "field": "question"})
    assert texts(found) == ["What, then?", "Why?"]
    assert [row.get("max_tokens") for row in found] == [7, None]
    parquet = tmp_path / "p.parquet"
    duckdb.sql(f"COPY (SELECT 'p' || i AS prompt FROM range(3) t(i)) TO '{parquet}'")
    assert texts(rows(tmp_path, {"file": "p.parquet"})) == ["p0", "p1", "p2"]


@pytest.mark.parametrize(("take", "last", "count"), [("first", "q1", 1), ("history", "q2", 3)])
def test_sharegpt(tmp_path: Path, take: str, last: str, count: int) -> None:
    talk = [("human", "q1"), ("gpt", "answer one"), ("human", "q2"), ("gpt", "a" * 400)]
    conversations = [{"conversations": [{"from": f, "value": v} for f, v in talk]},
                     {"conversations": [{"from": "gpt", "value": "no question"}]}]  # fmt: skip
    (tmp_path / "s.json").write_text(json.dumps(conversations))
    found = rows(tmp_path, {"sharegpt": "s.json", "take": take})
    assert texts(found) == [last]
    assert len(found[0]["messages"]) == count
    assert found[0]["max_tokens"] == (2 if take == "first" else 100)


@pytest.mark.parametrize(
    ("length", "mean", "spread"),
    [
        (64, 64, 0),
        ({"distribution": "normal", "mean": 100, "sd": 20, "min": 10}, 100, 20),
        ({"distribution": "lognormal", "mean": 100, "sd": 60}, 100, 60),
        ({"distribution": "uniform", "min": 10, "max": 50}, 30, 11.8),
    ],
)
def test_synthetic_lengths(tmp_path: Path, length: Any, mean: float, spread: float) -> None:
    prompts = {"synthetic": {"input_tokens": length, "count": 2000}, "output_tokens": length}
    found = rows(tmp_path, prompts)
    for tokens in ([len(text) / 4 for text in texts(found)], [r["max_tokens"] for r in found]):
        assert statistics.fmean(tokens) == pytest.approx(mean, rel=0.05)
        assert statistics.pstdev(tokens) == pytest.approx(spread, rel=0.1, abs=0.5)


def test_shared_prefix(tmp_path: Path) -> None:
    prefix = {"tokens": 50, "share": 0.5, "count": 2}
    found = texts(
        rows(tmp_path, {"synthetic": {"input_tokens": 80, "count": 400, "shared_prefix": prefix}})
    )
    beginnings = [text[:200] for text in found]
    shared = [start for start in beginnings if beginnings.count(start) > 1]
    assert len(set(shared)) == 2
    assert len(shared) == pytest.approx(200, abs=40)
    assert all(len(text) == pytest.approx(320, abs=8) for text in found)
    assert len(set(found)) == 400


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    prompts = {"synthetic": {"input_tokens": 30, "count": 50}}
    assert rows(tmp_path, prompts) == rows(tmp_path, prompts)
    assert rows(tmp_path, {**prompts, "seed": 2}) != rows(tmp_path, prompts)


def test_lengths_of_a_trace(tmp_path: Path) -> None:
    lines = [{"timestamp": 500 * i, "input_length": 10 + i, "output_length": 5 + i, "hash_ids": []}
             for i in range(4)]  # fmt: skip
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = rows(tmp_path, {"trace": True}, load={"shape": "trace", "file": "t.jsonl"})
    assert [round(len(text) / 4) for text in texts(found)] == [10, 11, 12, 13]
    assert [row["max_tokens"] for row in found] == [5, 6, 7, 8]


def test_tokenizer_counts_exactly(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    words = ["the", "of", "and", "to", "in", "that", "it", "was"]
    model = tokenizers.models.WordLevel({w: i for i, w in enumerate(["?", *words])}, unk_token="?")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    found = rows(tmp_path, {"synthetic": {"input_tokens": 25, "count": 20},
                            "tokenizer": "tokenizer.json"})  # fmt: skip
    assert {len(text.split()) for text in texts(found)} == {25}


@pytest.mark.parametrize(
    ("name", "content", "prompts", "told"),
    [
        ("p.jsonl", '{"prompt": "a"}\n{broken\n', {}, ("p.jsonl:2", "not JSON")),
        ("p.jsonl", '{"other": 1}\n', {}, ("p.jsonl:1", "no column")),
        ("p.jsonl", '{"prompt": "a", "weight": -1}\n', {}, ("p.jsonl:1", "weight")),
        ("p.jsonl", "[1]\n", {}, ("p.jsonl:1", "neither a text nor an object")),
        ("p.txt", "\n\n", {}, ("p.txt", "no prompts")),
        ("p.txt", b"\xff\xfe\x00", {}, ("p.txt", "can't be read")),
        ("p.parquet", "no parquet", {}, ("p.parquet", "can't be read")),
        ("p.docx", "x", {}, ("p.docx", "can't be read from a .docx")),
        ("p.csv", "a,b\n1,2\n", {"field": "prompt"}, ("p.csv:2", "prompt")),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used(
    tmp_path: Path, name: str, content: str | bytes, prompts: dict[str, Any], told: tuple[str, str]
) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        rows(tmp_path, {"file": name, **prompts})
    assert told[0] in str(caught.value.where)
    assert told[1] in str(caught.value)


def test_missing_file_is_told_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file 'nowhere'") as caught:
        rows(tmp_path, {"file": "nowhere"})
    assert "s.yaml:1:" in str(caught.value.where)


def test_a_hundred_thousand_prompts(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("\n".join(f"prompt number {i}" for i in range(100_000)))
    found = texts(rows(tmp_path, {"file": "p.txt"}))
    assert len(found) == 100_000
    assert found[99_999] == "prompt number 99999"


def test_planned_arrivals_have_the_variation_asked_for() -> None:
    for shape, wanted in (
        (Poisson(shape="poisson", rate=20, duration="100s"), 1.0),  # type: ignore[arg-type]
        (Gamma(shape="gamma", rate=20, duration="100s", burstiness=4), 0.5),  # type: ignore[arg-type]
    ):
        times = [arrival.at for arrival in getattr(shape.profile(), "arrivals", ())]
        gaps = [b - a for a, b in itertools.pairwise(times)]
        assert len(times) == 2000
        assert statistics.stdev(gaps) / statistics.fmean(gaps) == pytest.approx(wanted, rel=0.05)


def test_images_are_sent_inside(tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(b"\x89PNG")
    message = {"role": "user", "content": "What is it?", "images": ["dot.png", "https://x/y.jpg"]}
    file = tmp_path / "s.yaml"
    step = {"kind": "chat", "id": "c", "messages": [message]}
    file.write_text(json.dumps({"scenarios": {"t": {"steps": [step]}}}))
    inline = prompt_files(load_scenarios(file, {}).scenarios["t"]).inline["c"]
    parts = inline[0]["messages"][0]["content"]
    assert parts[0] == {"type": "text", "text": "What is it?"}
    assert parts[1]["image_url"]["url"] == "data:image/png;base64,iVBORw=="
    assert parts[2]["image_url"]["url"] == "https://x/y.jpg"


def test_expected_tokens(tmp_path: Path) -> None:
    rows(tmp_path, {"synthetic": {"input_tokens": 100}, "output_tokens": 50})
    scenario = load_scenarios(tmp_path / "s.yaml", {}).scenarios["t"]
    taken, given = expected_tokens(scenario, "stream")
    assert taken == pytest.approx(100, abs=1)
    assert given == 50
