#!/usr/bin/env bash
# Runs one schedule of one shuttle model again. A model that fails prints the command:
#     scripts/replay.sh TEST LOCK SCHEDULE
# It fails as the model did. SCHEDULE is the file that it names, or what it prints below "schedule:". LOCK is - where the
# model is of no lock.
set -euo pipefail
if [[ $# -ne 3 ]]; then
    sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
test=$1 lock=$2 schedule=$3

if [[ ! -f $schedule ]]; then
    text=$schedule
    schedule=$(mktemp)
    trap 'rm -f "$schedule"' EXIT
    printf '%s' "$text" >"$schedule"
fi
VMALOCK_SCHEDULE=$(realpath "$schedule")
export VMALOCK_SCHEDULE
[[ $lock == - ]] || export VMALOCK_LOCK=$lock
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The test of this script gives the program that is built already.
tests=(cargo test --locked -p lock-variants --test shuttle --)
[[ -z ${VMALOCK_SHUTTLE_TESTS:-} ]] || tests=("$VMALOCK_SHUTTLE_TESTS")
if "${tests[@]}" --exact "$test" --include-ignored --nocapture; then
    echo "no failure: there is no such test, or the schedule belongs to another model, lock or state of the code"
else
    exit $?
fi
