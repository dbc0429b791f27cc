#!/usr/bin/env bash
# The same locks with atomic operations compiled in the three ways of arm64, measured beside each other on an arm64 machine.
#
#   scripts/atomics.sh build            target/atomics/{outline,lse,ll-sc}: release builds of vmalock; from x86-64 they are
#                                       cross-built, to be copied to the machine together with this script
#   scripts/atomics.sh measure [WORDS]  `vmalock run --build ...` of all three, with further words such as --preset quick or
#                                       --out DIR: one report, each lock over itself in the build `outline`, which is the target's default
#
# It is not measured under emulation, where times mean nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=aarch64-unknown-linux-gnu
built=${CARGO_TARGET_DIR:-target}/atomics

fail() {
    printf 'atomics.sh: %s\n' "$@" >&2
    exit 2
}

# build_one NAME [FLAG...]: a release build with these flags of the compiler.
build_one() {
    local name=$1
    shift
    echo "== $name: $target${1:+, $*}"
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS=$* \
        cargo build --release --locked -p runners --bin vmalock --target $target --target-dir "$built/build-$name"
    mkdir -p "$built/$name"
    cp "$built/build-$name/$target/release/vmalock" "$built/$name/vmalock"
}

build() {
    [ -z "${RUSTFLAGS:-}${CARGO_ENCODED_RUSTFLAGS:-}" ] ||
        fail 'RUSTFLAGS is set and would take the place of the flags that make the difference: unset it'
    compgen -G "$("${RUSTC:-rustc}" --print target-libdir --target $target)/libstd-*.rlib" >/dev/null ||
        fail "there is no standard library for $target: rustup target add $target"
    if [ "$(uname -m)" != aarch64 ]; then
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
        command -v aarch64-linux-gnu-gcc >/dev/null ||
            fail 'there is no aarch64-linux-gnu-gcc: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross'
    fi
    # One that was built from source may have no bitcode, which link-time optimisation wants.
    if ! grep -qa '\.llvmbc' "$("${RUSTC:-rustc}" --print target-libdir --target $target)"/libstd-*.rlib; then
        echo 'the standard library has no bitcode, so all three builds are made without link-time optimisation'
        export CARGO_PROFILE_RELEASE_LTO=off
    fi
    build_one outline
    build_one lse -C target-feature=+lse
    echo '   (rustc warns of the next flag, which is not promised to stay; it takes it all the same)'
    build_one ll-sc -C target-feature=-outline-atomics
    echo "built: $built/{outline,lse,ll-sc}/vmalock"
}

measure() {
    [ "$(uname -m)" = aarch64 ] ||
        fail "this machine is $(uname -m): the builds are for arm64, and under emulation times mean nothing" \
            "copy this checkout with $built to an arm64 machine and call \`scripts/atomics.sh measure\` there"
    local name builds=()
    for name in outline lse ll-sc; do
        [ -x "$built/$name/vmalock" ] || fail "there is no $built/$name/vmalock: scripts/atomics.sh build"
        if [ $name = lse ] && ! grep -qw atomics /proc/cpuinfo; then
            echo 'atomics.sh: this processor has no LSE (/proc/cpuinfo does not say "atomics"): that build is left out' >&2
            continue
        fi
        builds+=(--build "$name=$built/$name/vmalock")
    done
    if "$built/outline/vmalock" host --json | grep -q '"emulator": *"'; then
        fail 'this machine is emulated: times mean nothing; run it on an arm64 machine'
    fi
    "$built/outline/vmalock" run "${builds[@]}" "$@"
}

case ${1:-} in
    build) build ;;
    measure)
        shift
        measure "$@"
        ;;
    *) fail 'usage: scripts/atomics.sh build | measure [WORDS of vmalock run]' ;;
esac
