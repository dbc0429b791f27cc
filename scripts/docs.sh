#!/usr/bin/env bash
# The documents: rustdoc without a warning, links between the Markdown files, code blocks that are copies of a file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo '== cargo doc: no broken link, nothing undocumented'
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

echo '== Markdown: links lead to files of this repository, marked blocks equal their files'
python3 scripts/markdown.py ./*.md docs/*.md lock-variants/*.md
