#!/usr/bin/env bash
# All tests: units, the contract suite, the models under loom and shuttle, the command line. The same as in the README.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo '== cargo test --workspace'
cargo test --workspace --locked
