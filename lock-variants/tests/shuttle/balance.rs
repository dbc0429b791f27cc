//! Whoever went in goes out once (P21), and does not take the mmap lock meanwhile (P24).
//!
//! The model of [`crate::pool`] ends by unmapping everything, for which the writer waits for all readers that are counted:
//! that every way out of a fault has released the VMA is seen there. Here it is made wrong.

use crate::locks::{Model, every_lock, every_lock_fails, waits_for_readers};
use crate::machine::Shuttle;
use crate::pool::Pool;
use crate::stage::Stage;
use crate::threads::join;
use crate::twist::{Twist, Twisted};
use bench_core::lock::{ReadEnd, VmaLock};

/// A reader that goes on without ending its read.
#[derive(Debug, Default)]
struct Leak;

impl<L: VmaLock> Twist<L> for Leak {
    fn end_read<'vma>(&self, _lock: &L, _vma: &'vma L::Vma, token: L::Token<'vma>) -> ReadEnd {
        std::mem::forget(token);
        ReadEnd::Committed
    }
}

struct Leaked;

impl Model for Leaked {
    const TEST: &'static str = "balance::a_read_that_is_not_ended_keeps_a_writer_asleep";
    const ITERATIONS: usize = 50;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        waits_for_readers::<L>()
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        Pool::<Twisted<L, Leak>>::run();
    }
}

#[test]
fn a_read_that_is_not_ended_keeps_a_writer_asleep() {
    every_lock_fails::<Leaked>(|failure| failure.starts_with("deadlock!"));
}

/// Readers that want the mmap lock too, after they let go of the VMA or, which is wrong, before.
fn take_both<L: VmaLock<Machine = Shuttle>>(lets_go_first: bool) {
    let stage = Stage::<L>::new();
    let writer = stage.spawn(|stage| {
        for _ in 0..2 {
            let guard = stage.mm.write_lock();
            stage.write_lock_vma(&guard);
            drop(guard);
        }
    });
    let readers = (0..2).map(|_| {
        stage.spawn(move |stage| {
            for _ in 0..2 {
                let Ok(token) = stage.start_read() else {
                    continue;
                };
                if lets_go_first {
                    let _ = stage.end_read(token);
                    drop(stage.mm.read_lock());
                } else {
                    drop(stage.mm.read_lock());
                    let _ = stage.end_read(token);
                }
            }
        })
    });
    join(readers.collect::<Vec<_>>());
    join([writer]);
}

struct OneAfterTheOther;

impl Model for OneAfterTheOther {
    const TEST: &'static str = "balance::the_mmap_lock_is_taken_after_the_vma_was_let_go";
    const ITERATIONS: usize = 200;

    fn run<L: VmaLock<Machine = Shuttle>>() {
        take_both::<L>(true);
    }
}

#[test]
fn the_mmap_lock_is_taken_after_the_vma_was_let_go() {
    every_lock::<OneAfterTheOther>();
}

struct OneInTheOther;

impl Model for OneInTheOther {
    const TEST: &'static str = "balance::the_mmap_lock_taken_under_a_vma_lock_is_a_deadlock";
    const ITERATIONS: usize = 200;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        waits_for_readers::<L>()
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        take_both::<L>(false);
    }
}

#[test]
fn the_mmap_lock_taken_under_a_vma_lock_is_a_deadlock() {
    every_lock_fails::<OneInTheOther>(|failure| failure.starts_with("deadlock!"));
}
