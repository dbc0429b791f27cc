#!/usr/bin/env bash
# vmalock for arm64, built and tested on an x86-64 machine. On an arm64 machine plain cargo does all of this.
#
#   scripts/arm64.sh setup           gets what is missing: on Debian, as root, from the packages of apt as it is configured;
#                                    else says which commands get it. --fallback takes the second route to a standard library
#   scripts/arm64.sh build           every program and test, for arm64
#   scripts/arm64.sh test            the whole test suite under qemu-user, on a processor with LSE and at the same time on one
#                                    without; then a tiny run each, whose records are held against the schema
#   scripts/arm64.sh with COMMAND... a command in the same surroundings: cargo's variables, arm64 programs can be started
#
# What such a test can say and what not stands in METHODOLOGY.md under "arm64 and emulation".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=aarch64-unknown-linux-gnu
linker=aarch64-linux-gnu-gcc
library=/usr/aarch64-linux-gnu
# A compiler of Debian's with a standard library for both, where the second route put it.
second=${XDG_CACHE_HOME:-$HOME/.cache}/vmalock/arm64-rustc

fail() {
    printf 'arm64.sh: %s\n' "$@" >&2
    exit 2
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

# Whether the compiler in use has a standard library for the target.
has_std() {
    compgen -G "$(rustc --print target-libdir --target $target)/libstd-*.rlib" >/dev/null
}

# The packages that are missing, one a line.
missing_packages() {
    command -v $linker >/dev/null || echo gcc-aarch64-linux-gnu
    # A compiler that finds no C library to start programs with prints the bare name.
    [[ $($linker -print-file-name=crt1.o 2>/dev/null) == */* ]] || echo libc6-dev-arm64-cross
    command -v qemu-aarch64 >/dev/null || echo qemu-user
    command -v unshare >/dev/null || echo util-linux
}

get_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    if [ ${#missing[@]} = 0 ]; then return; fi
    if ! command -v apt-get >/dev/null; then
        fail "missing: ${missing[*]} (Debian's names); there is no apt-get here, so get them with your system's package manager"
    fi
    echo "== packages: ${missing[*]}"
    as_root apt-get update -q
    as_root apt-get install -y -q --no-install-recommends "${missing[@]}" ||
        fail "apt could not install ${missing[*]}; see its message above, then: apt-get install ${missing[*]}"
}

# The archive that apt is configured with.
archive() {
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# What apt has to know for packages of arm64. Its lists are fetched and read for each architecture.
foreign=()

# private COMMAND...: apt for other suites, without touching the machine's own lists, sources or packages.
private() {
    local command=$1
    shift
    "$command" -q -o Dir::Etc::SourceParts="$scratch/sources" -o Dir::Etc::SourceList=/dev/null -o Dir::State::Lists="$scratch/lists" \
        -o Dir::State::status="$scratch/status" -o Dir::Cache="$scratch/cache" -o APT::Sandbox::User=root \
        -o APT::Architectures::=amd64 "${foreign[@]}" "$@"
}

# suites NAME...: the lists of these suites of the configured archive, for `private`.
suites() {
    local uri
    uri=$(archive)
    [ -n "$uri" ] || fail "apt is not configured with a Debian archive, from which the standard library for $target could be made; " \
        "get it by: rustup target add $target"
    mkdir -p "$scratch"/{sources,lists/partial,cache/archives/partial}
    : >"$scratch/status"
    for suite in "$@"; do
        printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n' "$uri" "$suite"
    done >"$scratch/sources/vmalock.sources"
    private apt-get update >"$scratch/update.log" 2>&1 || { cat "$scratch/update.log" >&2; return 1; }
}

# The first route: the standard library, built from Debian's source of exactly the compiler in use, and put where
# `rustup target add` puts it. Returns 1 where the archive has no such source.
std_from_source() {
    local version suite package sysroot
    version=$(rustc -V | cut -d' ' -f2)
    sysroot=$(rustc --print sysroot)
    echo "== standard library: from the source of rustc $version"
    # One after the other, since each has long lists.
    for suite in trixie-backports trixie forky sid; do
        suites $suite || return 1
        package=$(private apt-cache madison rust-src | awk -v version="$version+" 'index($3, version) == 1 { print $3; exit }')
        [ -z "$package" ] || break
    done
    if [ -z "$package" ]; then
        echo "the archive has no package rust-src of version $version any more" >&2
        return 1
    fi
    (cd "$scratch" && private apt-get download "rust-src=$package" >/dev/null) || return 1
    if [ ! -e "$sysroot/lib/rustlib/src/rust/library" ]; then
        mkdir -p "$sysroot/lib/rustlib/src/rust"
        dpkg-deb --fsys-tarfile "$scratch"/rust-src_*.deb |
            tar x -C "$sysroot/lib/rustlib/src/rust" --strip-components=4 "./usr/src/rustc-$version/library"
    fi
    mkdir -p "$scratch/empty/src"
    echo '#![no_std]' >"$scratch/empty/src/lib.rs"
    printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$scratch/empty/Cargo.toml"
    # The bootstrap switch is for this build alone: it permits build-std. Release builds of vmalock link with the bitcode.
    (cd "$scratch/empty" && RUSTC_BOOTSTRAP=1 CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS=-Cembed-bitcode=yes cargo build -q --release \
        -Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro --target $target --target-dir "$scratch/built") || return 1
    rm -f "$scratch/built/$target"/release/deps/libempty-*
    mkdir -p "$scratch/lib" "$sysroot/lib/rustlib/$target"
    cp "$scratch/built/$target"/release/deps/*.rlib "$scratch/lib/"
    mv "$scratch/lib" "$sysroot/lib/rustlib/$target/lib"
    echo "put into $sysroot/lib/rustlib/$target"
}

# The second route: Debian's own compiler with both standard libraries, unpacked beside all else. It needs a newer C library
# than the machine may have, so it comes with its own.
rustc_from_packages() {
    echo "== standard library: with the compiler of Debian's rustc-web"
    foreign=(-o APT::Architectures::=arm64)
    suites trixie || fail "the lists of Debian's trixie cannot be fetched; see above. Elsewhere: rustup target add $target"
    private apt-get install -y --download-only --no-install-recommends rustc-web libstd-rust-web-dev libstd-rust-web-dev:arm64 \
        >"$scratch/download.log" 2>&1 || {
        tail -5 "$scratch/download.log" >&2
        fail "the archive has no rustc-web with libstd-rust-web-dev:arm64 any more; get the standard library by: rustup target add $target"
    }
    local new=$second.new wrapped
    rm -rf "$new" "$second"
    mkdir -p "$new"
    for package in "$scratch"/cache/archives/*.deb; do
        # The C compiler, which rustc-web asks for, is the machine's own.
        case ${package##*/} in
        gcc-* | gcc_* | cpp-* | cpp_* | binutils* | libc6-dev_* | linux-libc-dev_*) ;;
        *) dpkg-deb --fsys-tarfile "$package" | tar x -C "$new" ;;
        esac
    done
    mkdir "$new/wrapped"
    for wrapped in rustc rustdoc; do
        cat >"$new/wrapped/$wrapped" <<'WRAPPED'
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")
name=$(basename "$0")
libraries=$root/usr/lib/x86_64-linux-gnu
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" --argv0 "$root/usr/bin/$name" "$root/usr/bin/$name" "$@"
WRAPPED
        chmod +x "$new/wrapped/$wrapped"
    done
    mv "$new" "$second"
    echo "put into $second"
}

setup() {
    get_packages
    if [ "${1:-}" != --fallback ] && has_std; then return; fi
    if [ "${1:-}" != --fallback ] && [ -x "$second/wrapped/rustc" ]; then return; fi
    echo "rustc has no standard library for $target. Where rustup may download, one line gets it: rustup target add $target"
    command -v apt-get >/dev/null || fail "there is no apt-get here to get it from instead"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    if [ "${1:-}" = --fallback ] || ! std_from_source; then rustc_from_packages; fi
}

# Says what is missing, each with the command that gets it; else sets what cargo needs.
surroundings() {
    local missing lld
    if [ "$(uname -m)" = aarch64 ]; then fail 'this machine is arm64: cargo test --workspace --locked does it all'; fi
    mapfile -t missing < <(missing_packages)
    if [ ${#missing[@]} -gt 0 ]; then
        fail "missing: ${missing[*]}; scripts/arm64.sh setup gets it, or: apt-get install ${missing[*]}"
    fi
    if ! has_std; then
        [ -x "$second/wrapped/rustc" ] || fail "rustc has no standard library for $target; scripts/arm64.sh setup gets it, or: rustup target add $target"
        export RUSTC=$second/wrapped/rustc RUSTDOC=$second/wrapped/rustdoc
    fi
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$linker QEMU_LD_PREFIX=$library
    # The C library's allocator survives a fork beside other threads, that of GLib does not: before version 8, qemu asks GLib's in
    # the child that is to start a program, which now and then waits there for ever (qemu's issue 285).
    export G_SLICE=always-malloc
    # Without what a debugger needs, and what a second build would: it is built and loaded sooner.
    export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
    # The linker that comes with the compiler, where one does, takes a quarter of the time of the C compiler's.
    lld=$("${RUSTC:-rustc}" --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld
    if [ -x "$lld/ld.lld" ]; then
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-Clink-arg=-B$lld -Clink-arg=-fuse-ld=lld"
    fi
}

# know_arm64_programs ARGUMENT...: an arm64 program starts others of its kind, so the kernel has to be told what to start them with.
# Where it was not, it is told in a user and mount namespace of this script's own, in which the script begins again with these
# arguments; nothing else on the machine changes.
know_arm64_programs() {
    local registry=/proc/sys/fs/binfmt_misc
    if grep -qs '^enabled' $registry/qemu-aarch64; then return; fi
    if [ "${VMALOCK_ARM64_NAMESPACE:-}" != 1 ]; then
        VMALOCK_ARM64_NAMESPACE=1 exec unshare --user --map-root-user --mount -- scripts/arm64.sh "$@"
    fi
    # The header of a 64-bit little-endian ELF program or library for machine 183, and which of its bits count.
    local magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    if ! mount -t binfmt_misc none $registry ||
        ! printf ':qemu-aarch64:M::%s:%s:%s:F' "$magic" "$mask" "$(command -v qemu-aarch64)" >$registry/register; then
        fail 'this kernel does not let a user tell it how arm64 programs are started (Linux 6.7 does); as root: apt-get install qemu-user-binfmt'
    fi
}

# test_on MODEL WORDS: the suite on a processor of this model, and a tiny run.
test_on() {
    local code=0 out=$runs/$1
    export QEMU_CPU=$1
    printf '\n== the test suite on %s, %s\n' "$1" "$2"
    cargo test --workspace --locked --target $target
    printf '\n== a tiny run on %s\n' "$1"
    "${CARGO_TARGET_DIR:-target}/$target/debug/vmalock" run --preset quick --lock rwsem,refcount --processes 1 --rounds 1 --window-ms 2 --threads 1,2 --out "$out"
    if ! grep -q '"emulator":"qemu-user' "$out/run.jsonl"; then
        echo 'arm64.sh: the run does not say that it was emulated' >&2
        exit 1
    fi
    python3 scripts/records.py bench-core/schema/record-1.json "$out/run.jsonl" || code=$?
    if [ "$code" = 3 ]; then
        echo 'python3 has no jsonschema; the test smoke::every_lock_does_every_workload_in_every_mode above checked records against the schema'
    elif [ "$code" != 0 ]; then
        exit 1
    fi
}

case "${1:-}" in
setup)
    case "${2:-}" in
    '' | --fallback) setup "${2:-}" ;;
    *) fail "unknown argument '$2'; setup takes --fallback, or nothing" ;;
    esac
    ;;
build)
    surroundings
    cargo build --workspace --all-targets --locked --target $target
    ;;
test)
    surroundings
    know_arm64_programs "$@"
    # The models run on a simulated memory, whose executions are the same on every processor: here they are to be shown to run.
    export VMALOCK_MODELS=${VMALOCK_MODELS:-brief}
    # Cases of a test of properties: of the index, which is the same text everywhere.
    export PROPTEST_CASES=${PROPTEST_CASES:-64}
    runs=$(mktemp -d)
    trap 'rm -rf "$runs"' EXIT
    cargo test --workspace --locked --no-run --target $target
    echo '== both processors are tested at the same time; what the second one prints is shown afterwards'
    # Each in a process group of its own, so that they can be ended with all that they started.
    set -m
    test_on max 'with LSE' &
    first=$!
    test_on cortex-a72 'without LSE' >"$runs/second.log" 2>&1 &
    second=$!
    set +m
    trap 'kill -- -$first -$second 2>/dev/null || true; rm -rf "$runs"' EXIT
    passed=1
    wait $first || passed=0
    wait $second || passed=0
    cat "$runs/second.log"
    if [ $passed = 0 ]; then
        echo 'arm64.sh: not both processors passed; see above' >&2
        exit 1
    fi
    echo 'arm64.sh: both processors passed'
    ;;
with)
    shift
    [ $# -gt 0 ] || fail 'with what? name a command'
    surroundings
    know_arm64_programs with "$@"
    "$@"
    ;;
*)
    echo 'usage: scripts/arm64.sh setup [--fallback] | build | test | with COMMAND...' >&2
    exit 2
    ;;
esac
