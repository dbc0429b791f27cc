//! Locks that are wrong on purpose, for the tests: what a broken lock looks like in `verify` and in a run.
//!
//! | name | fault |
//! |---|---|
//! | `tears` | claims to exclude, and excludes nobody |
//! | `hangs` | its write lock waits for ever once a reader has been in |
//! | `dies` | ends the process by a signal once a reader has been in |
//! | `panics` | panics once a reader has been in |
//!
//! Each is a lock of the catalogue with a fault planted in front of it.

use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use lock_variants::null::Null;
use lock_variants::refcount::Refcount;
use runners::contender::{Contender, catalogue};
use runners::native::Native;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// Readers of an mm before the fault shows: every worker that faults makes at least two in a cell.
const READERS_BEFORE: u32 = 1;

/// What is wrong with a lock.
trait Fault: Debug + Send + Sync + 'static {
    const NAME: &'static str;

    /// Before a read, when there were enough.
    fn before_read() {}

    /// Before a write, when there were enough reads.
    fn before_write() {}
}

/// A lock with a fault in front of it.
#[derive(Debug)]
struct Planted<L, F> {
    lock: L,
    reads: AtomicU32,
    fault: PhantomData<F>,
}

impl<L: VmaLock, F: Fault> Planted<L, F> {
    fn is_due(&self) -> bool {
        // Relaxed: a count, which publishes nothing.
        self.reads.load(Relaxed) >= READERS_BEFORE
    }
}

impl<L: VmaLock, F: Fault> VmaLock for Planted<L, F> {
    type Machine = L::Machine;
    type Vma = L::Vma;
    type Token<'vma> = L::Token<'vma>;

    const INFO: LockFacts = LockFacts {
        name: F::NAME,
        summary: "wrong on purpose",
        source: "the example planted_faults",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            lock: L::new(),
            reads: AtomicU32::new(0),
            fault: PhantomData,
        }
    }

    fn new_vma() -> Self::Vma {
        L::new_vma()
    }

    fn begin_write(&self, section: &WriteSection<'_>) {
        self.lock.begin_write(section);
    }

    fn set_range(&self, vma: &Self::Vma, range: Range<u64>, section: &WriteSection<'_>) {
        self.lock.set_range(vma, range, section);
    }

    fn attach(&self, vma: &Self::Vma, section: &WriteSection<'_>) {
        self.lock.attach(vma, section);
    }

    fn detach(&self, vma: &Self::Vma, section: &WriteSection<'_>) {
        self.lock.detach(vma, section);
    }

    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        if self.is_due() {
            F::before_read();
        } else {
            // Relaxed: a count, which publishes nothing.
            self.reads.fetch_add(1, Relaxed);
        }
        self.lock.start_read(vma, address)
    }

    fn end_read<'vma>(&self, vma: &'vma Self::Vma, token: Self::Token<'vma>) -> ReadEnd {
        self.lock.end_read(vma, token)
    }

    fn start_write(&self, vma: &Self::Vma, section: &WriteSection<'_>) -> Result<(), Interrupted> {
        if self.is_due() {
            F::before_write();
        }
        self.lock.start_write(vma, section)
    }

    fn end_write_all(&self, section: &WriteSection<'_>) {
        self.lock.end_write_all(section);
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        self.lock.describe(vma)
    }
}

#[derive(Debug)]
struct Tears;

impl Fault for Tears {
    const NAME: &'static str = "tears";
}

#[derive(Debug)]
struct Hangs;

impl Fault for Hangs {
    const NAME: &'static str = "hangs";

    fn before_write() {
        loop {
            std::thread::park();
        }
    }
}

#[derive(Debug)]
struct Dies;

impl Fault for Dies {
    const NAME: &'static str = "dies";

    fn before_read() {
        std::process::abort();
    }
}

#[derive(Debug)]
struct Panics;

impl Fault for Panics {
    const NAME: &'static str = "panics";

    fn before_read() {
        panic!("planted");
    }
}

fn main() -> ExitCode {
    let planted = [
        Contender::of::<Planted<Null<Native>, Tears>>(),
        Contender::of::<Planted<Refcount<Native>, Hangs>>(),
        Contender::of::<Planted<Refcount<Native>, Dies>>(),
        Contender::of::<Planted<Refcount<Native>, Panics>>(),
    ];
    runners::main_with(&[catalogue(), planted.to_vec()].concat())
}
