#!/usr/bin/env bash
# A step of action.yml: runs the test cases that SCENARIO names (all when it is empty) against BASE,
# with ARGS, and tells the folder and the verdict to later steps. Its exit code is janbench's.
set -uo pipefail
bin="$RUNNER_TEMP/janbench/bin"

# Split like a shell would, but run nothing: ARGS may come from a pull request.
words=()
if [ -n "${ARGS:-}" ]; then
  split=$("$bin/python" -c '
import os, shlex, sys
for word in shlex.split(os.environ["ARGS"]):
    sys.stdout.write(word + "\0")
' | base64) || {
    echo "::error title=janbench::args can't be split into words: is a quote open?"
    exit 2
  }
  while IFS= read -r -d '' word; do
    words+=("$word")
  done < <(printf '%s' "$split" | base64 --decode)
fi

results="$RUNNER_TEMP/janbench-results-$$-$RANDOM"
if [ -n "${SCENARIO:-}" ]; then
  "$bin/janbench" run --testid "$TESTID" --results "$results" ${words[@]+"${words[@]}"} -- "$SCENARIO"
else
  "$bin/janbench" run --testid "$TESTID" --results "$results" ${words[@]+"${words[@]}"} --all
fi
code=$?

if [ -f "$results/latest/result.json" ]; then
  folder=$(cd "$results/latest" && pwd -P)
  verdict=$("$bin/python" -c '
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    print(json.load(file)["verdict"])
' "$folder/result.json")
  printf 'results=%s\nverdict=%s\n' "$folder" "$verdict" >>"$GITHUB_OUTPUT"
fi
exit "$code"
