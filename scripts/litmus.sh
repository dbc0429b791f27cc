#!/usr/bin/env bash
# The litmus tests of docs/findings.md (lock-variants/litmus), each against the verdicts that its file expects. Exit code 1 on a
# difference. In CI too, where herd7 is there.
#
#   HERD7   herd7, when it is not in the PATH. Debian's package herdtools7 (forky and later) has it, and opam.
#   LKMM    the kernel's memory model: the directory tools/memory-model of a kernel tree, with linux-kernel.cfg in it. It is
#           GPL-2.0 and not part of this repository; Debian has it in linux-source-6.12.
#
# Where one of the two is not there, that is said, its tests are not run, and the exit code is 0.
set -euo pipefail

herd=$(command -v "${HERD7:-herd7}" || true)
if [ -z "$herd" ] && [ -n "${HERD7:-}" ]; then
    echo "litmus.sh: HERD7=$HERD7 is no program" >&2
    exit 2
fi
if [ -z "$herd" ]; then
    echo 'litmus.sh: herd7 is not installed (Debian: herdtools7) and HERD7 is not set: no litmus test was run'
    exit 0
fi
if [ -n "${LKMM:-}" ] && [ ! -e "$LKMM/linux-kernel.cfg" ]; then
    echo "litmus.sh: there is no linux-kernel.cfg in LKMM=$LKMM" >&2
    exit 2
fi
herd=$(realpath "$herd")
lkmm=${LKMM:+$(realpath "$LKMM")}
cd "$(dirname "${BASH_SOURCE[0]}")/../lock-variants/litmus"
tests=$PWD
failed=0

echo "== litmus tests with herd7 $("$herd" -version)"
if [ -z "$lkmm" ]; then
    echo 'LKMM is not set to tools/memory-model of a kernel tree: lkmm-* are not run'
fi

line() {
    printf '%-32s %-18s %-10s %-10s %s\n' "$@"
}

# judge FILE MODEL EXPECTED DIRECTORY HERD-ARGUMENT...: runs a test in a directory, where herd7 looks for the model.
judge() {
    local file=$1 model=$2 expected=$3 directory=$4 seen verdict=ok
    shift 4
    seen=$(cd "$directory" && "$herd" "$@" "$tests/$file" | sed -n 's/^Observation [^ ]* \([A-Za-z]*\) .*/\1/p') || true
    if [ "$seen" != "$expected" ]; then
        verdict=DIFFERS
        failed=1
    fi
    line "${file%.litmus}" "$model" "$expected" "${seen:-none}" "$verdict"
}

line test model expected seen ''
for file in *.litmus; do
    # ` * Result: VERDICT` or ` * Result with MODEL: VERDICT`.
    expectations=$(sed -n 's/^ \* Result\( with \([^:]*\)\)\{0,1\}: \([A-Za-z]*\)$/\3 \2/p' "$file")
    if [ -z "$expectations" ]; then
        echo "litmus.sh: $file expects nothing" >&2
        exit 2
    fi
    while read -r expected model; do
        case $file in
            lkmm-*)
                if [ -n "$lkmm" ]; then
                    judge "$file" LKMM "$expected" "$lkmm" -conf linux-kernel.cfg
                else
                    line "${file%.litmus}" LKMM "$expected" 'not run' ''
                fi
                ;;
            aarch64-*) judge "$file" aarch64.cat "$expected" . ;;
            *) judge "$file" "$model" "$expected" . -model "$model" ;;
        esac
    done <<<"$expectations"
done
exit "$failed"
