#!/usr/bin/env python3
"""Checks the packages of `cargo metadata` (standard input) against the allow list and the sources of a deny.toml."""

import json
import re
import sys
import tomllib

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def is_allowed(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licences. `/` is the old way to write OR."""
    words = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either():
        met = both()
        while words and words[0] == "OR":
            words.pop(0)
            met |= both()
        return met

    def both():
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met &= one()
        return met

    def one():
        word = words.pop(0)
        if word == "(":
            met = either()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            words.pop(0)
            word += " WITH " + words.pop(0)
        return word in allowed

    return either()


def faults(package, allowed):
    name = f"{package['name']} {package['version']}"
    if package["source"] not in (None, CRATES_IO):
        yield f"{name}: comes from {package['source']}, not from crates.io"
    if not package["license"]:
        yield f"{name}: names no licence"
    elif not is_allowed(package["license"], allowed):
        yield f"{name}: `{package['license']}` cannot be met with what deny.toml allows"


with open(sys.argv[1], "rb") as file:
    allow_list = tomllib.load(file)["licenses"]["allow"]
packages = json.load(sys.stdin)["packages"]
found = [fault for package in packages for fault in faults(package, allow_list)]
print("\n".join(found) or f"{len(packages)} packages in order")
sys.exit(1 if found else 0)
