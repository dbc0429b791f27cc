#!/usr/bin/env bash
# The models alone: every weak-memory execution of small cases (loom), random schedules of larger ones (shuttle). They are
# part of `cargo test --workspace`; this runs them by name, for work on a lock.
#
#   scripts/models.sh           what CI runs. VMALOCK_LOCK=refcount,rwsem takes some locks only, under loom
#   scripts/models.sh --deep    one preemption more under loom, 50 times the schedules under shuttle, every weakening that no model
#                               shows on every lock, the litmus tests; hours
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
'') ;;
--deep) export VMALOCK_MODELS=deep ;;
*)
    echo "models.sh: unknown argument '$1'. It takes --deep, or nothing." >&2
    exit 2
    ;;
esac

output=$(mktemp)
trap 'rm -f "$output"' EXIT

# models WHAT TEST...: runs the tests, and fails when there is none.
models() {
    echo "== $1"
    shift
    cargo test --locked "$@" | tee "$output"
    grep -qE '^test result: ok. [1-9]' "$output"
}

models 'loom: read sections and the index' -p bench-core --lib -- index::tests::models
models 'loom: the locks' -p lock-variants --test loom
models 'shuttle: the locks and the rw_semaphore' -p lock-variants --test shuttle
if [ "${1:-}" = --deep ]; then
    unset VMALOCK_MODELS
    scripts/weaken.sh --all
    scripts/litmus.sh
fi
