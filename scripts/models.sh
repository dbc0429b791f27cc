#!/usr/bin/env bash
# The models alone: every weak-memory execution of small cases (loom), random schedules of larger ones (shuttle). They are
# part of `cargo test --workspace`; this runs them by name, for work on a lock.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# models WHAT TEST...: runs the tests, and fails when there is none.
models() {
    echo "== $1"
    shift
    cargo test --locked "$@" 2>&1 | tee /dev/stderr | grep -E '^test result: ok. [1-9]' >/dev/null
}

models 'loom: read sections and the index' -p bench-core --lib -- index::tests::models
models 'loom: the locks' -p lock-variants --test loom
models 'shuttle: the locks and the rw_semaphore' -p lock-variants --test shuttle
