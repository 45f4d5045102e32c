#!/usr/bin/env bash
# Installs what the tests need besides Python: a Docker daemon, Prometheus, a browser, and what
# makes the base image that the Dockerfile is tested with.
# Quick when all is there. Needs root and apt; elsewhere it says so and ends well, and the tests
# that need one of them are skipped with the reason.
set -euo pipefail

missing=()
for pair in docker.io:dockerd prometheus:prometheus chromium:chromium mmdebstrap:mmdebstrap; do
  package=${pair%%:*}
  if command -v "${pair#*:}" >/dev/null 2>&1; then
    echo "install-test-deps: $package is there"
  else
    missing+=("$package")
  fi
done

if [ "${#missing[@]}" -eq 0 ]; then
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "install-test-deps: not installed, since this machine has no apt: ${missing[*]}"
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "install-test-deps: not installed, since that needs root: ${missing[*]}"
  echo "install-test-deps: run 'sudo $0' to install them"
  exit 0
fi

echo "install-test-deps: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for attempt in 1 2 3; do
  if apt-get update >"$log" 2>&1 &&
    apt-get install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    echo "install-test-deps: installed ${missing[*]}"
    exit 0
  fi
  echo "install-test-deps: attempt $attempt failed"
done
tail -n 20 "$log"
exit 1
