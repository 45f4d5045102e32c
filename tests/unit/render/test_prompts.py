"""Prompts out of every source, as the data that a script reads."""

from __future__ import annotations

import itertools
import json
import statistics
from pathlib import Path
from typing import Any

import duckdb
import pytest

from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import load_scenarios
from janbench.errors import ConfigError
from janbench.model.load.arrivals import Gamma, Poisson
from janbench.render.prompts import expected_tokens, prompt_files
from janbench.render.script import render


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


# Conversations as data sets hold them, and what is sent of them, in the order `history`.
CONVERSATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "begins with the model": (
        {"conversations": [{"from": "gpt", "value": "hello"}, {"from": "human", "value": "q"},
                           {"from": "gpt", "value": "a"}]},
        "user: q",
    ),
    "repeats a role": (
        {"conversations": [{"from": "human", "value": "q1"}, {"from": "human", "value": "q2"},
                           {"from": "gpt", "value": "a"}]},
        "user: q1\n\nq2",
    ),
    "a key for the instructions": (
        {"system": "be brief", "conversations": [{"from": "human", "value": "q"},
                                                 {"from": "gpt", "value": "a"}]},
        "system: be brief|user: q",
    ),
    "instructions as a turn": (
        {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"},
                      {"role": "assistant", "content": "a"}]},
        "system: s|user: q",
    ),
    "no answer to the last question": (
        {"messages": [{"role": "user", "content": "q1"}, {"role": "assistant", "content": "a1"},
                      {"role": "user", "content": "q2"}]},
        "user: q1",
    ),
    "contents in parts": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]},
                      {"role": "assistant", "content": "a"}]},
        "user: q",
    ),
    "an unknown speaker": (
        {"conversations": [{"from": "human", "value": "q"}, {"from": "tool", "value": "t"},
                           {"from": "gpt", "value": "a"}]},
        "user: q",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVERSATIONS)
@pytest.mark.parametrize("form", ["json", "jsonl", "parquet"])
def test_conversations_as_they_are_found(tmp_path: Path, name: str, form: str) -> None:
    row, sent = CONVERSATIONS[name]
    if (form, name) == ("parquet", "contents in parts"):
        row = {"messages": json.dumps(row["messages"])}  # a column of one type
    (tmp_path / "s.jsonl").write_text(json.dumps(row))
    if form == "json":
        (tmp_path / "s.json").write_text(json.dumps([row]))
    if form == "parquet":
        duckdb.sql(f"COPY (FROM read_json('{tmp_path}/s.jsonl')) TO '{tmp_path}/s.parquet'")
    found = rows(tmp_path, {"sharegpt": f"s.{form}", "take": "history"})
    messages = [f"{m['role']}: {m['content']}" for m in found[0]["messages"]]
    assert "|".join(messages) == sent


@pytest.mark.parametrize("speaker", ["gpt", "chatgpt", "bing", "bard", "model", "Assistant"])
def test_speakers(tmp_path: Path, speaker: str) -> None:
    talk = [{"from": "user", "value": "q"}, {"from": speaker, "value": "a"}]
    (tmp_path / "s.json").write_text(json.dumps([{"conversations": talk}]))
    assert texts(rows(tmp_path, {"sharegpt": "s.json"})) == ["q"]


def test_lines_of_a_batch(tmp_path: Path) -> None:
    body = {"model": "m", "max_tokens": 7, "messages": [{"role": "user", "content": "q"}]}
    line = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": body}
    (tmp_path / "p.jsonl").write_text(json.dumps(line))
    found = rows(tmp_path, {"file": "p.jsonl"})
    assert found == [{"messages": body["messages"], "max_tokens": 7}]


def test_conversations_without_an_answer_are_counted(tmp_path: Path) -> None:
    good = {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}
    bad = [{"conversations": []}, {"conversations": [{"from": "gpt", "value": "a"}]}]
    (tmp_path / "s.json").write_text(json.dumps([good, *bad]))
    scenario = {"steps": [{"kind": "chat", "id": "c", "prompts": {"sharegpt": "s.json"}}]}
    (tmp_path / "s.yaml").write_text(json.dumps({"scenarios": {"t": scenario}}))
    files = prompt_files(load_scenarios(tmp_path / "s.yaml", {}).scenarios["t"])
    assert len(json.loads(files.own["c"])) == 1
    assert files.notes[0].startswith("2 of the first 3 conversations in ")
    assert "left out" in files.notes[0]


def test_an_answer_at_the_end_is_not_sent(tmp_path: Path) -> None:
    """As data sets for training hold it; in a list as in a file."""
    talk = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    (tmp_path / "p.jsonl").write_text(json.dumps({"messages": talk}))
    listed = rows(tmp_path, {"list": [{"messages": talk}]})
    assert listed == rows(tmp_path, {"file": "p.jsonl"})
    assert listed == [{"messages": talk[:1]}]


@pytest.mark.parametrize("prompts", [{"file": "p.jsonl"}, {"sharegpt": "s.json"}])
def test_halves_of_surrogate_pairs(tmp_path: Path, prompts: dict[str, Any]) -> None:
    (tmp_path / "p.jsonl").write_text('{"prompt": "a \\ud83d b"}')
    (tmp_path / "s.json").write_text(
        '[{"conversations": [{"from": "human", "value": "a \\ud83d b"}, '
        '{"from": "gpt", "value": "c"}]}]'
    )
    scenario = {"steps": [{"kind": "chat", "id": "c", "prompts": prompts}]}
    (tmp_path / "s.yaml").write_text(json.dumps({"scenarios": {"t": scenario}}))
    read = load_scenarios(tmp_path / "s.yaml", {}).scenarios["t"]
    text = render(read, load_flavours(), "s.yaml").files["data/t.c.prompts.json"]
    assert json.loads(text.encode("utf-8"))[0]["messages"][0]["content"] == "a \ufffd b"


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
    for tokens in ([len(t.split()) for t in texts(found)], [r["max_tokens"] for r in found]):
        assert statistics.fmean(tokens) == pytest.approx(mean, rel=0.05)
        assert statistics.pstdev(tokens) == pytest.approx(spread, rel=0.1, abs=0.5)


def test_shared_prefix(tmp_path: Path) -> None:
    prefix = {"tokens": 50, "share": 0.5, "count": 2}
    found = texts(
        rows(tmp_path, {"synthetic": {"input_tokens": 80, "count": 400, "shared_prefix": prefix}})
    )
    beginnings = [" ".join(text.split()[:50]) for text in found]
    shared = [start for start in beginnings if beginnings.count(start) > 9]
    assert len(set(shared)) == 2
    assert len(shared) == pytest.approx(200, abs=40)
    assert {len(text.split()) for text in found} == {80}
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
    assert [len(text.split()) for text in texts(found)] == [10, 11, 12, 13]
    assert [row["max_tokens"] for row in found] == [5, 6, 7, 8]


def test_block_ids_of_a_trace_become_shared_beginnings(tmp_path: Path) -> None:
    """Mooncake's `hash_ids`: blocks of 512 tokens, the last one cut to the length."""
    traced = [
        (1100, [46, 47, 48]),
        (1500, [46, 47, 49]),
        (300, [50]),
        (1024, [46, 47]),
        (1600, [46]),
    ]
    lines = [{"timestamp": 1, "input_length": length, "output_length": 9, "hash_ids": ids}
             for length, ids in traced]  # fmt: skip
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = texts(rows(tmp_path, {"trace": True}, load={"shape": "trace", "file": "t.jsonl"}))
    words = [text.split() for text in found]
    assert [len(said) for said in words] == [length for length, _ in traced]
    assert words[0][:1024] == words[1][:1024] == words[3]
    assert words[0][1024:1100] != words[1][1024:1100]
    assert words[4][:512] == words[0][:512]
    assert words[4][512:1024] != words[0][512:1024]
    assert words[2] != words[0][:300]


@pytest.mark.parametrize(
    ("prompts", "step", "said"),
    [
        ({"trace": True, "order": "random"}, {}, "'order' can't be random"),
        ({"trace": True}, {"repeat": 3}, "must run once in each iteration"),
    ],
)
def test_a_trace_keeps_each_arrivals_own_lengths(
    tmp_path: Path, prompts: dict[str, Any], step: dict[str, Any], said: str
) -> None:
    (tmp_path / "t.jsonl").write_text('{"timestamp": 1, "input_length": 5, "output_length": 5}')
    steps = [{"kind": "chat", "id": "c", "prompts": prompts, **step}]
    load = {"shape": "trace", "file": "t.jsonl"}
    file = tmp_path / "s.yaml"
    file.write_text(json.dumps({"scenarios": {"t": {"steps": steps, "load": load}}}))
    with pytest.raises(ConfigError, match=said):
        prompt_files(load_scenarios(file, {}).scenarios["t"])


def test_bad_block_ids(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"timestamp": 1, "input_length": 5, "hash_ids": "a"}')
    with pytest.raises(ConfigError, match=r"t.jsonl:1:1: 'hash_ids' is not a list"):
        rows(tmp_path, {"trace": True}, load={"shape": "trace", "file": "t.jsonl"})


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
