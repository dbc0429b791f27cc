//! Threads that share two plain numbers which nothing but a lock guards, for `scripts/tsan.sh`.
//!
//! Everywhere else in vmalock what a lock guards is atomic words, so that a broken lock is seen and not undefined. To
//! ThreadSanitizer those are never a race. Here it sees one when the lock's atomic operations do not order a writer after each
//! reader, and a reader after each writer: by the rules of the language, whatever this processor would have done.
//!
//! Without an argument it prints the names that it takes: the locks, and the planted ones, which are wrong.

#![allow(
    unsafe_code,
    reason = "plain memory between threads is what ThreadSanitizer looks for"
)]

use bench_core::lock::{LockFacts, ReadEnd, VmaLock};
use bench_core::machine::Machine;
use bench_core::space::Mm;
use lock_variants::adapter::{PlainLock, Sequenced};
use lock_variants::catalogue::{Visitor, visit_all};
use runners::native::Native;
use std::cell::UnsafeCell;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread;

/// What each thread repeats so often.
const ROUNDS: u64 = 3_000;
/// How often the writer also takes the VMA back and publishes it again.
const ROUNDS_PER_ATTACH: u64 = 4;

/// Two numbers that are equal for who holds the lock.
struct Guarded(UnsafeCell<[u64; 2]>);

// SAFETY: `write` is called only by the one writer, between `start_write` or `detach` and `end_write_all`; `read` by who has been
// let in by `start_read`, or holds the mmap lock for reading. By the contract of `VmaLock` these exclude each other, and the
// end of each happens before the beginning of the next. Where a lock breaks that, here is a data race: this program exists
// to have it reported, and is not to be run for anything else.
unsafe impl Sync for Guarded {}

impl Guarded {
    fn read(&self) -> [u64; 2] {
        // SAFETY: as above; the pointer is valid, and no reference to the numbers outlives the call.
        unsafe { *self.0.get() }
    }

    fn write(&self, number: u64) {
        // SAFETY: as above; the pointer is valid, and no reference to the numbers outlives the call.
        unsafe { *self.0.get() = [number, number] }
    }
}

/// A VMA, its mm, and what the lock guards.
struct Stage<L: VmaLock> {
    mm: Mm<L>,
    vma: L::Vma,
    guarded: Guarded,
    /// Readers that have read once. The writer begins when both have, so that a missing order is seen in every run. Relaxed, or
    /// it would be an order of its own.
    begun: AtomicU32,
}

impl<L: VmaLock> Stage<L> {
    fn new() -> Self {
        let stage = Self {
            mm: Mm::new(),
            vma: L::new_vma(),
            guarded: Guarded(UnsafeCell::new([0, 0])),
            begun: AtomicU32::new(0),
        };
        stage.write(0, |_| ());
        stage
    }

    /// One write section: `number` is written, on a VMA that `prepare` may have detached.
    fn write(&self, number: u64, prepare: impl FnOnce(&bench_core::lock::WriteSection<'_>)) {
        let guard = self.mm.write_lock();
        let (lock, section) = (self.mm.lock(), guard.section());
        lock.start_write(&self.vma, section)
            .expect("nobody interrupts it");
        prepare(section);
        self.guarded.write(number);
        if number.is_multiple_of(ROUNDS_PER_ATTACH) {
            lock.set_range(&self.vma, 0..4096, section);
            lock.start_write(&self.vma, section)
                .expect("nobody interrupts it");
            lock.attach(&self.vma, section);
        }
    }

    fn writer(&self) {
        // Takes its task number under a mutex, which a reader that ends gives its own back under: an order between them, so now.
        let _ = Native::current();
        while self.begun.load(Relaxed) < 2 {
            thread::yield_now();
        }
        for number in 1..=ROUNDS {
            self.write(number, |section| {
                if number.is_multiple_of(ROUNDS_PER_ATTACH) {
                    self.mm.lock().detach(&self.vma, section);
                }
            });
        }
    }

    /// Reads that are declined are done under the mmap lock, as faults are.
    fn reader(&self) {
        let lock = self.mm.lock();
        for round in 0..ROUNDS {
            if round == 1 {
                self.begun.fetch_add(1, Relaxed);
            }
            if let Ok(token) = lock.start_read(&self.vma, 0) {
                let _ = self.guarded.read();
                assert!(lock.end_read(&self.vma, token) == ReadEnd::Committed);
            } else {
                let _guard = self.mm.read_lock();
                let _ = self.guarded.read();
            }
        }
    }

    fn play(&self) {
        thread::scope(|scope| {
            scope.spawn(|| self.writer());
            scope.spawn(|| self.reader());
            scope.spawn(|| self.reader());
        });
    }
}

/// A lock whose reader leaves without Release. A processor of the x86 kind never shows it.
#[derive(Debug)]
struct LeavesRelaxed(AtomicU32);

/// A reader inside.
struct Reader<'lock>(&'lock AtomicU32);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

const WRITER: u32 = 1 << 31;

impl PlainLock for LeavesRelaxed {
    type Guard<'lock> = Reader<'lock>;

    const INFO: LockFacts = LockFacts {
        name: "planted-leaves-relaxed",
        summary: "a count whose reader leaves without Release",
        source: "negative control",
        excludes: false,
    };

    fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    fn try_read(&self) -> Option<Reader<'_>> {
        let reader = Reader(&self.0);
        (self.0.fetch_add(1, Acquire) < WRITER).then_some(reader)
    }

    fn with_write(&self, stamp: impl FnOnce()) {
        self.0.fetch_add(WRITER, Acquire);
        while self.0.load(Acquire) != WRITER {
            thread::yield_now();
        }
        stamp();
        self.0.fetch_sub(WRITER, Release);
    }
}

/// The locks that this program knows.
struct Known {
    /// Name, and what to do.
    plays: Vec<(&'static str, fn())>,
    /// Names of those whose readers may look while a writer writes, which needs atomic words by design.
    left_out: Vec<&'static str>,
}

impl Visitor<Native> for Known {
    fn visit<L: VmaLock<Machine = Native>>(&mut self) {
        if L::SPECULATIVE {
            self.left_out.push(L::INFO.name);
        } else {
            self.plays.push((L::INFO.name, || Stage::<L>::new().play()));
        }
    }
}

fn main() -> ExitCode {
    let mut known = Known {
        plays: Vec::new(),
        left_out: Vec::new(),
    };
    visit_all(&mut known);
    known.visit::<Sequenced<Native, LeavesRelaxed>>();
    let Some(wanted) = std::env::args().nth(1) else {
        for (name, _) in &known.plays {
            writeln!(stdout(), "{name}").expect("somebody reads it");
        }
        for name in &known.left_out {
            writeln!(
                stderr(),
                "{name:26} left out: its readers look at what is being written"
            )
            .expect("somebody reads it");
        }
        return ExitCode::SUCCESS;
    };
    let Some((_, play)) = known.plays.iter().find(|(name, _)| *name == wanted) else {
        return ExitCode::FAILURE;
    };
    play();
    ExitCode::SUCCESS
}
