#!/usr/bin/env bash
# The table of weakenings: the text of the locks with one ordering or one step taken away, place by place, and the model that
# fails for it. Fails itself when a weakening goes unnoticed, or when an ordering of the text has none.
#
#   scripts/weaken.sh         the table
#   scripts/weaken.sh --all   and what no model shows, on every lock: that it is so; about 10 minutes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

output=$(mktemp)
trap 'rm -f "$output"' EXIT

# weaken ARGUMENT...: one test, with what it prints; fails when there is no such test.
weaken() {
    cargo test --locked -p lock-variants --test loom -- --exact --nocapture "$@" | tee "$output"
    grep -qE '^test result: ok. 1 passed' "$output"
}

case "${1:-}" in
'') ;;
--all) ;;
*)
    echo "weaken.sh: unknown argument '$1'. It takes --all, or nothing." >&2
    exit 2
    ;;
esac
weaken weaken::table::every_ordering_of_the_text_has_a_weakening
weaken weaken::table::every_weakening_is_caught
if [ "${1:-}" = --all ]; then
    weaken --ignored weaken::explore::what_the_table_calls_not_shown_is_shown_by_no_model
fi
