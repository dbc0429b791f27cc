#!/usr/bin/env bash
# What criterion's own comparison makes of the windows of self-tests, beside what the gate said.
#
#   scripts/criterion_beside.sh DIR...     directories that `vmalock selftest` wrote
set -euo pipefail

if [ $# -eq 0 ]; then
    echo "usage: scripts/criterion_beside.sh DIR... (as given to vmalock selftest --out)" >&2
    exit 2
fi
files=()
for directory in "$@"; do
    file=$(realpath -- "$directory")/repetitions.jsonl
    if [ ! -r "$file" ]; then
        echo "$file cannot be read: give a directory that vmalock selftest wrote" >&2
        exit 2
    fi
    files+=("$file")
done
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/.."
exec cargo run --quiet --release --locked -p runners --example criterion_judge -- "${files[@]}"
