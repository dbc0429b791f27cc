#!/usr/bin/env python3
"""Checks Markdown files: relative links and pictures exist; a fenced block after `<!-- copy of PATH -->` equals that file."""

import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)")
COPY = re.compile(r"<!-- copy of (\S+) -->\n+```\w*\n(.*?)```", re.DOTALL)
FENCE = re.compile(r"```.*?```", re.DOTALL)


def anchors(text):
    """The anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def faults(path):
    text = path.read_text(encoding="utf-8")
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        other = path if not name else path.parent / name
        if not other.exists():
            yield f"{path}: link to {target}: there is no such file"
        elif anchor and anchor not in anchors(other.read_text(encoding="utf-8")):
            yield f"{path}: link to {target}: there is no such heading"
    for name, block in COPY.findall(text):
        if not (path.parent / name).exists():
            yield f"{path}: copy of {name}: there is no such file"
        elif (path.parent / name).read_text(encoding="utf-8") != block:
            yield f"{path}: the block is no longer a copy of {name}"
    marked, copies = text.count("<!-- copy of "), len(COPY.findall(text))
    if marked != copies:
        yield f"{path}: {marked} marks `copy of`, but {copies} with a block behind them"


found = [fault for name in sys.argv[1:] for fault in faults(pathlib.Path(name))]
print("\n".join(found) or f"{len(sys.argv) - 1} files in order")
sys.exit(1 if found else 0)
