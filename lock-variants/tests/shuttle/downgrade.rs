//! What a downgrade of the mmap lock does (P26): the write locks of the VMAs are gone at that moment, so that readers of VMAs
//! come in while the caller still holds the mmap lock for reading, and a writer that is queued does not come in between.

use crate::locks::{Model, every_lock, every_lock_fails};
use crate::machine::{Shuttle, ShuttleU32};
use crate::stage::Stage;
use crate::threads::join;
use crate::twist::{Twist, Twisted};
use bench_core::lock::{ReadEnd, VmaLock, WriteSection};
use bench_core::machine::Word;
use std::sync::atomic::Ordering::Relaxed;

/// The words of the stage: what the writer writes.
const FIRST: usize = 0;
const SECOND: usize = 1;
/// The mmap lock is downgraded; it is released.
const DOWNGRADED: usize = 2;
const RELEASED: usize = 3;
/// Readers that have had their turn.
const DONE: usize = 4;

const READERS: usize = 2;

/// A reader of the VMA that came after the downgrade.
fn read<L: VmaLock<Machine = Shuttle>>(stage: &Stage<L>) {
    let token = match stage.start_read() {
        Ok(token) => token,
        Err(reason) => {
            return stage.note(!L::PER_VMA, || {
                format!("declined after the downgrade: {reason:?}")
            });
        }
    };
    let seen = (stage.word(SECOND), stage.word(FIRST));
    let whole = stage.end_read(token) == ReadEnd::Committed && seen == (1, 1);
    stage.note(whole, || {
        format!("a reader saw {seen:?} after the downgrade")
    });
}

/// `keeps_it`: as it should be. Otherwise the mmap lock is released and taken again.
fn downgrade<L: VmaLock<Machine = Shuttle>>(keeps_it: bool) {
    let stage = Stage::<L>::new();
    let guard = stage.mm.write_lock();
    stage.write_lock_vma(&guard);
    stage.set(FIRST, 1);
    let queued = stage.spawn(|stage| {
        let guard = stage.mm.write_lock();
        let released = stage.word(RELEASED) == 1;
        stage.note(released, || "a writer overtook the downgrade".to_owned());
        stage.write_lock_vma(&guard);
        drop(guard);
    });
    let readers: Vec<_> = (0..READERS)
        .map(|reader| {
            stage.spawn(move |stage| {
                stage.wait(|stage| stage.word(DOWNGRADED) == 1);
                read(stage);
                stage.set(DONE + reader, 1);
            })
        })
        .collect();
    stage.set(SECOND, 1);
    let guard = if keeps_it {
        guard.downgrade()
    } else {
        drop(guard);
        stage.mm.read_lock()
    };
    // At the moment of the downgrade, and not a little later.
    read(&stage);
    stage.set(DOWNGRADED, 1);
    stage.wait(|stage| stage.word(DONE) + stage.word(DONE + 1) == 2);
    stage.set(RELEASED, 1);
    drop(guard);
    join(readers);
    join([queued]);
    stage.judge();
}

struct Downgrade;

impl Model for Downgrade {
    const TEST: &'static str = "downgrade::readers_of_vmas_come_in_and_a_queued_writer_does_not";
    const ITERATIONS: usize = 400;

    fn run<L: VmaLock<Machine = Shuttle>>() {
        downgrade::<L>(true);
    }
}

#[test]
fn readers_of_vmas_come_in_and_a_queued_writer_does_not() {
    every_lock::<Downgrade>();
}

/// A downgrade that forgets the VMAs. It is the end of the second section; the first attached the VMA.
#[derive(Debug)]
struct StaysLocked {
    sections: ShuttleU32,
}

impl Default for StaysLocked {
    fn default() -> Self {
        Self {
            sections: ShuttleU32::new(0),
        }
    }
}

impl<L: VmaLock> Twist<L> for StaysLocked {
    fn end_write_all(&self, lock: &L, section: &WriteSection<'_>) {
        if self.sections.fetch_add(1, Relaxed) != 1 {
            lock.end_write_all(section);
        }
    }
}

struct Forgotten;

impl Model for Forgotten {
    const TEST: &'static str = "downgrade::vmas_that_stay_write_locked_are_noticed";
    const ITERATIONS: usize = 4;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        L::INFO.excludes && L::PER_VMA
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        downgrade::<Twisted<L, StaysLocked>>(true);
    }
}

#[test]
fn vmas_that_stay_write_locked_are_noticed() {
    every_lock_fails::<Forgotten>(|failure| {
        // A sequence count notices by itself that the section before was not ended.
        failure.contains("declined after the downgrade")
            || failure.contains("a section in a section")
    });
}

struct LetsGo;

impl Model for LetsGo {
    const TEST: &'static str = "downgrade::a_writer_that_comes_in_between_is_noticed";
    const ITERATIONS: usize = 100;

    fn run<L: VmaLock<Machine = Shuttle>>() {
        downgrade::<L>(false);
    }
}

#[test]
fn a_writer_that_comes_in_between_is_noticed() {
    every_lock_fails::<LetsGo>(|failure| failure.contains("a writer overtook the downgrade"));
}
