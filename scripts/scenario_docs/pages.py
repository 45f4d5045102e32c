"""The order of the page, and what is said of it beyond the models' own words."""

from __future__ import annotations

from pydantic import BaseModel

from janbench.model import prompts, scenario, slo, thresholds
from janbench.model.load import arrivals, load, open_shapes, shape
from janbench.model.steps import base as step_base
from janbench.model.steps import model_step, step
from janbench.model.steps import request_step as requests

Chapter = tuple[str, str, tuple[type[BaseModel], ...]]

CHAPTERS: tuple[Chapter, ...] = (
    (
        "The file",
        "Lengths of time have a unit: `500ms`, `90s`, `5m`, `1h30m`. Keys that end in `_s`, `_ms` "
        "or `_min` are plain numbers. Paths of files are relative to the file that names them. "
        "`${NAME}` and `${NAME:-default}` stand for variables of the environment; in the texts of "
        "steps that are sent (`path`, `headers`, `body`, `checks`, `messages`, `if`) for values "
        "that earlier steps extract, too. Names that end in `_KEY`, `_TOKEN`, `_SECRET` or "
        "`_PASSWORD` may stand in `headers` and `body` only, from where they never reach a file. "
        "`janbench run --set scenarios.NAME.load.rate=5` overrides any key; a step is named by its "
        "number or its id.",
        (scenario.ScenarioFile, scenario.Target, scenario.Scenario),
    ),
    (
        "Load",
        "Rates count iterations per second: an iteration runs every step of its lane once.",
        (load.Load, load.Budget, open_shapes.Ramp, open_shapes.Constant, open_shapes.Stages,
         open_shapes.Stage, open_shapes.Spike, open_shapes.Soak, shape.Concurrency,
         shape.Iterations, arrivals.Poisson, arrivals.Gamma, arrivals.Trace),
    ),
    (
        "Objectives",
        "Latencies are judged from the records of all requests where the timing proxy keeps them, "
        "else from k6's figures. A figure that could not be measured misses its objective. Those "
        "that k6 can judge become k6 thresholds as well, so that a plain `k6 run` judges them.",
        (slo.Slo, slo.Goodput, thresholds.Threshold),
    ),
    (
        "Steps",
        "Every step has these keys beside those of its kind.",
        (step_base.BaseStep, step_base.Condition, step_base.Repeat, step.Group, step.Choose,
         step.Branch),
    ),
    (
        "Steps that talk to the model",
        "`chat`, `conversation_chat` and `response` share these keys.",
        (model_step.ModelStep, model_step.Chat, model_step.Completion,
         model_step.ConversationChat, model_step.Response,
         model_step.ToolCall, prompts.Message, prompts.Part),
    ),
    (
        "Prompts",
        "",
        (prompts.Prompts, prompts.Prompt, prompts.Synthetic, prompts.SharedPrefix, prompts.Length),
    ),
    (
        "Other steps",
        "",
        (step.GuestLogin, step.RefreshToken, step.ListModels, step.CreateConversation,
         step.GetConversation, step.ListConversations, step.ListItems, requests.Request,
         requests.JsonCheck),
    ),
)  # fmt: skip
