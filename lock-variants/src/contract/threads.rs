//! The checks that need several threads.
//!
//! What the lock protects here is words that are read and written with Relaxed only, so that a model shows any order that
//! the lock itself does not forbid.

use super::{Body, Check, Kind, RANGE, Read, Situation, map, read, set_up, unmap, write_lock};
use bench_core::lock::{Declined, ReadEnd, VmaLock};
use bench_core::machine::{Machine, Word};
use bench_core::space::Mm;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

/// The checks of this file, for lock `L`.
pub(super) fn checks<L: VmaLock>() -> Vec<Check> {
    let check = |name, rule, about_exclusion, threads, prepare| Check {
        name,
        rule,
        about_exclusion,
        threads,
        kind: Kind::Threads(prepare),
    };
    let mut checks = vec![
        check(
            "reader-excludes-writer",
            "a reader never sees what a writer has half written, and a writer never meets a reader",
            true,
            2,
            reader_excludes_writer::<L>,
        ),
        check(
            "readers-share-in-parallel",
            "readers are not declined because of each other",
            false,
            2,
            readers_share_in_parallel::<L>,
        ),
        check(
            "detach-and-attach",
            "a reader that holds a VMA sees it attached, and sees what was written before attach",
            true,
            2,
            detach_and_attach::<L>,
        ),
        check(
            "stale-readers",
            "readers that meet on a detached VMA, which they found before it was detached, are all declined",
            true,
            2,
            stale_readers::<L>,
        ),
        check(
            "stale-readers-leave-no-trace",
            "a VMA that was attached while stale readers tried it can be read and detached once they are gone",
            false,
            2,
            stale_readers_leave_no_trace::<L>,
        ),
        check(
            "recycled-in-parallel",
            "a VMA that moves to another mm excludes its readers from both mms' writers, and its writers are woken",
            true,
            2,
            recycled_in_parallel::<L>,
        ),
        check(
            "foreign-stamp",
            "mapping a VMA excludes the new mm's readers although its number is on the VMA already, from the old mm",
            true,
            2,
            foreign_stamp::<L>,
        ),
    ];
    // Writers wait for readers, or, where readers only look, readers notice that they did not.
    checks.extend(if L::SPECULATIVE {
        [
            check(
                "start-write-is-noticed",
                "a speculative read that saw a writer in its section does not commit",
                true,
                3,
                start_write_is_noticed::<L>,
            ),
            check(
                "detach-is-noticed",
                "a speculative read that saw the VMA detached does not commit",
                true,
                2,
                detach_is_noticed::<L>,
            ),
        ]
    } else {
        [
            check(
                "start-write-drains",
                "when start_write returns no reader is inside, and what readers did before can be seen",
                true,
                3,
                start_write_drains::<L>,
            ),
            check(
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

/// Whose a VMA is when it is nobody's: this and the number of the mm that unmapped it.
const NOBODY: u32 = 2;

/// Two mms and a VMA, and what the VMA's lock protects.
pub(super) struct Stage<L: VmaLock> {
    pub(super) mms: [Mm<L>; 2],
    pub(super) vma: L::Vma,
    /// The mm that the VMA belongs to, or [`NOBODY`] and more.
    owner: <L::Machine as Machine>::U32,
    /// How often the payload was written. Touched by writers only.
    writes: <L::Machine as Machine>::U32,
    /// Equal outside of writers.
    halves: [<L::Machine as Machine>::U32; 2],
    /// Readers inside. Where they are speculative and write nothing, 1 while one may not look.
    pub(super) inside: <L::Machine as Machine>::U32,
    /// The first thing that went wrong. Never waited for: it is held for a moment only, by threads that run.
    broken: Mutex<Option<String>>,
}

impl<L: VmaLock> Stage<L> {
    /// A VMA that is attached to the first mm, and was read once, since a lock may remember that.
    pub(super) fn new() -> Arc<Self> {
        let stage = Self {
            mms: [Mm::new(), Mm::new()],
            vma: L::new_vma(),
            owner: Word::new(0),
            writes: Word::new(0),
            halves: [Word::new(0), Word::new(0)],
            inside: Word::new(0),
            broken: Mutex::new(None),
        };
        stage.note(map(&stage.mms[0], &stage.vma));
        stage.note(stage.can_be_read());
        Arc::new(stage)
    }

    pub(super) fn note(&self, result: Result<(), String>) {
        if let Err(seen) = result {
            let seen = format!("{seen} ({})", self.mms[0].lock().describe(&self.vma));
            self.broken
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(seen);
        }
    }

    fn verdict(&self) -> Result<(), String> {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.take().map_or(Ok(()), Err)
    }

    /// Writes the payload; the caller has the VMA write-locked. It reads no half before it writes it: loom looks for what could
    /// come between two accesses only at the last one before, which would then be the writer's own.
    pub(super) fn write(&self) {
        let next = self.writes.load(Relaxed) + 1;
        self.writes.store(next, Relaxed);
        for half in &self.halves {
            half.store(next, Relaxed);
        }
    }

    /// Reads the payload, the half that is written last first.
    pub(super) fn read(&self) -> (u32, u32) {
        let second = self.halves[1].load(Relaxed);
        (self.halves[0].load(Relaxed), second)
    }

    /// A reader of mm `mm`: `body` runs while it holds the VMA and returns the owner that it saw, to which the read ends.
    pub(super) fn reader(&self, mm: usize, body: impl FnOnce() -> u32) -> Option<ReadEnd> {
        let token = self.mms[mm]
            .lock()
            .start_read(&self.vma, RANGE.start)
            .ok()?;
        let owner = match body() as usize {
            // Rule 6: a speculative read ends where it began.
            owner if !L::SPECULATIVE => self.mms.get(owner).unwrap_or(&self.mms[mm]),
            _ => &self.mms[mm],
        };
        Some(owner.lock().end_read(&self.vma, token))
    }

    /// A read of the first mm, whose the VMA is, commits, where a VMA has a lock at all.
    fn can_be_read(&self) -> Result<(), String> {
        match read(&self.mms[0], &self.vma) {
            Read::Committed | Read::Declined(Declined::NoVmaLock) => Ok(()),
            other => {
                let words = self.mms[0].lock().describe(&self.vma);
                Err(format!("a read afterwards ended with {other:?} ({words})"))
            }
        }
    }

    /// Nothing went wrong, and nothing is left of who tried the VMA.
    pub(super) fn is_as_new(&self) -> Result<(), String> {
        self.verdict()?;
        self.can_be_read()?;
        // A count that is one too low lets a reader in all the same, and keeps a detacher waiting.
        unmap(&self.mms[0], &self.vma)?;
        map(&self.mms[0], &self.vma)?;
        self.can_be_read()
    }

    /// The VMA write-locked by mm `mm` for as long as `body` runs.
    fn writer(&self, mm: usize, body: impl FnOnce()) {
        let guard = self.mms[mm].write_lock();
        let locked = write_lock(&self.mms[mm], &self.vma, guard.section());
        if locked.is_ok() {
            body();
        }
        drop(guard);
        self.note(locked);
    }

    /// Mm `mm` unmaps the VMA; nobody holds it and it is nobody's when `check` runs.
    fn unmap(&self, mm: usize, check: impl FnOnce()) {
        let guard = self.mms[mm].write_lock();
        let locked = write_lock(&self.mms[mm], &self.vma, guard.section());
        self.mms[mm].lock().detach(&self.vma, guard.section());
        self.owner.store(NOBODY + mm as u32, Relaxed);
        check();
        drop(guard);
        self.note(locked);
    }

    /// Mm `mm` maps the VMA. What the VMA is now is written before it is write-locked, as a new VMA's fields are.
    fn map(&self, mm: usize) {
        let guard = self.mms[mm].write_lock();
        self.owner.store(mm as u32, Relaxed);
        let locked = set_up(&self.mms[mm], &self.vma, guard.section());
        self.mms[mm].lock().attach(&self.vma, guard.section());
        self.write();
        drop(guard);
        self.note(locked);
    }
}

/// A thread that does the same `rounds` times.
fn body<L: VmaLock>(stage: &Arc<Stage<L>>, rounds: u32, act: fn(&Stage<L>)) -> Body {
    let stage = Arc::clone(stage);
    Box::new(move || (0..rounds).for_each(|_| act(&stage)))
}

/// Threads on a VMA that is attached to the first mm.
fn situation<L: VmaLock>(rounds: u32, acts: &[fn(&Stage<L>)]) -> Situation {
    run_on(&Stage::<L>::new(), rounds, acts)
}

fn run_on<L: VmaLock>(stage: &Arc<Stage<L>>, rounds: u32, acts: &[fn(&Stage<L>)]) -> Situation {
    let stage = Arc::clone(stage);
    let bodies = acts.iter().map(|act| body(&stage, rounds, *act)).collect();
    Situation {
        bodies,
        verdict: Box::new(move || stage.verdict()),
    }
}

/// A reader of mm `mm` that judges what it saw only when it was committed.
fn reads_whole<L: VmaLock>(stage: &Stage<L>, mm: usize) {
    let (mut owner, mut seen) = (NOBODY, (0, 0));
    let end = stage.reader(mm, || {
        owner = stage.owner.load(Relaxed);
        if owner == mm as u32 {
            seen = stage.read();
        }
        owner
    });
    if end != Some(ReadEnd::Committed) {
        return;
    }
    // Another mm's VMA, even if detached meanwhile, tells a speculative reader nothing: it goes by what is its own mm's.
    let detached = owner >= NOBODY && (!L::SPECULATIVE || owner == NOBODY + mm as u32);
    if detached {
        stage.note(Err("a reader held a VMA that was detached".to_owned()));
    } else if seen.0 != seen.1 {
        stage.note(Err(format!(
            "a reader saw {} in one half and {} in the other",
            seen.0, seen.1
        )));
    }
}

fn reader_excludes_writer<L: VmaLock>(rounds: u32) -> Situation {
    situation::<L>(
        rounds,
        &[
            |stage| stage.writer(0, || stage.write()),
            |stage| reads_whole(stage, 0),
        ],
    )
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

fn detach_and_attach<L: VmaLock>(rounds: u32) -> Situation {
    fn writer<L: VmaLock>(stage: &Stage<L>) {
        stage.unmap(0, || ());
        stage.map(0);
    }
    situation::<L>(rounds, &[writer, |stage| reads_whole(stage, 0)])
}

fn stale_readers<L: VmaLock>(rounds: u32) -> Situation {
    fn reader<L: VmaLock>(stage: &Stage<L>) {
        if stage.reader(0, || 0) == Some(ReadEnd::Committed) {
            stage.note(Err("a reader held a VMA that was detached".to_owned()));
        }
    }
    let stage = Stage::<L>::new();
    stage.unmap(0, || ());
    run_on(&stage, rounds, &[reader, reader])
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
    let Situation { bodies, .. } = run_on(&stage, rounds, &[writer, reader_of_another_mm]);
    Situation {
        bodies,
        verdict: Box::new(move || stage.is_as_new()),
    }
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
        reads_whole(stage, 0);
        reads_whole(stage, 1);
    }
    let stage = Stage::<L>::new();
    // The second mm's number is now the one that the first stamps the VMA with: the VMA seems write-locked to the second
    // when it comes there.
    drop(stage.mms[1].write_lock());
    run_on(&stage, rounds, &[writer, reader_of_both_mms])
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
    situation::<L>(rounds, &[writer, |stage| reads_whole(stage, 1)])
}
