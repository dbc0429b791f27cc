#!/usr/bin/env bash
# The machine code of one read of `refcount`: through the Machine trait beside the same written by hand with std's atomics.
# Exit code 1 when the trait costs an instruction or an atomic operation more; for x86-64 and arm64. Then the atomic operations and
# the fences of one read of every lock, as executed, against lock-variants/src/notes.rs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case $(uname -m) in
    x86_64)
        # A locked instruction, or an exchange with memory, which is locked without saying so.
        atomic='[[:space:]]lock|xchg.*\('
        padding='[[:space:]](nop|int3|data16|cs nop|xchg[[:space:]]+%ax,%ax)'
        ;;
    aarch64 | arm64)
        # One instruction of ARMv8.1, the store of a load/store-exclusive pair, or a call of the outlined choice between them.
        atomic='[[:space:]](cas|swp|ldadd|ldset|ldclr|ldeor|st(l)?xr)|__aarch64_(cas|swp|ldadd|ldset|ldclr|ldeor)'
        padding='[[:space:]](nop|udf)'
        ;;
    *)
        echo "asm.sh: the instructions of $(uname -m) are not known to this script" >&2
        exit 2
        ;;
esac

cargo build --quiet --release --locked -p runners --example read_pair_asm --example read_pairs
examples=${CARGO_TARGET_DIR:-target}/release/examples
program=$examples/read_pair_asm
"$program"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
objdump --disassemble --demangle --no-show-raw-insn "$program" >"$scratch/all"

# The instructions of the function whose name ends so, without their addresses and without the padding behind it.
instructions() {
    awk -v name="read_pair_asm::$1" '
        /^[0-9a-f]+ </ { inside = index($0, name) > 0; next }
        inside && NF { sub(/^ *[0-9a-f]+:[ \t]*/, "\t"); print }
    ' "$scratch/all" | grep -vE "$padding" >"$scratch/$1"
    if [ ! -s "$scratch/$1" ]; then
        echo "asm.sh: there is no function $1 in $program" >&2
        exit 2
    fi
}

report() {
    printf '%-24s %3d instructions, %d atomic\n' "$1" "$(wc -l <"$scratch/$1")" "$(grep -cE "$atomic" "$scratch/$1")"
}

instructions read_through_the_trait
instructions read_by_hand
echo 'read_through_the_trait                                          read_by_hand'
expand "$scratch/read_through_the_trait" | cut -c 1-62 >"$scratch/left"
expand "$scratch/read_by_hand" | cut -c 1-62 | paste -d '|' "$scratch/left" - | column -t -s '|'
echo
report read_through_the_trait
report read_by_hand

if [ "$(wc -l <"$scratch/read_through_the_trait")" -gt "$(wc -l <"$scratch/read_by_hand")" ]; then
    echo 'asm.sh: the trait costs instructions' >&2
    exit 1
fi
if [ "$(grep -cE "$atomic" "$scratch/read_through_the_trait")" -ne "$(grep -cE "$atomic" "$scratch/read_by_hand")" ]; then
    echo 'asm.sh: the trait changes the number of atomic operations' >&2
    exit 1
fi

echo
python3 scripts/read_pairs.py "$examples/read_pairs"
