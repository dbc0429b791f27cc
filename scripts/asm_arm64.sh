#!/usr/bin/env bash
# The atomic operations and the fences of one read of every lock on arm64, as executed under qemu-user, against
# lock-variants/src/notes.rs; once with LSE, once with load/store-exclusive pairs. Says in words what is missing for it. The build
# is that of the tests, in which the operations are as many as in a release build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=aarch64-unknown-linux-gnu
linker=aarch64-linux-gnu-gcc
missing=()
compgen -G "$(rustc --print target-libdir --target $target)/libstd-*.rlib" >/dev/null || missing+=("the standard library (rustup target add $target)")
command -v $linker >/dev/null || missing+=("$linker (the package gcc-aarch64-linux-gnu)")
command -v qemu-aarch64 >/dev/null || missing+=('qemu-aarch64 (the package qemu-user)')
if [ ${#missing[@]} -gt 0 ]; then
    printf 'nothing is counted for arm64: there is no %s\n' "${missing[@]}"
    exit 0
fi

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$linker
cargo build --quiet --locked -p runners --target $target --example read_pairs
program=${CARGO_TARGET_DIR:-target}/$target/debug/examples/read_pairs
for cpu in max cortex-a72; do
    echo "== qemu-aarch64 -cpu $cpu"
    QEMU_CPU=$cpu python3 scripts/read_pairs.py --qemu "$program"
done
