#!/usr/bin/env bash
# What one read of every lock is made of on arm64, as executed under qemu-user, for each way to compile atomic operations: inline
# LSE, the helpers that the target takes by itself (outline), and pairs of load and store exclusive (LL/SC). Each has as many
# atomic operations and fences as lock-variants/src/notes.rs says, nothing that is not of its build, and is as
# lock-variants/arm64-reads.json says. Says in words what is missing for it.
#
#   scripts/asm_arm64.sh            check
#   scripts/asm_arm64.sh --accept   write lock-variants/arm64-reads.json anew
#
# Only the example is compiled three times: the locks are generic over the machine, so that their code is made in it. Its
# dependencies are those of the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo '== what the checks find when it is planted'
python3 scripts/arm64_reads.py --self-test

target=aarch64-unknown-linux-gnu
linker=aarch64-linux-gnu-gcc
missing=()
compgen -G "$("${RUSTC:-rustc}" --print target-libdir --target $target)/libstd-*.rlib" >/dev/null || missing+=("no standard library for $target: rustup target add $target")
command -v $linker >/dev/null || missing+=("no $linker: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross")
command -v qemu-aarch64 >/dev/null || missing+=('no qemu-aarch64: apt-get install qemu-user')
if [ ${#missing[@]} -gt 0 ]; then
    printf 'nothing is read for arm64: there is %s\n' "${missing[@]}"
    exit 0
fi

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$linker
# As scripts/arm64.sh builds for its tests, so that the dependencies are built once.
export CARGO_PROFILE_DEV_DEBUG=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# example NAME FLAG...: builds it as a release build would be, with these flags for the code of the locks, into SCRATCH/NAME.
example() {
    local name=$1
    shift
    cargo rustc --quiet --locked -p runners --target $target --example read_pairs -- \
        -C opt-level=3 -C codegen-units=1 -C debug-assertions=off -C overflow-checks=off "$@"
    cp "${CARGO_TARGET_DIR:-target}/$target/debug/examples/read_pairs" "$scratch/$name"
}

example lse -C target-feature=+lse
example outline
echo 'rustc warns of the flag for LL/SC, which it takes all the same:'
example ll-sc -C target-feature=-outline-atomics
python3 scripts/arm64_reads.py "$@" "$scratch/lse" "$scratch/outline" "$scratch/ll-sc"
