#!/usr/bin/env bash
# ThreadSanitizer on threads that share plain memory which only a lock guards (runners/examples/plain_payload.rs), for every lock;
# then on the contract suite, which shows what the tool itself shares between threads. The compiler is the stable one with its
# unstable options unlocked for this build, and the standard library is built with it, or its locks would be invisible.
#
# ThreadSanitizer knows atomic operations but not fences: order that is made by a fence alone is a false report. Where a lock
# is reported for that, it stands in `fences` with the reason, and the report is told but not counted. So far no lock is.
# Locks whose readers speculate look at what is being written by design, so that they are left out.
#
# Exit code 0: nothing was reported but the planted faults, all of them; or, in words, why it cannot be run here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# `NAME: REASON` of each lock that is reported for a fence.
fences=''
# What is wrong, and has to be reported: `null` excludes nobody.
planted='null planted-leaves-relaxed'

cannot() {
    echo "ThreadSanitizer is not run: $*"
    exit 0
}

host=$(rustc -vV | sed -n 's/^host: //p')
case $host in
    x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu) ;;
    *) cannot "this script knows nothing of it for $host" ;;
esac
compgen -G "$(rustc --print target-libdir)/librustc-*_rt.tsan.a" >/dev/null || cannot "the compiler comes without its runtime"
[ -e "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ] ||
    cannot "there is no source of the standard library (rustup component add rust-src)"

target=${CARGO_TARGET_DIR:-target}/tsan
export RUSTC_BOOTSTRAP=1 RUSTFLAGS='-Zsanitizer=thread'
echo '== cargo build: with the standard library'
cargo build --quiet --locked -Zbuild-std --target "$host" --target-dir "$target" -p runners --bin vmalock --example plain_payload
built=$target/$host/debug
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The longest history: a race with a thread whose history is gone is not reported at all.
export TSAN_OPTIONS='exitcode=66 halt_on_error=1 history_size=7'

# reported PROGRAM ARGUMENT...: whether ThreadSanitizer reports it. Anything else that goes wrong ends the script.
reported() {
    local code=0
    "$@" >"$scratch/out" 2>"$scratch/words" || code=$?
    if grep -q 'FATAL: ThreadSanitizer' "$scratch/words"; then
        cannot "it does not start: $(grep -m 1 FATAL "$scratch/words")"
    fi
    case $code in
        0) return 1 ;;
        66) return 0 ;;
    esac
    cat "$scratch/out" "$scratch/words" >&2
    echo "tsan.sh: $* ended with exit code $code" >&2
    exit 1
}

failed=0
echo '== plain memory behind every lock'
for name in $("$built/examples/plain_payload"); do
    reason=$(sed -n "s/^$name: //p" <<<"$fences")
    if reported "$built/examples/plain_payload" "$name"; then found=race; else found=nothing; fi
    case " $planted " in *" $name "*) expected=race ;; *) expected=nothing ;; esac
    if [ "$found" = "$expected" ]; then
        printf '%-26s %s\n' "$name" "$([ $found = race ] && echo 'reported, as it has to be' || echo 'no report')"
    elif [ -n "$reason" ]; then
        printf '%-26s reported, not counted: %s\n' "$name" "$reason"
    else
        printf '%-26s WRONG: %s\n' "$name" "$([ $found = race ] && echo 'reported' || echo 'not reported: nothing would be')"
        grep -A 25 -m 1 'WARNING: ThreadSanitizer' "$scratch/words" || true
        failed=1
    fi
done

echo '== the contract suite'
if reported "$built/vmalock" verify; then
    cat "$scratch/words"
    failed=1
else
    echo 'no report'
fi
exit "$failed"
