#!/usr/bin/env bash
# The program as a user runs it: the README's command on a tiny plan, its records against the schema, its report without a
# network, the contract suite.
#
#   scripts/smoke.sh [DIR]   DIR (new or empty) keeps the run; without it, it goes away
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# -gt 0 ]; then
    out=$1
else
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    out=$scratch/run
fi

echo '== run: a tiny plan with every lock and workload'
cargo build --release --locked
vmalock=${CARGO_TARGET_DIR:-target}/release/vmalock
"$vmalock" run --preset quick --processes 2 --rounds 1 --window-ms 2 --threads 1,2 --out "$out"

echo '== run: an existing run is not overwritten'
before=$(sha256sum "$out/run.jsonl")
code=0
"$vmalock" run --preset quick --processes 1 --rounds 1 --window-ms 2 --out "$out" || code=$?
if [ "$code" != 2 ] || [ "$before" != "$(sha256sum "$out/run.jsonl")" ]; then
    echo "a second run into the same directory ended with exit code $code, or changed the records" >&2
    exit 1
fi

echo '== records: against the schema'
code=0
python3 scripts/records.py bench-core/schema/record-1.json "$out/run.jsonl" || code=$?
if [ "$code" = 3 ]; then
    echo 'python3 has no jsonschema: the tests of the schema instead'
    cargo test -p reports --test suite --locked -- schema
elif [ "$code" != 0 ]; then
    exit 1
fi

echo '== report: loads nothing from elsewhere'
if grep -oE '(src|href|action|data|poster)="(https?:)?//[^"]*"|url\(["'\'']?(https?:)?//[^)]*|@import[^;]*' "$out/report.html"; then
    echo 'the report loads the above from elsewhere' >&2
    exit 1
fi

echo '== report: made again from the records alone'
"$vmalock" report "$out" --out "$out/again.html"
cmp "$out/report.html" "$out/again.html"
rm "$out/again.html"

echo '== verify: every lock keeps its contract'
"$vmalock" verify
