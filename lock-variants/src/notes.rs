//! What a reader of the list wants to know of each lock and the lock does not need itself: one entry for each lock of the
//! catalogue, found by name. `vmalock list locks` prints them, and `LOCKS.md` is made of them.

#[cfg(test)]
mod tests;

/// What is to be said of a lock beside its [`LockFacts`](bench_core::lock::LockFacts). Texts are sentences without the
/// last full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notes {
    /// The lock's name in the catalogue.
    pub name: &'static str,
    /// The words of the VMA's half and what their bits mean.
    pub state: &'static str,
    /// Who may wait without a bound, and who may be declined for nothing.
    pub starves: &'static str,
    /// What differs from the kernel, or from where the design comes from.
    pub differs: &'static str,
    /// Atomic read-modify-writes of one read that meets nobody: `start_read` and `end_read` of an attached VMA that no one
    /// else reads or writes. Where there is no lock per VMA, those of the mmap lock. A compare-and-exchange loop counts
    /// once. Counted on the machine code by `scripts/read_pairs.py`.
    pub rmws: u32,
    /// Full barriers of that read which stand alone (`mfence`, `dmb ish`), counted in the same way.
    pub fences: u32,
}

/// The notes of the lock with this name; `None` for a lock that is not of the catalogue.
#[must_use]
pub fn of(name: &str) -> Option<&'static Notes> {
    ALL.iter().find(|notes| notes.name == name)
}

/// In the order of the catalogue.
const ALL: &[Notes] = &[
    Notes {
        name: "null",
        state: "none",
        starves: "nobody waits for anybody",
        differs: "the kernel has nothing of the kind",
        rmws: 0,
        fences: 0,
    },
    Notes {
        name: "mmap-lock",
        state: "none per VMA; the mmap lock's `count`: bit 0 writer, 1 waiters, 2 handoff, 8 to 62 readers; `owner`",
        starves: "\
            every fault waits behind a writer of its mm, and behind one that waits; a sleeper gets the lock by handoff \
            after 4 ms",
        differs: "nothing",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "rwsem",
        state: "\
            `count` u64: bit 0 writer, 1 waiters, 2 handoff, 8 to 62 readers, 63 overflow; `owner`, `osq`, `wait_lock`, \
            `wait_list`; `vm_lock_seq`: write-locked when equal to the mm's; `detached`: 1 declines readers",
        starves: "\
            nobody for good: a queued writer stops new readers, which go to the mmap lock and wait there until it is done",
        differs: "\
            the semaphore is in the VMA, not in a slab object of its own; detach also takes the lock exclusively, to wait \
            out readers of another mm, and a writer does not trust the number on a detached VMA: slots are recycled \
            without a grace period",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "rwsem-seqcount",
        state: "as `rwsem`; the mm's number is odd in a write section and even outside",
        starves: "as `rwsem`",
        differs: "\
            the begin of a section is a Release store without the write barrier that speculation on the whole mm needs; \
            the rest as `rwsem`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "rwsem-snapshot",
        state: "as `rwsem`",
        starves: "\
            as `rwsem`; a reader is also declined when the VMA was locked and unlocked between its two looks, and for up \
            to 2^31 sections on a VMA that nobody wrote for as long",
        differs: "\
            the first look wants a number older than the mm's where the proposal wanted one not equal, which recycled \
            slots would break; the rest as `rwsem`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "atomic-signed",
        state: "\
            `count` i32: 0 free, n > 0 readers, -1 writer; the waiting writer's slot; `vm_lock_seq`: write-locked when \
            equal to the mm's; `detached`: 1 declines readers",
        starves: "\
            the writer, for good: it leaves no mark while it waits, and readers that overlap keep it out, with the mmap \
            lock in its hands",
        differs: "\
            the last reader makes a barrier and looks at a slot in the VMA instead of taking a wait queue's lock in the \
            mm; counting up stops at the limit; detach also takes the lock exclusively, to wait out readers of another mm, \
            and a writer does not trust the number on a detached VMA: slots are recycled without a grace period",
        rmws: 2,
        fences: 1,
    },
    Notes {
        name: "atomic-two-bit",
        state: "\
            `count` u32: bit 31 a writer owns it, bit 30 a writer waits, bits 0 to 29 readers; the waiting writer's slot; \
            `vm_lock_seq`: write-locked when equal to the mm's; `detached`: 1 declines readers",
        starves: "nobody for good; both loops of a reader may repeat while others succeed",
        differs: "\
            counting up is Acquire instead of a full barrier; no reader may pass the limit; the slot is in the VMA; detach \
            also takes the lock exclusively, to wait out readers of another mm, and a writer does not trust the number on \
            a detached VMA: slots are recycled without a grace period",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "atomic-inverted",
        state: "\
            `count` u32: 0x80000000 free, 0x80000000 - n for n readers, 0 a writer owns it, -n a writer waits for n \
            readers; the waiting writer's slot; `vm_lock_seq`: write-locked when equal to the mm's; `detached`: 1 declines \
            readers",
        starves: "\
            nobody for good, but a writer waits for one exact value, which readers that back off disturb: no bound on its \
            looks in vain",
        differs: "\
            never in the kernel: orders, wait and wake are filled in; the slot is in the VMA; detach also takes the lock \
            exclusively, to wait out readers of another mm, and a writer does not trust the number on a detached VMA: \
            slots are recycled without a grace period",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "atomic-msb",
        state: "\
            `count` u32: 0 detached, 1 attached, n + 1 for n readers, bit 31 (with 1 more) a writer; `vm_lock_seq`: \
            write-locked when equal to the mm's; the waiting writer's slot",
        starves: "nobody for good; readers that back off may make a writer look in vain",
        differs: "\
            never in the kernel; an add to a detached VMA is undone; detach waits for readers that are about to back off",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "atomic-msb-lock-detached",
        state: "\
            `count` u32: 0 detached, 0x80000001 detached and write-locked, 1 attached, n + 1 for n readers, bit 31 (with 1 \
            more) a writer; `vm_lock_seq`: write-locked when equal to the mm's; the waiting writer's slot",
        starves: "nobody for good; a reader's loop may repeat while others succeed",
        differs: "\
            never in the kernel; readers look before they count, since the store that locks a detached VMA would lose an \
            add",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "atomic-msb-cmpxchg",
        state: "as `atomic-msb`",
        starves: "nobody for good; a reader's loop may repeat while others succeed",
        differs: "never in the kernel: the loop of 6.15 on the word of the mail; the rest as `atomic-msb`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount",
        state: "\
            `vm_refcnt`, a `refcount_t`: 0 detached, 1 attached, n + 1 for n readers, bit 30 a writer or detacher; \
            `vm_lock_seq`: write-locked when equal to the mm's; the waiting writer's slot",
        starves: "\
            nobody for good: a writer waits for the readers that are inside and for no new ones; a reader's loop may \
            repeat while others succeed",
        differs: "\
            the last load of a writer's wait is Acquire, the kernel's is relaxed; the mm's number counts by one; the \
            waiting writer's slot is in the VMA, the kernel's in the mm",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-spin",
        state: "as `refcount`",
        starves: "as `refcount`",
        differs: "\
            a writer spins for up to 25 us before it parks, which the kernel's does not since the rwsem is gone; the rest \
            as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-v6",
        state: "as `refcount`, but a writer adds bit 30 and 1, so that the limit is 0x3ffffffe",
        starves: "as `refcount`",
        differs: "\
            what a writer adds is inferred from the limit; counting up is Acquire, which v6 lacked; detach waits for \
            readers that are about to back off, which v6 lacked",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-prestamp",
        state: "as `refcount`; detached counts as write-locked",
        starves: "as `refcount`",
        differs: "attach stamps a new VMA where the kernel's writer locks it; the rest as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-6.17",
        state: "\
            as `refcount`, with `vm_mm` u64, the number of the VMA's mm; the mm's number is odd in a write section; the \
            waiting writer's slot is the mm's, behind a pointer",
        starves: "as `refcount`; a reader of a VMA that another mm has recycled takes a mutex of the process for a moment",
        differs: "\
            `vm_mm` is a number and not a pointer; the slot outlives its mm, where the kernel keeps the whole `mm_struct`; \
            the last load of a writer's wait is Acquire",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-6.19",
        state: "as `refcount-6.17`",
        starves: "as `refcount-6.17`; a fatal signal ends the wait of a writer, which then does not have the VMA; not that of a detacher",
        differs: "as `refcount-6.17`; that the signal is looked at after the count is this text's reading of the kernel's",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-lock-detached",
        state: "as `refcount`, and 0x40000001 on a detached VMA that is write-locked",
        starves: "as `refcount`",
        differs: "only proposed: the kernel stamps a detached VMA and leaves its count at 0; the rest as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-stamp-new",
        state: "as `refcount`",
        starves: "as `refcount`",
        differs: "only proposed: the kernel stamps a new VMA when it is write-locked; the rest as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-plain",
        state: "as `refcount`, but an `atomic_t`",
        starves: "as `refcount`",
        differs: "the kernel's count is a `refcount_t`, whose operations test for bad values; the rest as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-seq64",
        state: "as `refcount`, with `vm_lock_seq` and the mm's number of 64 bits",
        starves: "as `refcount`; equal numbers mean what they say, since they never come back",
        differs: "the kernel's numbers have 32 bits; the rest as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-own-line",
        state: "as `refcount`, filling 128 bytes",
        starves: "as `refcount`",
        differs: "as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-packed-16",
        state: "as `refcount`, in 16 bytes of a slab behind a pointer",
        starves: "as `refcount`",
        differs: "the kernel's lock objects of neighbours in a slab belong to any two VMAs, here to two that were made one after the other; the rest as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-packed-40",
        state: "as `refcount`, in 40 bytes of a slab behind a pointer",
        starves: "as `refcount`",
        differs: "the kernel's lock objects of neighbours in a slab belong to any two VMAs, here to two that were made one after the other; the rest as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "refcount-object",
        state: "as `refcount`, in 128 bytes of a slab behind a pointer",
        starves: "as `refcount`",
        differs: "as `refcount`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "rcuref",
        state: "\
            `count` u32: 0 attached, n for n readers, bit 31 a writer, 0xc0000000 and above the dead zone: detached; \
            `vm_lock_seq`: write-locked when equal to the mm's; the waiting writer's slot",
        starves: "nobody for good; readers never loop; readers that back off may make a writer look in vain",
        differs: "\
            `rcuref_t` has no writer, which takes the zone in which the kernel's count saturates; the exchange for dead is \
            by comparison, since slots are recycled without a grace period",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "percpu-rwsem",
        state: "\
            `block` u32: 1 a writer owns it or waits; on the heap a count for each of 64 tasks, on lines of its own, and in \
            the VMA `rest` for all other tasks: the sum is the readers; the waiting writer's slot; `vm_lock_seq`: \
            write-locked when equal to the mm's; `detached`: 1 declines readers",
        starves: "\
            nobody for good: a waiting writer stops new readers; each write, also one that meets no reader, interrupts every \
            CPU that runs a thread of the process, and reads a line for each of the 64 counts",
        differs: "\
            membarrier(2) stands for the grace period, so that a writer waits microseconds and readers have no slow mode; \
            a count is a task's and not a CPU's, since a thread can be moved in the middle of an addition; where \
            there is no membarrier each of a reader's two steps has a fence; detach also takes the lock exclusively, to wait \
            out readers of another mm",
        rmws: 0,
        fences: 0,
    },
    Notes {
        name: "bravo",
        state: "\
            an rwsem (as `rwsem`); `bias` u32: 1 readers go by the table; `inhibit_until_ns` u64: no bias until then; \
            `identity` u64: what a reader leaves in its slot of the table of 4096, which all locks share; `vm_lock_seq`: \
            write-locked when equal to the mm's; `detached`: 1 declines readers",
        starves: "\
            nobody for good: a writer ends the bias and stops new readers; it reads the whole table, and waits for its \
            readers there without sleeping",
        differs: "\
            the two fences of the paper are a light barrier and membarrier(2), which makes a revocation dearer on x86-64; \
            who fails goes to the mmap lock and does not wait; detach also takes the lock exclusively, to wait out readers \
            of another mm",
        rmws: 1,
        fences: 0,
    },
    Notes {
        name: "speculative",
        state: "\
            `mmap_seq` u64 of the mm: odd in a write section, even outside; `detached` u32 of the VMA: 1 declines readers",
        starves: "\
            readers: any writer of the mm, whatever it writes, makes every fault in flight go to the mmap lock; writers \
            wait for no reader",
        differs: "\
            upstream copies the VMA and checks the number again under the page table's lock; here the end of the read is \
            that check, and a detached or recycled VMA has to be looked for, since there is no grace period",
        rmws: 0,
        fences: 0,
    },
    Notes {
        name: "range-lock",
        state: "\
            of the mm: `busy` u32, the spinlock around the table; `reading` u64: which of 64 `pages` are held; `writing` \
            u32: how many of 4 `written` ranges are held; `writer`, `number`; of the VMA: `owner` u64, the number of its mm, \
            0 detached; `start`, `end`",
        starves: "\
            readers: all of the mm take one spinlock twice, which does not queue, and a reader is declined for want of a \
            place when 64 hold one; writers: nobody, new readers stay out of a range that is waited for",
        differs: "\
            an array under the spinlock instead of an interval tree; it stands beside the mmap lock and not in its place, so \
            that a fault that meets a writer is declined and does not sleep",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "std-rwlock",
        state: "\
            std's RwLock, two u32: readers or a writer, and flags for those that wait, in the first, a wake count for \
            writers in the second; `vm_lock_seq`: write-locked when equal to the mm's; `detached`: 1 declines readers",
        starves: "nobody for good: a waiting writer stops new readers",
        differs: "not a kernel lock; the rest as `rwsem`",
        rmws: 2,
        fences: 0,
    },
    Notes {
        name: "parking-lot",
        state: "\
            parking_lot's RwLock, one usize: bit 0 parked, 1 a writer waits, 2 upgradable, 3 a writer, above it readers; \
            `vm_lock_seq`: write-locked when equal to the mm's; `detached`: 1 declines readers",
        starves: "nobody for good: a waiting writer stops new readers, and a lock is handed over now and then to be fair",
        differs: "not a kernel lock; the rest as `rwsem`",
        rmws: 2,
        fences: 0,
    },
];
