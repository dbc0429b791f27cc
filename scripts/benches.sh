#!/usr/bin/env bash
# Every criterion bench once, without measuring, so that none of them rots.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for package in runners reports; do
    echo "== cargo bench -p $package -- --test"
    cargo bench -p "$package" --bench '*' --locked -- --test
done
