#!/usr/bin/env bash
# What every lock costs without a clock, against the committed file of this architecture and compiler: instructions and atomic
# operations of its uncontended paths under callgrind, its sizes. Then the same for a program in which one lock reads a few
# instructions longer, which has to be named. Says in words what is not compared where valgrind is missing, or where there is no
# file for this compiler.
#
#   scripts/exact.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --release --locked -p runners --bin vmalock --example dearer_lock
built=${CARGO_TARGET_DIR:-target}/release

echo '== check --exact: every lock as in the committed file'
code=0
"$built/vmalock" check --exact || code=$?
case $code in
    0) ;;
    4)
        echo 'nothing is compared: there is no file for this architecture and compiler'
        exit 0
        ;;
    *) exit "$code" ;;
esac

echo '== check --exact: a read that takes a few instructions more is named'
if ! command -v valgrind >/dev/null; then
    echo 'nothing is counted: valgrind is not installed (the package valgrind)'
    exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
code=0
"$built/examples/dearer_lock" check --exact --lock refcount >"$scratch/told" || code=$?
cat "$scratch/told"
if [ "$code" != 1 ] || ! grep -q '^refcount read: [0-9]* instructions, was [0-9]*$' "$scratch/told"; then
    echo 'exact.sh: the planted instructions were not found' >&2
    exit 1
fi
