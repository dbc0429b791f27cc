#!/usr/bin/env bash
# Every bench once, without measuring and without optimising, so that none of them rots.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo '== cargo bench: each bench once'
cargo bench --workspace --bench '*' --profile dev --locked -- --test
