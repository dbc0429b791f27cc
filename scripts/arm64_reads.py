#!/usr/bin/env python3
"""What one read of each lock is made of on arm64, for each way to compile atomic operations.

    python3 scripts/arm64_reads.py LSE OUTLINE LL_SC            the example `read_pairs`, built in three ways
    python3 scripts/arm64_reads.py --accept LSE OUTLINE LL_SC   write what was found into lock-variants/arm64-reads.json
    python3 scripts/arm64_reads.py --self-test                  planted faults, without any program

scripts/asm_arm64.sh makes the programs and calls it. Each is executed under qemu-aarch64, one instruction at a time; each
instruction of a read is looked at as the bits that it is.

Exit code 0: every read has as many atomic read-modify-writes and full barriers as lock-variants/src/notes.rs says, is made of
what its build may have and of nothing else, and is as the committed file says; each build would be refused as another. 1: not so.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import arm64_code
from arm64_code import EXCLUSIVE, LSE
from read_pairs import PLANTED, Read, Skipped, count_under_qemu, judge

FIGURES = pathlib.Path(__file__).resolve().parent.parent / "lock-variants/arm64-reads.json"
ACCEPT = "scripts/asm_arm64.sh --accept"
HELPER = "__aarch64_"
WITH_LSE, WITHOUT_LSE = "max", "cortex-a72"
# The builds, the processors that each is executed on, and the way to change memory that its own code may have.
BUILDS = ("lse", "outline", "ll-sc")
RUNS = (("lse", WITH_LSE), ("outline", WITH_LSE), ("outline", WITHOUT_LSE), ("ll-sc", WITHOUT_LSE))
MAY_HAVE = {"lse": LSE, "outline": HELPER, "ll-sc": EXCLUSIVE}


def pieces(code):
    """Of the instructions of a read, those that order memory or change it, by name and in the order of execution. A pair of
    load and store exclusive is one piece, and so is a helper with all that it executes."""
    found, loads, before = [], [], ""
    for function, word in code:
        helper, before = before, function if function.startswith(HELPER) else ""
        if before:
            if before != helper:
                found.append("bl " + before)
            continue
        what = arm64_code.name(word)
        if what is None:
            continue
        if arm64_code.family(word) == EXCLUSIVE and what.startswith("st") and loads:
            found[loads.pop()] += "+" + what
            continue
        if arm64_code.family(word) == EXCLUSIVE and what.startswith("ld"):
            loads.append(len(found))
        found.append(what)
    return found


def figure(code):
    """The pieces in a line, as they stand in the committed file."""
    return ", ".join(pieces(code)) or "none"


def strangers(build, code):
    """What stands in a read and is not of its build, a sentence each."""
    seen = set()
    for function, word in code:
        if function.startswith(HELPER):
            seen.add((HELPER, f"a call of {function}"))
        elif family := arm64_code.family(word):
            seen.add((family, f"{arm64_code.name(word)}, of the kind {family},"))
    strange = sorted(what for kind, what in seen if kind != MAY_HAVE[build])
    return [f"{what} is in the build {build}" for what in strange]


def surplus(read):
    """More atomic read-modify-writes or barriers than the notes say, a sentence each."""
    pairs = zip(("atomic read-modify-writes", "full barriers"), read.counted(), read.noted)
    return [f"{counted} {what}, and the notes say {noted}" for what, counted, noted in pairs if counted > noted]


def faults(build, reads):
    """What is wrong with the reads of a build, a sentence each; nothing of what is planted."""
    return [
        f"{read.name}: {fault}"
        for read in reads
        if not read.name.startswith(PLANTED)
        for fault in surplus(read) + strangers(build, read.code)
    ]


def figures(build, reads):
    return {read.name: figure(read.code) for read in reads if not read.name.startswith(PLANTED)}


def differences(committed, found):
    """Where the figures of a build differ from those that are committed, a sentence each."""
    names = list(found) + [name for name in committed if name not in found]
    return [
        f"{name}: {found.get(name, 'is not there')}, and was {committed.get(name, 'not there')}"
        for name in names
        if found.get(name) != committed.get(name)
    ]


def text_of(rustc, found):
    """The file: a line for each lock, so that a change of git says which read is made of something else."""
    names = list(found["lse"])
    lines = [f"{json.dumps(name)}: {json.dumps({build: found[build][name] for build in BUILDS})}" for name in names]
    body = ",\n    ".join(lines)
    return f'{{\n  "accept": {json.dumps(ACCEPT)},\n  "rustc": {json.dumps(rustc)},\n  "reads": {{\n    {body}\n  }}\n}}\n'


def committed_figures():
    if not FIGURES.exists():
        return {build: {} for build in BUILDS}, "no compiler"
    file = json.loads(FIGURES.read_text())
    return {build: {name: of[build] for name, of in file["reads"].items()} for build in BUILDS}, file["rustc"]


def lse_without_a_processor(program):
    """Whether a build with LSE ends where the processor has none: else nothing shows that it has any."""
    library = ["-L", "/usr/aarch64-linux-gnu"] if pathlib.Path("/usr/aarch64-linux-gnu").is_dir() else []
    command = [shutil.which("qemu-aarch64"), "-cpu", WITHOUT_LSE, *library, program]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode in (-signal.SIGILL, 128 + signal.SIGILL)


def measure(programs):
    """The reads of each build on each of its processors, and what is wrong with them."""
    complaints, reads = [], {}
    for build, cpu in RUNS:
        print(f"== {build}, qemu-aarch64 -cpu {cpu}")
        reads[build, cpu] = count_under_qemu(programs[build], cpu)
        if not judge(reads[build, cpu]):
            complaints.append(f"{build} on {cpu}: the counts are not those of the notes")
        complaints += [f"{build} on {cpu}: {fault}" for fault in faults(build, reads[build, cpu])]
    if figures("outline", reads["outline", WITH_LSE]) != figures("outline", reads["outline", WITHOUT_LSE]):
        complaints.append("outline: other calls on one processor than on the other")
    # Each build, taken for another one, has to be refused: so each check can fail on real code.
    for build, cpu in RUNS:
        for other in BUILDS:
            if other != build and not faults(other, reads[build, cpu]):
                complaints.append(f"the build {build} would pass for the build {other}: the check does not fire")
    if not lse_without_a_processor(programs["lse"]):
        complaints.append(f"the build lse does not end on a {WITHOUT_LSE}, which has no LSE")
    return {build: figures(build, reads[build, cpu]) for build, cpu in reversed(RUNS)}, complaints


def compare(found, accept):
    """Against the committed file, which is written anew to accept what was found."""
    rustc = subprocess.run([os.environ.get("RUSTC", "rustc"), "-V"], capture_output=True, text=True, check=True).stdout.strip()
    committed, compiler = committed_figures()
    changes = [f"{build}: {line}" for build in BUILDS for line in differences(committed[build], found[build])]
    if accept:
        for change in changes:
            print(change)
        FIGURES.write_text(text_of(rustc, found))
        print(f"{FIGURES.name} is written; UPDATE_LOCKS=1 cargo test -p runners --test cli locks_page puts it into LOCKS.md")
        return []
    if changes:
        by = f"the file is of {compiler}, this is {rustc}" if compiler != rustc else f"both of {rustc}"
        changes.append(f"{FIGURES.name} says otherwise ({by}): if that is meant, {ACCEPT}")
    return changes


# Words that the assembler of GNU binutils makes of these names.
ASSEMBLED = {
    0x88A07C41: "cas", 0x88E07C41: "casa", 0xC8A0FC41: "casl", 0x88E0FC41: "casal", 0x08E07C41: "casab",
    0x4860FC82: "caspal", 0xB8200041: "ldadd", 0xF8E00041: "ldaddal", 0xB8600041: "ldaddl", 0xB860005F: "staddl",
    0xB8203041: "ldset", 0xB8601041: "ldclrl", 0xB8A06041: "ldumaxa", 0xB8E08041: "swpal", 0x38208041: "swpb",
    0xB8BFC020: "ldapr", 0x885FFC20: "ldaxr", 0xC85F7C20: "ldxr", 0x88007C41: "stxr", 0x0800FC41: "stlxrb",
    0xC87F8440: "ldaxp", 0xC8208861: "stlxp", 0x88DFFC20: "ldar", 0x889FFC20: "stlr", 0x089FFC20: "stlrb",
    0xD5033BBF: "dmb ish", 0xD50339BF: "dmb ishld", 0xD5033FBF: "dmb sy", 0xD5033B9F: "dsb ish", 0xD5033FDF: "isb",
    0xD5033F5F: "clrex",
    # ldr, str, ldp, stp, mov, yield, ldr by register, strb, ldur, prfm, bl, ret
    0xB9400020: None, 0xB9000020: None, 0xA94007E0: None, 0xA9BF7BFD: None, 0xAA0103E0: None, 0xD503203F: None,
    0xF8626820: None, 0x39000020: None, 0xB85FF020: None, 0xF9800000: None, 0x94000000: None, 0xD65F03C0: None,
}  # fmt: skip


def planted(rmws, fences, *names):
    """A read of these instructions; `FUNCTION:NAME` is one of a function that is called."""
    read = Read(f"a-lock 0x1000 {rmws} {fences}")
    words = {name: word for word, name in ASSEMBLED.items() if name}
    for name in names:
        function, _, what = name.rpartition(":")
        read.add_arm64(function or "read_pair", words[what])
    return read


def self_test():
    wrong = []
    for word, expected in ASSEMBLED.items():
        if arm64_code.name(word) != expected:
            wrong.append(f"{word:08x} is {arm64_code.name(word)}, and not {expected}")

    helper = "__aarch64_cas4_acq:casa"
    pair = ("ldaxr", "stxr")
    cases = (
        ("as it is to be", "lse", planted(2, 1, "ldar", "casa", "dmb ish", "staddl"), 0),
        ("as it is to be", "outline", planted(1, 0, helper, "ldar"), 0),
        ("as it is to be", "outline", planted(1, 0, *(f"__aarch64_cas4_acq:{name}" for name in pair)), 0),
        ("as it is to be", "ll-sc", planted(1, 0, *pair, "ldapr", "stlr"), 0),
        ("one read-modify-write more", "lse", planted(1, 0, "casa", "swpb"), 1),
        ("one read-modify-write more", "ll-sc", planted(0, 0, *pair), 1),
        ("one read-modify-write more, in a helper", "outline", planted(0, 0, helper), 1),
        ("a stray barrier", "lse", planted(1, 0, "casa", "dmb ish"), 1),
        ("a stray barrier", "lse", planted(1, 0, "casa", "dmb sy"), 1),
        ("a call where LSE is inline", "lse", planted(1, 0, helper), 1),
        ("a pair where LSE is inline", "lse", planted(1, 0, *pair), 2),
        ("an instruction of LSE in a build without", "ll-sc", planted(1, 0, "ldaddal"), 1),
        ("a call in a build of pairs", "ll-sc", planted(1, 0, helper), 1),
        ("LSE inline beside helpers", "outline", planted(2, 0, helper, "casa"), 1),
    )  # fmt: skip
    for what, build, read, count in cases:
        found = faults(build, [read])
        if len(found) != count:
            wrong.append(f"{what}, in the build {build}: {len(found)} faults and not {count}: {found}")

    shown = figure(planted(9, 9, "ldaxr", "ldar", "stxr", helper, helper, "dmb ishld").code)
    if shown != "ldaxr+stxr, ldar, bl __aarch64_cas4_acq, dmb ishld":
        wrong.append(f"the pieces of a read are {shown}")
    committed = {"a": "casa", "b": "casa", "c": "none"}
    found = differences(committed, {"a": "casa", "b": "casal", "d": "none"})
    if [line[0] for line in found] != ["b", "d", "c"]:
        wrong.append(f"differences from the committed file: {found}")
    for line in wrong:
        print(f"arm64_reads.py: {line}", file=sys.stderr)
    print(f"{len(ASSEMBLED)} instructions, {len(cases)} reads: {len(wrong)} wrong")
    return 1 if wrong else 0


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--accept", action="store_true")
    words.add_argument("--self-test", action="store_true")
    words.add_argument("programs", nargs="*")
    given = words.parse_args()
    if given.self_test:
        return self_test()
    if len(given.programs) != len(BUILDS):
        words.error("three programs are needed: LSE OUTLINE LL_SC")
    try:
        found, complaints = measure(dict(zip(BUILDS, given.programs)))
    except Skipped as why:
        print(f"nothing is read: {why}")
        return 0
    if not complaints or not given.accept:
        complaints += compare(found, given.accept)
    for complaint in complaints:
        print(f"arm64_reads.py: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
