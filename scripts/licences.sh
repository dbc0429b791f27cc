#!/usr/bin/env bash
# Licences and sources of everything that is linked in, against deny.toml: by cargo-deny where it is installed, else by
# what `cargo metadata` says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if cargo deny --version >/dev/null 2>&1; then
    echo '== cargo deny check licenses bans sources'
    cargo deny --offline check licenses bans sources
else
    echo '== licences and sources of all packages, against deny.toml (cargo-deny is not installed)'
    cargo metadata --format-version 1 --locked | python3 scripts/licences.py deny.toml
fi
