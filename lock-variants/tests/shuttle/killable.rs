//! A fatal signal while a writer waits for its readers: the VMA is as if it had not tried (P3, P22).
//!
//! The loom models have one signal and one section. Here a writer is killed several times in several sections, at any moment: in the
//! wait, before it, in that for the mmap lock, which no signal ends. After an interruption it tries again in the same section,
//! or gives the section up. What it then leaves behind shows in what others do: readers that see half of what is written, or somebody
//! who sleeps for ever.

use crate::locks::{Model, every_lock, every_lock_fails, waits_for_readers};
use crate::machine::{Shuttle, ShuttleU32, kill};
use crate::stage::{ADDRESS, Stage};
use crate::threads::{join, spawn};
use crate::twist::{Twist, Twisted};
use bench_core::lock::{Declined, Interrupted, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;
use std::sync::atomic::Ordering::Relaxed;

const READERS: usize = 2;
/// How often each reader goes in if it is let in.
const ROUNDS: u32 = 4;
const SECTIONS: u32 = 3;
const SIGNALS: u32 = 3;

/// The words of the stage: what the writer writes, in this order.
const FIRST: usize = 0;
const SECOND: usize = 1;
/// Readers inside.
const READING: usize = 2;

/// A whole read. Where it committed it saw no half of a write.
fn read<L: VmaLock<Machine = Shuttle>>(stage: &Stage<L>) -> Result<ReadEnd, Declined> {
    let token = stage.start_read()?;
    stage.words[READING].fetch_add(1, Relaxed);
    let seen = (stage.word(SECOND), stage.word(FIRST));
    stage.words[READING].fetch_sub(1, Relaxed);
    let end = stage.end_read(token);
    let whole = end == ReadEnd::Retry || seen.0 == seen.1;
    stage.note(whole, || format!("a reader saw a torn pair, {seen:?}"));
    Ok(end)
}

fn write<L: VmaLock<Machine = Shuttle>>(stage: &Stage<L>) {
    let me = Shuttle::task(Shuttle::current());
    for section in 1..=SECTIONS {
        let guard = stage.mm.write_lock();
        loop {
            let locked = stage.mm.lock().start_write(&stage.vma, guard.section());
            if locked.is_ok() {
                let inside = stage.word(READING);
                stage.note(inside == 0, || {
                    "a reader is inside with the writer".to_owned()
                });
                stage.set(FIRST, section);
                stage.set(SECOND, section);
                break;
            }
            me.clear_killed();
            let gives_up = thread_rng().gen_bool(0.5);
            if gives_up {
                break;
            }
        }
        drop(guard);
    }
}

/// Nobody else is left: readers come in, and the VMA can be write-locked, detached and attached again.
fn is_whole<L: VmaLock<Machine = Shuttle>>(stage: &Stage<L>) {
    for _ in 0..2 {
        let end = read(stage);
        stage.note(end == Ok(ReadEnd::Committed), || {
            format!("a read afterwards ended with {end:?}")
        });
        let guard = stage.mm.write_lock();
        stage.write_lock_vma(&guard);
        stage.note(read(stage).is_err(), || "nobody is declined".to_owned());
        stage.mm.lock().detach(&stage.vma, guard.section());
        stage.mm.lock().attach(&stage.vma, guard.section());
        drop(guard);
    }
}

fn killed_again_and_again<L: VmaLock<Machine = Shuttle>>() {
    let stage = Stage::<L>::new();
    let writer = stage.spawn(write);
    let writer_thread = writer.thread().clone();
    let readers = (0..READERS).map(|_| {
        stage.spawn(|stage| {
            for _ in 0..ROUNDS {
                let _ = read(stage);
            }
        })
    });
    let mut others: Vec<_> = readers.collect();
    others.push(spawn(move || {
        for _ in 0..SIGNALS {
            kill(&writer_thread);
            for _ in 0..thread_rng().gen_range(0..16) {
                thread::yield_now();
            }
        }
    }));
    join(others);
    join([writer]);
    is_whole(&stage);
    stage.judge();
}

fn is_killable<L: VmaLock>() -> bool {
    L::KILLABLE && waits_for_readers::<L>()
}

struct Killed;

impl Model for Killed {
    const TEST: &'static str = "killable::a_writer_that_is_killed_again_and_again_leaves_no_trace";
    const ITERATIONS: usize = 2000;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        is_killable::<L>()
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        killed_again_and_again::<L>();
    }
}

#[test]
fn a_writer_that_is_killed_again_and_again_leaves_no_trace() {
    every_lock::<Killed>();
}

/// An interrupted writer leaves its stamp behind: the next call of the section takes the VMA for write-locked (P3).
#[derive(Debug)]
struct LeavesStamp {
    is_stamped: ShuttleU32,
}

impl Default for LeavesStamp {
    fn default() -> Self {
        Self {
            is_stamped: ShuttleU32::new(0),
        }
    }
}

impl<L: VmaLock> Twist<L> for LeavesStamp {
    fn start_write(
        &self,
        lock: &L,
        vma: &L::Vma,
        section: &WriteSection<'_>,
    ) -> Result<(), Interrupted> {
        if self.is_stamped.load(Relaxed) == 1 {
            return Ok(());
        }
        let locked = lock.start_write(vma, section);
        if locked.is_err() {
            self.is_stamped.store(1, Relaxed);
        }
        locked
    }

    fn end_write_all(&self, lock: &L, section: &WriteSection<'_>) {
        self.is_stamped.store(0, Relaxed);
        lock.end_write_all(section);
    }
}

struct Stamped;

impl Model for Stamped {
    const TEST: &'static str = "killable::a_stamp_that_is_left_behind_is_noticed";
    const ITERATIONS: usize = 2000;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        is_killable::<L>()
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        killed_again_and_again::<Twisted<L, LeavesStamp>>();
    }
}

#[test]
fn a_stamp_that_is_left_behind_is_noticed() {
    every_lock_fails::<Stamped>(|failure| {
        failure.contains("a reader is inside with the writer") || failure.contains("a torn pair")
    });
}

/// An interrupted writer leaves something in the word: here the count of one reader.
#[derive(Debug, Default)]
struct LeavesCount;

impl<L: VmaLock> Twist<L> for LeavesCount {
    fn start_write(
        &self,
        lock: &L,
        vma: &L::Vma,
        section: &WriteSection<'_>,
    ) -> Result<(), Interrupted> {
        let locked = lock.start_write(vma, section);
        if locked.is_err() {
            std::mem::forget(lock.start_read(vma, ADDRESS));
        }
        locked
    }
}

struct Counted;

impl Model for Counted {
    const TEST: &'static str = "killable::a_count_that_is_left_behind_keeps_a_writer_asleep";
    const ITERATIONS: usize = 2000;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        is_killable::<L>()
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        killed_again_and_again::<Twisted<L, LeavesCount>>();
    }
}

#[test]
fn a_count_that_is_left_behind_keeps_a_writer_asleep() {
    every_lock_fails::<Counted>(|failure| failure.starts_with("deadlock!"));
}
