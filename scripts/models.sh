#!/usr/bin/env bash
# The models alone: every weak-memory execution of small cases (loom), random schedules of larger ones (shuttle). They are
# part of `cargo test --workspace`; this runs them by name, for work on a lock.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo '== loom: read sections and the index'
cargo test -p bench-core --lib --locked -- index::tests::models
echo '== loom: the locks'
cargo test -p lock-variants --test 'loom_*' --locked
echo '== shuttle: the rw_semaphore and the locks'
cargo test -p lock-variants --test '*shuttle*' --locked
