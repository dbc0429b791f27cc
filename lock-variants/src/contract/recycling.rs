//! The checks of a VMA that is detached, perhaps recycled into another mm, while readers that found it before try it.

use super::stage::{NOBODY, Stage, bodies, run_on, situation};
use super::{Check, Situation};
use bench_core::lock::{ReadEnd, VmaLock};
use bench_core::machine::Word;
use std::sync::atomic::Ordering::Relaxed;

/// The checks of this file, for lock `L`.
pub(super) fn checks<L: VmaLock>() -> Vec<Check> {
    vec![
        Check::parallel(
            "detach-and-attach",
            "a reader that holds a VMA sees it attached, and sees what was written before attach",
            true,
            2,
            detach_and_attach::<L>,
        ),
        Check::parallel(
            "stale-readers",
            "readers that meet on a detached VMA, which they found before it was detached, are all declined",
            true,
            2,
            stale_readers::<L>,
        ),
        Check::parallel(
            "stale-readers-leave-no-trace",
            "a VMA that was attached while stale readers tried it can be read and detached once they are gone",
            false,
            2,
            stale_readers_leave_no_trace::<L>,
        ),
        Check::parallel(
            "recycled-in-parallel",
            "a VMA that moves to another mm excludes its readers from both mms' writers, and its writers are woken",
            true,
            2,
            recycled_in_parallel::<L>,
        ),
        Check::parallel(
            "foreign-stamp",
            "mapping a VMA excludes the new mm's readers although its number is on the VMA already, from the old mm",
            true,
            2,
            foreign_stamp::<L>,
        ),
    ]
}

fn detach_and_attach<L: VmaLock>(rounds: u32) -> Situation {
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        stage.unmap(0, || ());
        stage.map(0);
    }
    situation::<L>(rounds, &[writer, |stage| stage.reads_whole(0)])
}

fn stale_readers<L: VmaLock>(rounds: u32) -> Situation {
    fn reader<L: VmaLock>(stage: &Stage<L>) {
        if stage.reader(0, || 0) == Some(ReadEnd::Committed) {
            stage.note(Err("a reader held a VMA that was detached".to_owned()));
        }
    }
    let stage = Stage::<L>::new();
    stage.unmap(0, || ());
    run_on(stage, rounds, &[reader, reader])
}

fn stale_readers_leave_no_trace<L: VmaLock>(rounds: u32) -> Situation {
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        // Relaxed: only this thread changes it.
        if stage.owner.load(Relaxed) < NOBODY {
            stage.unmap(0, || ());
        }
        stage.map(0);
    }
    fn reader_of_another_mm<L: VmaLock>(stage: &Stage<L>) {
        let _ = stage.reader(1, || 0);
    }
    let stage = Stage::<L>::new();
    stage.unmap(0, || ());
    Situation {
        bodies: bodies(&stage, rounds, &[writer, reader_of_another_mm]),
        verdict: Box::new(move || stage.is_as_new()),
    }
}

fn recycled_in_parallel<L: VmaLock>(rounds: u32) -> Situation {
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        // Relaxed: only this thread changes it.
        let from = stage.owner.load(Relaxed) as usize;
        let to = 1 - from;
        stage.unmap(from, || ());
        stage.map(to);
        stage.writer(to, || stage.write());
    }
    fn reader_of_both_mms<L: VmaLock>(stage: &Stage<L>) {
        stage.reads_whole(0);
        stage.reads_whole(1);
    }
    let stage = Stage::<L>::new();
    // The second mm's number is now the one that the first stamps the VMA with: the VMA seems write-locked to the second
    // when it comes there.
    drop(stage.mms[1].write_lock());
    run_on(stage, rounds, &[writer, reader_of_both_mms])
}

fn foreign_stamp<L: VmaLock>(rounds: u32) -> Situation {
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        // Relaxed: only this thread changes it.
        let from = stage.owner.load(Relaxed) as usize;
        let to = 1 - from;
        stage.unmap(from, || ());
        // Until here the second mm's number is one less than the one that the first left on the VMA, and its readers are
        // not declined for it; from here on the numbers are equal. In later rounds, on the way to the second mm again.
        drop(stage.mms[to].write_lock());
        stage.map(to);
    }
    situation::<L>(rounds, &[writer, |stage| stage.reads_whole(1)])
}
