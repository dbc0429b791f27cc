//! The checks that readers and a writer of a VMA exclude each other, and readers do not.

use super::stage::{Stage, situation};
use super::{Check, RANGE, Situation};
use bench_core::lock::{Declined, ReadEnd, VmaLock};
use bench_core::machine::Word;
use std::sync::atomic::Ordering::Relaxed;

/// The checks of this file, for lock `L`.
pub(super) fn checks<L: VmaLock>() -> Vec<Check> {
    let mut checks = vec![
        Check::parallel(
            "reader-excludes-writer",
            "a reader never sees what a writer has half written, and a writer never meets a reader",
            true,
            2,
            reader_excludes_writer::<L>,
        ),
        Check::parallel(
            "readers-share-in-parallel",
            "readers are not declined because of each other",
            false,
            2,
            readers_share_in_parallel::<L>,
        ),
    ];
    // Writers wait for readers, or, where readers only look, readers notice that they did not.
    checks.extend(if L::SPECULATIVE {
        [
            Check::parallel(
                "start-write-is-noticed",
                "a speculative read that saw a writer in its section does not commit",
                true,
                3,
                start_write_is_noticed::<L>,
            ),
            Check::parallel(
                "detach-is-noticed",
                "a speculative read that saw the VMA detached does not commit",
                true,
                2,
                detach_is_noticed::<L>,
            ),
        ]
    } else {
        [
            Check::parallel(
                "start-write-drains",
                "when start_write returns no reader is inside, and what readers did before can be seen",
                true,
                3,
                start_write_drains::<L>,
            ),
            Check::parallel(
                "detach-waits",
                "when detach returns nobody holds the VMA, not even for a moment a reader of another mm that found it before",
                true,
                2,
                detach_waits::<L>,
            ),
        ]
    });
    checks
}

fn reader_excludes_writer<L: VmaLock>(rounds: u32) -> Situation {
    situation::<L>(
        rounds,
        &[
            |stage| stage.writer(0, || stage.write()),
            |stage| stage.reads_whole(0),
        ],
    )
}

fn readers_share_in_parallel<L: VmaLock>(rounds: u32) -> Situation {
    fn reader<L: VmaLock>(stage: &Stage<L>) {
        match stage.mms[0].lock().start_read(&stage.vma, RANGE.start) {
            Ok(token) => {
                let _ = stage.mms[0].lock().end_read(&stage.vma, token);
            }
            Err(Declined::NoVmaLock) => (),
            Err(reason) => stage.note(Err(format!(
                "a reader was declined with {reason:?}, and there was no writer"
            ))),
        }
    }
    situation::<L>(rounds, &[reader, reader])
}

fn start_write_drains<L: VmaLock>(rounds: u32) -> Situation {
    fn reader<L: VmaLock>(stage: &Stage<L>) {
        let _ = stage.reader(0, || {
            stage.inside.fetch_add(1, Relaxed);
            stage.inside.fetch_sub(1, Relaxed);
            0
        });
    }
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        stage.writer(0, || {
            if stage.inside.load(Relaxed) != 0 {
                stage.note(Err(
                    "a reader was inside when start_write returned".to_owned()
                ));
            }
        });
    }
    situation::<L>(rounds, &[reader, writer, reader])
}

fn detach_waits<L: VmaLock>(rounds: u32) -> Situation {
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        stage.unmap(0, || {
            if stage.inside.load(Relaxed) != 0 {
                stage.note(Err("a reader was inside when detach returned".to_owned()));
            }
        });
        stage.map(0);
    }
    fn reader_of_another_mm<L: VmaLock>(stage: &Stage<L>) {
        let _ = stage.reader(1, || {
            stage.inside.fetch_add(1, Relaxed);
            stage.inside.fetch_sub(1, Relaxed);
            0
        });
    }
    situation::<L>(rounds, &[writer, reader_of_another_mm])
}

/// A speculative reader of the first mm, which must not commit when it saw the mark.
fn sees_no_mark<L: VmaLock>(stage: &Stage<L>) {
    let mut mark = 0;
    let end = stage.reader(0, || {
        mark = stage.inside.load(Relaxed);
        0
    });
    if mark != 0 && end == Some(ReadEnd::Committed) {
        stage.note(Err("a read committed and had seen the mark".to_owned()));
    }
}

fn start_write_is_noticed<L: VmaLock>(rounds: u32) -> Situation {
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        stage.writer(0, || {
            stage.inside.store(1, Relaxed);
            stage.inside.store(0, Relaxed);
        });
    }
    situation::<L>(rounds, &[sees_no_mark, writer, sees_no_mark])
}

fn detach_is_noticed<L: VmaLock>(rounds: u32) -> Situation {
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        stage.unmap(0, || stage.inside.store(1, Relaxed));
        stage.inside.store(0, Relaxed);
        stage.map(0);
    }
    situation::<L>(rounds, &[writer, sees_no_mark])
}
