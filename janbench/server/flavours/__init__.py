"""The servers that can be imitated: one line each."""

from __future__ import annotations

from janbench.server.flavours import openai, v1, v2
from janbench.server.flavours.base import ServerFlavour

FLAVOURS: dict[str, ServerFlavour] = {
    "jan-v1": v1.FLAVOUR,
    "jan-v1-main": v1.MAIN_FLAVOUR,
    "jan-v2": v2.FLAVOUR,
    "jan-v2-0.2": v2.OLD_FLAVOUR,
    "openai": openai.FLAVOUR,
}
