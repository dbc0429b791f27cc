//! How many readers get in after a writer has begun to wait for readers (P20).
//!
//! Two readers hand the VMA on to each other: each goes out only when the other is in, so that it is never free. Of a lock
//! that marks the word the next reader is declined, the chain ends, and the writer gets in. Of one whose waiting writer
//! leaves no mark the chain goes on for as long as the readers like.
//!
//! That the writer waits is read from the machine: it is asleep. A writer that spins first, and queues after that, is counted
//! from its sleep on; how long it may spin is a matter of time and not of readers.

use crate::locks::{Model, every_lock, every_lock_fails};
use crate::machine::{Shuttle, is_asleep};
use crate::stage::Stage;
use crate::threads::join;
use bench_core::lock::VmaLock;
use bench_core::machine::Word;
use std::sync::atomic::Ordering::Relaxed;

/// Locks that say of themselves that their writer can starve.
const STARVES: [&str; 1] = ["atomic-signed"];

/// A lock whose writer ends the readers' bias only once it holds the lock below it. While it sleeps there, for readers that
/// came by that lock, others still come by the table: no more once those are gone, but not bounded by the number of threads.
const BIASED_UNTIL_HELD: [&str; 1] = ["bravo"];

const READERS: u32 = 2;
/// How often each reader goes in if it is let in.
const ROUNDS: u32 = 20;

/// The words of the stage. Entries so far, so that it is the turn of the reader of this number modulo two.
const ENTERED: usize = 0;
/// The same of those who had seen the writer asleep.
const OVERTOOK: usize = 1;
/// The writer has had its turn.
const SERVED: usize = 2;
/// Of each reader: it comes no more.
const GONE: usize = 3;

/// A reader's rounds. `is_waiting` is whether the writer is asleep.
fn hand_on<L: VmaLock<Machine = Shuttle>>(
    stage: &Stage<L>,
    me: usize,
    is_waiting: impl Fn() -> bool,
) {
    let is_over = |stage: &Stage<L>| stage.word(GONE + 1 - me) + stage.word(SERVED) > 0;
    let is_my_turn = |stage: &Stage<L>| stage.word(ENTERED) as usize % 2 == me;
    for _ in 0..ROUNDS {
        stage.wait(|stage| is_my_turn(stage) || is_over(stage));
        let waited = is_waiting();
        let Ok(token) = stage.start_read() else { break };
        // A reader that is held here keeps the writer out: if it has not had its turn, it did not have it before either.
        if waited && stage.word(SERVED) == 0 {
            stage.words[OVERTOOK].fetch_add(1, Relaxed);
        }
        stage.words[ENTERED].fetch_add(1, Relaxed);
        stage.wait(|stage| is_my_turn(stage) || is_over(stage));
        let _ = stage.end_read(token);
    }
    stage.set(GONE + me, 1);
}

/// How often a reader got in although the writer waited.
fn entries<L: VmaLock<Machine = Shuttle>>() -> u32 {
    let stage = Stage::<L>::new();
    let first = stage.start_read().ok();
    let writer = stage.spawn(|stage| {
        let guard = stage.mm.write_lock();
        stage.write_lock_vma(&guard);
        stage.set(SERVED, 1);
        drop(guard);
    });
    let writer_thread = writer.thread().clone();
    stage.wait(|stage| is_asleep(&writer_thread) || stage.word(SERVED) == 1);
    let readers: Vec<_> = (0..READERS as usize)
        .map(|me| {
            let writer_thread = writer_thread.clone();
            stage.spawn(move |stage| hand_on(stage, me, || is_asleep(&writer_thread)))
        })
        .collect();
    // The one that is in already goes when the first of the two is in, or neither comes.
    stage.wait(|stage| {
        let gone = stage.word(GONE) + stage.word(GONE + 1);
        stage.word(ENTERED) > 0 || gone == READERS
    });
    if let Some(token) = first {
        let _ = stage.end_read(token);
    }
    join(readers);
    join([writer]);
    stage.word(OVERTOOK)
}

fn at_most_one_each<L: VmaLock<Machine = Shuttle>>() {
    let entries = entries::<L>();
    assert!(
        entries <= READERS,
        "{entries} entries of {READERS} readers while the writer waited"
    );
}

struct Bounded;

impl Model for Bounded {
    const TEST: &'static str = "starvation::readers_do_not_get_in_before_a_writer_that_waits";
    const ITERATIONS: usize = 400;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        let exempt = [STARVES, BIASED_UNTIL_HELD].concat();
        L::INFO.excludes && L::PER_VMA && !exempt.contains(&L::INFO.name)
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        at_most_one_each::<L>();
    }
}

#[test]
fn readers_do_not_get_in_before_a_writer_that_waits() {
    every_lock::<Bounded>();
}

/// Whatever the schedule, every reader gets in in every round, however many these are.
struct Starved;

impl Model for Starved {
    const TEST: &'static str = "starvation::readers_get_in_for_ever_where_a_writer_leaves_no_mark";
    const ITERATIONS: usize = 400;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        STARVES.contains(&L::INFO.name)
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        assert_eq!(entries::<L>(), READERS * ROUNDS);
    }
}

#[test]
fn readers_get_in_for_ever_where_a_writer_leaves_no_mark() {
    every_lock::<Starved>();
}

/// The bound is one that a lock can break.
struct Unbounded;

impl Model for Unbounded {
    const TEST: &'static str = "starvation::a_lock_that_starves_its_writer_is_noticed";
    const ITERATIONS: usize = 10;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        STARVES.contains(&L::INFO.name)
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        at_most_one_each::<L>();
    }
}

#[test]
fn a_lock_that_starves_its_writer_is_noticed() {
    every_lock_fails::<Unbounded>(|failure| failure.contains("while the writer waited"));
}
