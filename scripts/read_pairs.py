#!/usr/bin/env python3
"""Counts the atomic read-modify-writes and the fences that a processor executes for one read of each lock.

    python3 scripts/read_pairs.py PROGRAM            PROGRAM is the example `read_pairs`, built for this machine (x86-64)
    python3 scripts/read_pairs.py --qemu PROGRAM     built for arm64; under qemu-aarch64

The program prints, for each lock, where its read is and what lock-variants/src/notes.rs says of it. Natively the read is
executed in single steps (ptrace); under qemu its log of executed instructions is read. Each instruction is looked at as
the bytes that it is, so that no path is guessed and every function that is called is counted with it.

Exit code 0: the notes are right, and the planted read with one operation more was found; or, in words, why nothing was
counted. 1: a note is wrong, or the planted one was not found.
"""

import ctypes
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import arm64_code
from arm64_code import FENCE, OTHER, RMW

# Reads of each lock before the one that counts: WARM_UP of the program.
WARM_UP = 3
PLANTED = "planted-"
# A read takes hundreds of instructions at most; one that takes so many does not end.
LIMIT = 1_000_000


class Skipped(Exception):
    """Why nothing can be counted here."""


def x86_kind(code):
    """What the instruction at the beginning of these bytes is."""
    at = 0
    while code[at] in b"\x66\x67\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65":
        at += 1
    locked = 0xF0 in code[:at]
    if 0x40 <= code[at] <= 0x4F:  # REX
        at += 1
    op, modrm, sib = code[at], code[at + 1], code[at + 2]
    if (op, modrm, sib) == (0x0F, 0xAE, 0xF0):  # mfence
        return FENCE
    in_memory = modrm >> 6 != 3
    if op in (0x86, 0x87) and in_memory:  # xchg: locked without saying so
        return RMW
    if not locked:
        return OTHER
    # or of 0 to the stack: how compilers write a fence
    immediate = at + 3 + {0: 0, 1: 1, 2: 4, 3: 0}[modrm >> 6]
    is_or = op == 0x83 and modrm >> 3 & 7 == 1 and modrm & 7 == 4
    if is_or and sib == 0x24 and code[immediate] == 0:
        return FENCE
    return RMW


class Read:
    """One read: the lock's name, what its notes say, and what was executed."""

    def __init__(self, line):
        name, address, rmws, fences = line.split()
        self.name, self.entry = name, int(address, 16)
        self.noted = (int(rmws), int(fences))
        self.instructions, self.counts = 0, {RMW: 0, FENCE: 0, OTHER: 0}
        # Of arm64, each instruction with the function that it is in.
        self.code = []

    def add(self, kind):
        self.instructions += 1
        self.counts[kind] += 1

    def add_arm64(self, function, word):
        self.add(arm64_code.kind(word))
        self.code.append((function, word))

    def counted(self):
        return (self.counts[RMW], self.counts[FENCE])


class Tracee:
    """A child of this process, traced from its start on. x86-64."""

    TRACEME, PEEKUSER, CONT, SINGLESTEP = 0, 3, 7, 9
    RIP, RSP = 16 * 8, 19 * 8

    def __init__(self, program):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.restype = ctypes.c_long
        self.libc.ptrace.argtypes = [ctypes.c_long] * 4
        self.libc.ptrace(self.PEEKUSER, 0, 0, 0)  # found before the fork
        reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.dup2(writer, 1)
            if self.libc.ptrace(self.TRACEME, 0, 0, 0) != 0:
                os._exit(126)
            os.execve(program, [program], {**os.environ, "READ_PAIRS_STOP": "1"})
        os.close(writer)
        self.out = os.fdopen(reader)
        status = self.wait()
        if not os.WIFSTOPPED(status):
            raise Skipped("this process may not trace another (ptrace)")
        self.memory = open(f"/proc/{self.pid}/mem", "rb", buffering=0)

    def wait(self):
        return os.waitpid(self.pid, 0)[1]

    def ptrace(self, request, address=0, data=0):
        ctypes.set_errno(0)
        result = self.libc.ptrace(request, self.pid, address, data)
        if result == -1 and ctypes.get_errno() != 0:
            raise Skipped(f"ptrace: {os.strerror(ctypes.get_errno())}")
        return result

    def register(self, offset):
        return self.ptrace(self.PEEKUSER, offset) & 0xFFFF_FFFF_FFFF_FFFF

    def bytes_at(self, address, size):
        self.memory.seek(address)
        return self.memory.read(size)

    def goes_on(self):
        """Until it stops itself; whether it did, and did not end."""
        self.ptrace(self.CONT)
        status = self.wait()
        if os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGSTOP:
            return True
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return False
        raise SystemExit(f"read_pairs.py: the program ended with wait status {status:#x}")

    def step(self):
        self.ptrace(self.SINGLESTEP)
        status = self.wait()
        if not os.WIFSTOPPED(status):
            raise SystemExit(f"read_pairs.py: the program ended in the middle: wait status {status:#x}")
        return self.register(self.RIP)


def count_natively(program):
    if platform.machine() != "x86_64":
        raise Skipped(f"the registers of {platform.machine()} are not known to this script; --qemu counts arm64")
    tracee = Tracee(program)
    reads = []
    while tracee.goes_on():
        read = Read(tracee.out.readline())
        at = tracee.step()
        while at != read.entry:
            at = tracee.step()
        stack = tracee.register(tracee.RSP)
        back = int.from_bytes(tracee.bytes_at(stack, 8), "little")
        while at != back or tracee.register(tracee.RSP) <= stack:
            read.add(x86_kind(tracee.bytes_at(at, 15).ljust(15, b"\x90")))
            if read.instructions > LIMIT:
                raise SystemExit(f"read_pairs.py: the read of {read.name} does not end")
            at = tracee.step()
        reads.append(read)
    return reads


def count_under_qemu(program, cpu=None):
    """The reads of PROGRAM; on this model of a processor, or the one that QEMU_CPU names."""
    qemu = shutil.which("qemu-aarch64")
    if not qemu:
        raise Skipped("qemu-aarch64 is not installed")
    usage = subprocess.run([qemu, "-help"], capture_output=True, text=True, check=False).stdout
    single = "-one-insn-per-tb" if "one-insn-per-tb" in usage else "-singlestep"
    model = ["-cpu", cpu] if cpu else []
    library = ["-L", "/usr/aarch64-linux-gnu"] if os.path.isdir("/usr/aarch64-linux-gnu") else []
    with tempfile.TemporaryDirectory() as scratch:
        log = os.path.join(scratch, "log")
        command = [qemu, *model, *library, single, "-d", "in_asm,exec,nochain", "-D", log, program]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"read_pairs.py: the program failed under qemu: {done.stderr}")
        reads = [Read(line) for line in done.stdout.splitlines()]
        follow_log(log, reads)
    return reads


def follow_log(log, reads):
    """Counts in qemu's log: an instruction's word where it is translated, its address each time it is executed."""
    words = {}
    executed = main_thread_addresses(log, words)
    waiting = iter(reads)
    read, visits, back = next(waiting), 0, None
    before = None
    for at, function in executed:
        if back is not None:
            if at == back:
                read, visits, back = next(waiting, None), 0, None
                if read is None:
                    return
            else:
                read.add_arm64(function, words[at])
        elif at == read.entry:
            visits += 1
            if visits > WARM_UP:
                back = before + 4
                read.add_arm64(function, words[at])
        before = at
    raise SystemExit(f"read_pairs.py: the read of {read.name} is not in qemu's log")


def main_thread_addresses(log, words):
    """Each instruction that was executed: its address, and the function that it is in, as far as the program names it."""
    translated = re.compile(r"^0x([0-9a-f]+):\s+([0-9a-f]{8})\b")
    traced = re.compile(r"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/[^]]*\]\s*(\S*)")
    with open(log, encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("Trace"):
                address, function = traced.match(line).groups()
                yield int(address, 16), function
            elif found := translated.match(line):
                words[int(found.group(1), 16)] = int(found.group(2), 16)


def judge(reads):
    """Prints a line for each read; whether the notes are right and the planted one was found."""
    print(f"{'':26} instructions  rmws  fences")
    right, planted = True, []
    for read in reads:
        rmws, fences = read.counted()
        line = f"{read.name:26} {read.instructions:12}  {rmws:4}  {fences:6}"
        differs = read.counted() != read.noted
        noted = f"  the notes say {read.noted[0]} and {read.noted[1]}" if differs else ""
        print(line + noted)
        if read.name.startswith(PLANTED):
            planted.append(read.counted() == (read.noted[0] + 1, read.noted[1]))
        elif differs:
            right = False
    if not right:
        print("read_pairs.py: lock-variants/src/notes.rs is wrong", file=sys.stderr)
    if planted != [True]:
        print("read_pairs.py: the planted read with one rmw more was not found", file=sys.stderr)
    return right and planted == [True]


def main(words):
    under_qemu = words[:1] == ["--qemu"]
    if len(words) != 1 + under_qemu:
        raise SystemExit(__doc__)
    program = str(pathlib.Path(words[-1]).resolve())
    try:
        reads = count_under_qemu(program) if under_qemu else count_natively(program)
    except Skipped as why:
        print(f"nothing is counted: {why}")
        return 0
    return 0 if judge(reads) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
