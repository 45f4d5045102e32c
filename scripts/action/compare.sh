#!/usr/bin/env bash
# A step of action.yml: compares RESULTS with the artifact named BASELINE of the last successful run
# of this workflow on BASE_BRANCH, shows the comparison, and fails when it is worse (5).
# Without a baseline, or when more samples are needed (6), the job goes on.
set -uo pipefail
bin="$RUNNER_TEMP/janbench/bin"
folder=$(mktemp -d "$RUNNER_TEMP/baseline.XXXXXX")

# GITHUB_WORKFLOW_REF: owner/repository/.github/workflows/FILE@refs/...
workflow=${GITHUB_WORKFLOW_REF%%@*}
workflow=${workflow##*/}
run=$(gh run list --repo "$GITHUB_REPOSITORY" --workflow "$workflow" --branch "$BASE_BRANCH" \
  --status success --limit 1 --json databaseId --jq '.[0].databaseId // empty') || run=
if [ -z "$run" ] ||
  ! gh run download "$run" --repo "$GITHUB_REPOSITORY" --name "$BASELINE" --dir "$folder"; then
  echo "::notice title=janbench::no baseline yet: $workflow has not kept one on its base branch"
  exit 0
fi

"$bin/janbench" compare "$folder" "$RESULTS" --format markdown >"$folder/comparison.md"
code=$?
printf 'code=%s\n' "$code" >>"$GITHUB_OUTPUT"
cat "$folder/comparison.md" >>"$GITHUB_STEP_SUMMARY"

if [ "$COMMENT" = true ] && [ -s "$folder/comparison.md" ]; then
  gh pr comment "$PULL_REQUEST" --repo "$GITHUB_REPOSITORY" --body-file "$folder/comparison.md" \
    --edit-last --create-if-none ||
    echo "::warning title=janbench::the comparison could not be commented: does the job have 'pull-requests: write'?"
fi

if [ "$code" -eq 6 ]; then
  echo "::warning title=janbench::inconclusive: more samples are needed to compare"
  exit 0
fi
exit "$code"
