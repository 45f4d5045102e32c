"""What the pretended model says."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest

from janbench.server.faults import FAULTS, NONE
from janbench.server.generation.distributions import RandomVariable, parse_distribution
from janbench.server.generation.model import Generation, Kind, Model, ModelInput
from janbench.server.generation.prose import HTML, words
from janbench.server.options import ServerOptions

SEARCH = {
    "name": "google_search",
    "parameters": {
        "type": "object",
        "properties": {
            "q": {"type": "string"},
            "num": {"type": "integer"},
            "safe": {"type": "boolean"},
            "kind": {"enum": ["web"]},
        },
    },
}


def dist(text: str) -> RandomVariable:
    return parse_distribution(text, option="--x")


OPTIONS = ServerOptions(tokens=dist("20"), seed=5)


def plan(prompt: ModelInput, options: ServerOptions = OPTIONS, fault: str = "") -> Generation:
    return Model(options).plan(prompt, FAULTS[fault] if fault else NONE, 0)


def test_a_seed_repeats_texts_delays_and_lengths_in_order() -> None:
    options = replace(OPTIONS, tokens=dist("uniform:1,50"), itl_ms=dist("exp:20"))

    def told(seed: int) -> list[tuple[str, list[float], int]]:
        model = Model(replace(options, seed=seed))
        plans = [model.plan(ModelInput("hi"), NONE, 0) for _ in range(5)]
        return [(p.joined(Kind.CONTENT), [p.gap_ns() for _ in range(3)], p.tokens) for p in plans]

    assert told(1) == told(1)
    assert told(1) != told(2)
    assert len({text for text, _, _ in told(1)}) == 5


@pytest.mark.parametrize(("limit", "tokens", "finish"), [(5, 5, "length"), (20, 20, "stop")])
def test_the_limit_on_tokens_decides_length_and_finish(
    limit: int, tokens: int, finish: str
) -> None:
    made = plan(ModelInput("hi", max_tokens=limit))
    assert (made.tokens, made.finish_reason) == (tokens, finish)


def test_reasoning_comes_first_and_counts_against_the_limit() -> None:
    made = plan(ModelInput("hi", max_tokens=12), replace(OPTIONS, reasoning_tokens=dist("10")))
    assert made.kinds == [Kind.REASONING] * 10 + [Kind.CONTENT] * 2
    assert made.finish_reason == "length"


def test_a_limit_spent_on_reasoning_leaves_no_content() -> None:
    made = plan(ModelInput("hi", max_tokens=4), replace(OPTIONS, reasoning_tokens=dist("10")))
    assert made.joined(Kind.CONTENT) == ""
    assert made.tokens == 4


@pytest.mark.parametrize("limit", [1, 2, 3, 7, None])
def test_a_json_object_is_valid_at_every_length(limit: int | None) -> None:
    made = plan(ModelInput("hi", max_tokens=limit, json_object=True))
    assert isinstance(json.loads(made.joined(Kind.CONTENT)), dict)
    assert made.tokens == (limit or 20)


@pytest.mark.parametrize(
    ("choice", "said", "called"),
    [
        ("auto", "please use google search for it", True),
        (None, "google_search: tides", True),
        ("auto", "hello", False),
        ("required", "hello", True),
        ({"type": "function", "function": {"name": "google_search"}}, "hello", True),
        ({"type": "function", "name": "google_search"}, "hello", True),
        ({"type": "function", "function": {"name": "other"}}, "hello", False),
        ("none", "google search", False),
    ],
)
def test_a_tool_is_called_when_it_is_asked_for(choice: object, said: str, called: bool) -> None:
    made = plan(ModelInput(said, tools=(SEARCH,), tool_choice=choice, last_user_text=said))
    assert (made.tool is not None) is called
    if made.tool is not None:
        arguments = json.loads(made.joined(Kind.TOOL))
        assert made.tool.name == "google_search"
        assert set(arguments) == {"q", "num", "safe", "kind"}
        assert arguments["kind"] == "web"
        assert isinstance(arguments["num"], int)
        assert made.finish_reason == "tool_calls"
        assert (made.kinds[0], made.texts[0]) == (Kind.TOOL, "")


def test_a_tool_result_is_answered_with_words() -> None:
    prompt = ModelInput("x", tools=(SEARCH,), tool_choice="required", after_tool=True)
    assert plan(prompt).tool is None


def test_prose_holds_what_breaks_hand_made_json() -> None:
    text = "".join(words(Random(3), 2000))
    for awkward in ('"', "\\", "\n", "\t", "ï", "日", "🙂", "data: [DONE]"):
        assert awkward in text


def test_html_is_in_every_piece() -> None:
    made = plan(ModelInput("hi"), fault="html")
    assert all(HTML in text for text in made.texts)


def test_no_content_says_nothing() -> None:
    assert plan(ModelInput("hi"), fault="no-content").texts == []


def test_slow_first_token_is_ten_times_as_slow() -> None:
    assert (
        plan(ModelInput("hi"), fault="slow-first-token").ttft_ns
        == 10 * plan(ModelInput("hi")).ttft_ns
    )


def test_queue_saturation_grows_with_what_is_active() -> None:
    fault = FAULTS["queue-saturation"]
    delays = [Model(OPTIONS).plan(ModelInput("hi"), fault, n).ttft_ns for n in (0, 1, 10)]
    assert [delay - delays[0] for delay in delays] == [0, 50_000_000, 500_000_000]
