"""The gate's promise on a small scale; `benchmarks/gate_power.py` measures it on a large one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gate_power import SLOWDOWN, trial

RUNS = 8


@pytest.mark.parametrize(("slower", "least", "most"), [(1.0, 0, 2), (SLOWDOWN * 1.05, 6, RUNS)])
def test_alarms(slower: float, least: int, most: int) -> None:
    found = [trial((seed, 500, slower, 0.0)) for seed in range(RUNS)]
    assert least <= np.sum([gate == "worse" for gate, _, _ in found]) <= most
