#!/usr/bin/env bash
# The text of the code: formatting, clippy without a warning, shellcheck on the scripts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo '== cargo fmt: every file as rustfmt writes it'
cargo fmt --all -- --check

echo '== cargo clippy: no warning in any target'
cargo clippy --workspace --all-targets --locked -- -D warnings

if command -v shellcheck >/dev/null; then
    echo '== shellcheck: the scripts'
    shellcheck .ci/run scripts/*.sh
else
    echo '== shellcheck is not installed: the scripts are not checked'
fi
