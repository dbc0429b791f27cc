#!/usr/bin/env bash
# The gate of CI: the locks of this tree beside those of another revision, measured in one session, with every output.
#
#   scripts/regression.sh BASE [ARGS...]   BASE: a revision, such as HEAD^1; ARGS go to `vmalock check`
#
#   VMALOCK_OUT           the folder for all files, new or empty (default: vmalock-check)
#   VMALOCK_INCONCLUSIVE  what becomes of a check that can say nothing: `warn` (exit code 0) or `fail` (3);
#                         by default `warn` for pull and merge requests, else `fail`
#   VMALOCK               a program that is already built (default: it is built here)
#
# Exit codes are those of `vmalock check`: 0 equivalent or improved, 1 regressed, 2 usage, configuration or I/O,
# 3 inconclusive, 4 hosts do not match, 5 a lock broke its contract. Files are written before any of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# = 0 ]; then
    echo 'scripts/regression.sh: give the revision to compare with, such as HEAD^1' >&2
    exit 2
fi
base=$1
shift

out=${VMALOCK_OUT:-vmalock-check}
request=
if [ "${GITHUB_EVENT_NAME:-}" = pull_request ] || [ "${CI_PIPELINE_SOURCE:-}" = merge_request_event ]; then
    request=yes
fi
inconclusive=${VMALOCK_INCONCLUSIVE:-${request:+warn}}
inconclusive=${inconclusive:-fail}
case $inconclusive in
warn | fail) ;;
*)
    echo "scripts/regression.sh: VMALOCK_INCONCLUSIVE is \`$inconclusive\`; give warn or fail" >&2
    exit 2
    ;;
esac

vmalock=${VMALOCK:-}
if [ -z "$vmalock" ]; then
    cargo build --release --locked -p runners --bin vmalock || exit 2
    vmalock=${CARGO_TARGET_DIR:-target}/release/vmalock
fi

mkdir -p "$out" || exit 2
outputs=(
    --summary "${GITHUB_STEP_SUMMARY:-$out/summary.md}"
    --comment "$out/comment.md"
    --junit "$out/junit.xml"
    --openmetrics "$out/metrics.txt"
    --bencher "$out/bencher.json"
    --github-benchmark "$out/github-benchmark"
    --benchstat "$out/benchstat"
    --critcmp "$out/critcmp"
)
if [ "${GITHUB_ACTIONS:-}" = true ]; then outputs+=(--annotations); fi

code=0
"$vmalock" check --against "$base" --out "$out/check" "${outputs[@]}" "$@" || code=$?
if [ "$code" = 3 ] && [ "$inconclusive" = warn ]; then
    echo 'inconclusive: this does not fail a pull request; VMALOCK_INCONCLUSIVE=fail makes it' >&2
    exit 0
fi
exit "$code"
