"""An example for each key of each model; a test holds that they validate and leave none out."""

from __future__ import annotations

from pydantic import BaseModel

from janbench.model import prompts, scenario, slo, thresholds
from janbench.model.load import arrivals, load, open_shapes, shape
from janbench.model.steps import base as step_base
from janbench.model.steps import model_step, step
from janbench.model.steps import request_step as requests

MESSAGES = "messages: [{role: user, content: Hi}]"

EXAMPLES: dict[type[BaseModel], tuple[str, ...]] = {
    scenario.ScenarioFile: (
        "include: [more.yaml]\n"
        "target: {base: 'http://127.0.0.1:8787', flavour: jan-v1, model: jan-v1-4b}\n"
        "scenarios:\n  my-test:\n    steps:\n      - kind: list_models\n",
    ),
    scenario.Target: ("base: https://api.example.com\nflavour: openai\nmodel: gpt-4o-mini\n",),
    scenario.Scenario: (
        "name: my-test\ndescription: A guest chats.\nextends: other-test\ntest_case: my-test\n"
        "target: {flavour: openai, base: 'http://127.0.0.1:8000'}\n"
        "counters: mine\nrefresh: expiring\nthink_time_s: 0.5\n"
        "load: {shape: constant, rate: 5, duration: 1m}\n"
        "thresholds: {http_req_failed: [rate<0.01]}\n"
        "slo: {ttft_ms: {p95: 800}}\nstream_error_limit: 0.01\nconnection: fresh\n"
        "steps:\n  - kind: chat\n    stream: true\n    messages: [{role: user, content: Hi}]\n",
    ),
    load.Load: (
        "nonstream_rps: 2\nstream_rps: 1\nduration_min: 5\n",
        "lanes:\n  nonstream: {shape: constant, rate: 2, duration: 1m}\n"
        "  stream: {shape: poisson, rate: 1, duration: 1m}\n"
        "warmup: 10s\ncooldown: 5s\nbudget: {max_requests: 500}\nallow_drops: true\n"
        "iteration_s: 3\nmax_vus: 200\n",
    ),
    load.Budget: ("max_tokens_total: 100000\nmax_requests: 500\nmax_duration: 10m\n",),
    open_shapes.Ramp: ("shape: ramp\nrate: 5\nduration: 5m\nramp: 30s\n",),
    open_shapes.Constant: ("shape: constant\nrate: 5\nduration: 1m\n",),
    open_shapes.Stages: (
        "shape: stages\nstart_rate: 1\nstages:\n  - {rate: 5, duration: 1m}\n"
        "  - {rate: 20, duration: 30s, jump: true}\n",
    ),
    open_shapes.Stage: ("rate: 20\nduration: 30s\njump: true\n",),
    open_shapes.Spike: (
        "shape: spike\nrate: 2\npeak: 40\nbefore: 30s\nrise: 1s\nhold: 20s\nafter: 1m\n",
    ),
    open_shapes.Soak: ("shape: soak\nrate: 3\nduration: 4h\nramp: 1m\n",),
    shape.Concurrency: ("shape: concurrency\nconcurrency: 16\nduration: 2m\n",),
    shape.Iterations: (
        "shape: iterations\niterations: 200\nconcurrency: 8\nmax_duration: 10m\n",
    ),
    arrivals.Poisson: ("shape: poisson\nrate: 10\nduration: 2m\nseed: 7\n",),
    arrivals.Gamma: ("shape: gamma\nrate: 10\nduration: 2m\nburstiness: 0.25\nseed: 7\n",),
    arrivals.Trace: (
        "shape: trace\nfile: mooncake.jsonl\nunit: ms\nspeed: 2\nlimit: 1000\nduration: 5m\n",
        "shape: trace\narrivals: [0, 0.4, 0.5, 2]\n",
    ),
    slo.Slo: (
        "ttft_ms: {p95: 800, p99: 1500}\nttft_visible_ms: {p95: 2000}\nitl_ms: {p99: 60}\n"
        "tpot_ms: {mean: 40}\ne2e_ms: {p95: 9000}\nttfb_ms: {max: 1000}\nfinalize_ms: {p99: 50}\n"
        "tokens_per_s: {p50: 20}\noutput_tokens_per_s: 200\nrequests_per_s: 5\n"
        "error_rate: 0.01\ngoodput: 0.99\nabort_on_fail: true\n",
    ),
    slo.Goodput: ("share: 0.99\nlimits: {ttft_ms: 800, tpot_ms: 50, e2e_ms: 10000}\n",),
    thresholds.Threshold: ("threshold: p(95)<800\nabortOnFail: true\ndelayAbortEval: 10s\n",),
    step_base.BaseStep: (
        "id: ask\ntitle: Ask the model\nlabel: ask\nlane: stream\nthink_time_s: 1\n"
        "timeout_s: 120\nmetric: ask_time_ms\ntags: {tier: gold}\nslo: {e2e_ms: {p95: 5000}}\n"
        "if: {variable: state, equals: ready}\nrepeat: 3\n",
    ),
    step_base.Condition: (
        "variable: state\nexists: true\nequals: ready\ncontains: ea\nmatches: ^rea\nnegate: true\n",
        "variable: count\nmin: 1\nmax: 10\n",
    ),
    step_base.Repeat: (
        "times: 3\n",
        "min: 1\nmax: 20\nuntil: {variable: state, equals: done}\n",
    ),
    step.GuestLogin: ("kind: guest_login\n",),
    step.RefreshToken: ("kind: refresh_token\n",),
    step.ListModels: ("kind: list_models\n",),
    step.CreateConversation: (
        "kind: create_conversation\nconversation_title: Load test\nmetadata: {team: api}\n",
    ),
    step.GetConversation: ("kind: get_conversation\n",),
    step.ListConversations: ("kind: list_conversations\n",),
    step.ListItems: ("kind: list_items\n",),
    model_step.Chat: (f"kind: chat\n{MESSAGES}\nhistory: true\nrepeat: 4\n",),
    model_step.Completion: (f"kind: completion\n{MESSAGES}\nstream: true\n",),
    model_step.ConversationChat: (f"kind: conversation_chat\n{MESSAGES}\n",),
    model_step.Response: (f"kind: response\n{MESSAGES}\nstream: true\n",),
    model_step.ModelStep: (
        "messages:\n  - {role: system, content: Be brief.}\n"
        "  - {role: user, content: 'What is the weather in ${city}? Use get_weather.'}\n"
        "stream: true\nmax_tokens: 200\ntemperature: 0.7\nprompt: weather\n"
        "tools:\n  - type: function\n    function:\n      name: get_weather\n"
        "      parameters: {type: object, properties: {city: {type: string}}}\n"
        "tool_call: {name: get_weather, result: {sky: clear}}\n"
        "extract_text: answer\nignore_eos: true\n"
        "parameters: {seed: 1, max_completion_tokens: 200, stream_options: null}\n",
        "messages: [{role: user, content: Hi}]\n"
        "path: /openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21\n"
        "headers: {api-key: '${AZURE_OPENAI_KEY}'}\n",
        "prompts: {file: questions.jsonl, order: random}\n"
        "json_schema:\n  type: object\n  properties: {answer: {type: string}}\n"
        "  required: [answer]\n",
    ),
    model_step.ToolCall: (
        "name: get_weather\narguments: {city: Lisbon}\nresult: {sky: clear, celsius: 21}\n",
    ),
    requests.Request: (
        "kind: request\nmethod: POST\npath: /my/items/${item}\n"
        "headers: {Authorization: 'Bearer ${MY_TOKEN}'}\nbody: {name: '${NAME:-nobody}'}\n"
        "auth: false\nexpect: [200, 201]\n"
        "checks: [{name: has an id, path: id, exists: true}]\nextract: {item: id}\n",
    ),
    requests.JsonCheck: (
        "name: is ready\npath: data[0].state\nexists: true\nequals: ready\ncontains: ea\n"
        "matches: ^rea\ntype: string\n",
        "name: counts\npath: data.length\nmin: 1\nmax: 10\n",
    ),
    step.Group: ("kind: group\nrepeat: 3\nsteps:\n  - kind: list_models\n",),
    step.Choose: (
        "kind: choose\nseed: 7\nbranches:\n  - {weight: 3, steps: [{kind: list_models}]}\n"
        "  - {weight: 1, steps: [{kind: list_conversations}]}\n",
    ),
    step.Branch: ("weight: 3\nsteps: [{kind: list_models}]\n",),
    prompts.Message: (
        "role: user\nname: anna\ncontent: What is in this picture?\nimages: [cat.png]\n",
        "role: assistant\ntool_calls:\n  - id: call_1\n    type: function\n"
        "    function: {name: get_weather, arguments: '{}'}\n",
        "role: tool\ntool_call_id: call_1\ncontent: sunny\n",
    ),
    prompts.Part: (
        "type: text\ntext: What is it?\n",
        "type: image_url\nimage_url: {url: 'https://example.com/cat.png'}\n",
    ),
    prompts.Prompts: (
        "list: [First question, {text: Second, weight: 3}]\norder: random\nseed: 7\n"
        "system: Be brief.\n",
        "file: questions.csv\nfield: question\nlimit: 500\norder: unique\n",
        "sharegpt: sharegpt.json\ntake: history\n",
        "synthetic: {input_tokens: 512}\n"
        "output_tokens: {distribution: uniform, min: 50, max: 300}\n"
        "tokenizer: tokenizer.json\nchars_per_token: 4\n",
        "trace: true\n",
    ),
    prompts.Prompt: (
        "text: What is a tide?\nweight: 3\nmax_tokens: 100\n",
        "messages:\n  - {role: user, content: 'What is a tide?'}\n",
    ),
    prompts.Synthetic: (
        "input_tokens: {distribution: lognormal, mean: 900, sd: 400, max: 4000}\ncount: 2000\n"
        "shared_prefix: {tokens: 600, share: 0.8, count: 4}\n",
    ),
    prompts.SharedPrefix: ("tokens: 600\nshare: 0.8\ncount: 4\n",),
    prompts.Length: ("distribution: normal\nmean: 200\nsd: 40\nmin: 10\nmax: 400\n",),
}  # fmt: skip
