//! One read of every lock, each in a function of its own, for `scripts/read_pairs.py`, which lets the processor execute it
//! instruction by instruction and counts.
//!
//! For each lock it prints `NAME ADDRESS RMWS FENCES`: where the function is, and what the notes say. With `READ_PAIRS_STOP`
//! in the environment it then stops itself, to be traced from there on. It has read a few times before, so that what is
//! done once is done.

use bench_core::lock::{LockFacts, ReadEnd, VmaLock};
use bench_core::space::Mm;
use lock_variants::adapter::{PlainLock, Sequenced};
use lock_variants::catalogue::{Visitor, visit_all};
use lock_variants::notes;
use runners::native::Native;
use rustix::process::{Signal, getpid, kill_process};
use std::hint::black_box;
use std::io::{Write, stdout};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{RwLock, RwLockReadGuard};

/// Reads of each lock before the one that is counted; `scripts/read_pairs.py` has the same number.
const WARM_UP: u32 = 3;

/// A read that meets nobody. Without a lock per VMA, that of the mmap lock.
#[inline(never)]
fn read_pair<L: VmaLock>(mm: &Mm<L>, vma: &L::Vma) -> bool {
    if !L::PER_VMA {
        drop(mm.read_lock());
        return true;
    }
    let lock = mm.lock();
    match lock.start_read(vma, 0) {
        Ok(token) => lock.end_read(vma, token) == ReadEnd::Committed,
        Err(_) => false,
    }
}

/// Lets the tracer count the read of `L`, under a name and with what is expected of it.
fn show<L: VmaLock>(name: &str, rmws: u32, fences: u32) {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    {
        let guard = mm.write_lock();
        let lock = mm.lock();
        lock.set_range(&vma, 0..4096, guard.section());
        lock.start_write(&vma, guard.section())
            .expect("nobody interrupts it");
        lock.attach(&vma, guard.section());
    }
    // Not known to the compiler, which could make another function for this one call.
    let read = black_box(read_pair::<L> as fn(&Mm<L>, &L::Vma) -> bool);
    for _ in 0..WARM_UP {
        assert!(read(&mm, &vma), "{name} declines a reader that is alone");
    }
    let mut out = stdout().lock();
    writeln!(out, "{name} {:#x} {rmws} {fences}", read as usize)
        .and_then(|()| out.flush())
        .expect("somebody reads it");
    if std::env::var_os("READ_PAIRS_STOP").is_some() {
        kill_process(getpid(), Signal::STOP).expect("a process may stop itself");
    }
    assert!(read(&mm, &vma), "{name}");
}

/// The locks of the catalogue, against their notes.
struct Shown;

impl Visitor<Native> for Shown {
    fn visit<L: VmaLock<Machine = Native>>(&mut self) {
        let name = L::INFO.name;
        let notes = notes::of(name).expect("every lock of the catalogue has notes");
        show::<L>(name, notes.rmws, notes.fences);
    }
}

/// `std-rwlock` with one read-modify-write more, which the script has to find.
#[derive(Debug)]
struct OneMore(RwLock<()>, AtomicU32);

impl PlainLock for OneMore {
    type Guard<'lock> = RwLockReadGuard<'lock, ()>;

    const INFO: LockFacts = LockFacts {
        name: "planted-one-more",
        summary: "std-rwlock and one atomic read-modify-write for nothing",
        source: "negative control",
        excludes: true,
    };

    fn new() -> Self {
        Self(RwLock::new(()), AtomicU32::new(0))
    }

    fn try_read(&self) -> Option<Self::Guard<'_>> {
        self.1.fetch_add(1, Relaxed);
        self.0.try_read().ok()
    }

    fn with_write(&self, stamp: impl FnOnce()) {
        let _guard = self.0.write();
        stamp();
    }
}

fn main() {
    visit_all(&mut Shown);
    let notes = notes::of("std-rwlock").expect("it is in the catalogue");
    show::<Sequenced<Native, OneMore>>(OneMore::INFO.name, notes.rmws, notes.fences);
}
