#!/usr/bin/env bash
# What can be grepped: no machine's paths or hosts in tracked files, and the architecture's invariants.
#
#   scripts/paths.sh              check this tree
#   scripts/paths.sh --self-test  plant each fault in a copy of the tree and see it found
set -euo pipefail
script=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$script")/.."

# Files that may hold `unsafe`; each block has its proof beside it (clippy: undocumented_unsafe_blocks).
unsafe_files='
bench-core/src/arena.rs
runners/examples/plain_payload.rs
runners/src/clock/counter.rs
runners/src/counters/group.rs
runners/src/counters/named.rs
runners/src/counters/usage.rs
runners/src/hints.rs
runners/src/host/line.rs
runners/src/noise/thread_clock.rs
'
# Files that may ask for the architecture or hold its instructions: the clock, the hints, the topology.
arch_files='
runners/src/clock/counter.rs
runners/src/hints.rs
runners/src/host/line.rs
'
# Files of bench-core and lock-variants that may name std's atomic types: the words of a machine.
word_files='
bench-core/src/machine/solo.rs
bench-core/src/machine/word.rs
'
# Hosts that tracked files may name.
hosts='github.com|lore.kernel.org|www.apache.org|www.w3.org|docs.rs|crates.io|keepachangelog.com|semver.org|json-schema.org|valgrind.org'

failed=0

# fault NAME LINES: says what was found, if anything was.
fault() {
    if [ -n "$2" ]; then
        printf 'FAULT %s\n%s\n' "$1" "$(head -n 20 <<<"$2" | sed 's/^/    /')"
        failed=1
    fi
}

# tracked PATTERN...: tracked files, as they are in the work tree.
tracked() {
    git ls-files -- "$@" | while read -r file; do
        if [ -f "$file" ]; then echo "$file"; fi
    done
}

# rust_code DIR: `FILE:LINE:TEXT` of the Rust code there, without comments, and without tests, which come last in a file.
rust_code() {
    tracked "$1/*.rs" | grep -vE '/tests(/|\.rs$)' | while read -r file; do
        awk -v file="$file" '/^#\[cfg\(test\)\]/ { exit } !/^ *\/\// { print file ":" FNR ":" $0 }' "$file"
    done
}

# files_besides LIST: of `FILE:...` lines, those whose file is not in the list.
files_besides() {
    grep -vFf <(sed '/^$/d; s/$/:/' <<<"$1") || true
}

check_machine() {
    local text
    text=$(tracked . | grep -vE '^(Cargo\.lock|LICENSE-.*|docs/.*\.png)$' | xargs -d '\n' grep -IHnE '/(work|root|home|Users)/[A-Za-z0-9]' || true)
    fault 'a path of one machine' "$text"
    text=$(tracked . | xargs -d '\n' grep -IHnoE 'https?://[A-Za-z0-9.-]+' | grep -vE "://($hosts)\$" || true)
    fault 'a host that is not in the list' "$text"
    text=$(tracked Cargo.lock | xargs -d '\n' grep -n '^source = ' | grep -v '"registry+https://github.com/rust-lang/crates.io-index"' || true)
    fault 'a package that is not from crates.io' "$text"
}

check_unsafe() {
    local text
    text=$(tracked '*.rs' | xargs -d '\n' grep -HnE '\bunsafe\b *(\{|fn|impl|extern|trait)|^ *unsafe_code|\b(allow|expect)\(unsafe_code' |
        grep -vE '(forbid|deny)\(unsafe_code' | files_besides "$unsafe_files")
    fault 'unsafe code outside the listed files (invariant 3)' "$text"
    text=$(grep -q '^unsafe_code = "deny"' Cargo.toml || echo 'Cargo.toml: the lint unsafe_code is not denied')
    fault 'unsafe code is not denied (invariant 3)' "$text"
    text=$(for crate in bench-core lock-variants reports runners; do
        grep -q -A1 '^\[lints\]' "$crate/Cargo.toml" && grep -q '^workspace = true' "$crate/Cargo.toml" ||
            echo "$crate/Cargo.toml: does not take the lints of the workspace"
    done)
    fault 'a crate without the lints of the workspace (invariant 3)' "$text"
}

check_effects() {
    local text
    text=$(rust_code bench-core/src | grep -E 'std::(thread|fs|net|process|env|io|os)\b|\b(Instant|SystemTime)\b|\be?println!' || true)
    fault 'bench-core has an effect: a thread, a clock or I/O (invariant 1)' "$text"
    text=$({ rust_code bench-core/src; rust_code lock-variants/src; } |
        grep -E '\bAtomic([UI][0-9s]|Bool|Ptr)|\batomic::(\{[^}]*)?(compiler_)?fence\b' | files_besides "$word_files")
    fault 'an atomic that does not come from the Machine (invariant 2)' "$text"
    text=$(tracked '*.rs' | xargs -d '\n' grep -HnE 'cfg(_attr|!)?\((.*\b)?(loom|shuttle)\b' || true)
    fault 'a cfg for a model: a machine is a type parameter (invariant 2)' "$text"
}

check_reports() {
    local names text
    names=$(rust_code lock-variants/src | grep -oE 'name: "[a-z0-9.-]+"' | sed 's/.*"\(.*\)"/\1/' | sort -u | paste -sd '|')
    text=$(rust_code reports/src | grep -E "\"($names)\"" || true)
    fault 'reports names a lock (invariant 4)' "$text"
    text=$(rust_code reports/src | grep -E '\b(lock_variants|runners)\b' || true)
    fault 'reports runs something (invariant 4)' "$text"
    text=$(grep -nE '^(lock-variants|runners)\b' reports/Cargo.toml || true)
    fault 'reports depends on locks or on the runner (invariant 4)' "$text"
}

check_arch() {
    local text
    text=$(tracked '*.rs' | xargs -d '\n' grep -HnE '\btarget_arch\b|\basm!|\b(std|core)::arch\b|_feature_detected!' | files_besides "$arch_files")
    fault 'the architecture is asked for outside the listed files' "$text"
}

# plant FAULT FILE LINE: adds a line at the top of a file of the copy, wants the fault named, and takes it away again.
plant() {
    local printed
    cp "$2" "$2.before"
    { printf '%s\n' "$3"; cat "$2.before"; } >"$2"
    rm "$2.before"
    if printed=$(bash scripts/paths.sh) || ! grep -qF "FAULT $1" <<<"$printed"; then
        echo "MISSED $1: planted in $2"
        failed=1
    else
        echo "found: $1"
    fi
    git checkout -q -- "$2"
}

self_test() {
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    tracked . | tar -cf - -T - | tar -xf - -C "$copy"
    mkdir -p "$copy/scripts" && cp "$script" "$copy/scripts/paths.sh"
    cd "$copy"
    git init -q . && git add -A && git -c user.name=self-test -c user.email=self@test commit -qm copy
    bash scripts/paths.sh
    plant 'a path of one machine' README.md "see /home""/someone/vmalock"
    plant 'a host that is not in the list' Cargo.toml "# http:""//registry.example/index"
    plant 'a package that is not from crates.io' Cargo.lock 'source = "git+elsewhere"'
    plant 'unsafe code outside the listed files' lock-variants/src/null.rs 'unsafe fn planted() {}'
    plant 'unsafe code outside the listed files' runners/src/lib.rs '#![allow(unsafe_code, reason = "planted")]'
    sed -i 's/^unsafe_code = "deny"/unsafe_code = "warn"/' Cargo.toml
    plant 'unsafe code is not denied' Cargo.toml '# planted'
    sed -i '/^workspace = true/d' reports/Cargo.toml
    plant 'a crate without the lints' reports/Cargo.toml '# planted'
    plant 'bench-core has an effect' bench-core/src/rcu.rs 'use std::time::Instant;'
    plant 'an atomic that does not come from the Machine' lock-variants/src/null.rs 'use std::sync::atomic::AtomicU32;'
    plant 'an atomic that does not come from the Machine' bench-core/src/rcu.rs 'use std::sync::atomic::{Ordering, fence};'
    plant 'a cfg for a model' bench-core/src/rcu.rs '#[cfg(all(test, loom))]'
    plant 'reports names a lock' reports/src/table.rs 'const PLANTED: &str = "refcount";'
    plant 'reports runs something' reports/src/table.rs 'use runners::native::Native;'
    plant 'reports depends on locks' reports/Cargo.toml 'lock-variants.workspace = true'
    plant 'the architecture is asked for' bench-core/src/rcu.rs '#[cfg(target_arch = "x86_64")]'
    plant 'the architecture is asked for' runners/src/native.rs 'use std::arch::asm;'
    plant 'the architecture is asked for' runners/src/delay.rs 'const LSE: bool = cfg!(target_arch = "aarch64") && std::arch::is_aarch64_feature_detected!("lse");'
}

if [ "${1:-}" = --self-test ]; then
    echo '== each planted fault is found'
    self_test
else
    echo '== paths, hosts and the invariants that can be grepped'
    check_machine
    check_unsafe
    check_effects
    check_reports
    check_arch
    if [ "$failed" = 0 ]; then echo 'nothing found'; fi
fi
exit "$failed"
