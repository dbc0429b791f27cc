//! Two mms and a VMA, and what threads do to them.
//!
//! What the lock protects here is words that are read and written with Relaxed only, so that a model shows any order that
//! the lock itself does not forbid.

use super::{Body, RANGE, Read, Situation, map, read, set_up, unmap, write_lock};
use bench_core::lock::{Declined, ReadEnd, VmaLock};
use bench_core::machine::{Machine, Word};
use bench_core::space::Mm;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

/// Whose a VMA is when it is nobody's: this and the number of the mm that unmapped it.
pub(super) const NOBODY: u32 = 2;

/// Two mms and a VMA, and what the VMA's lock protects.
pub(super) struct Stage<L: VmaLock> {
    pub(super) mms: [Mm<L>; 2],
    pub(super) vma: L::Vma,
    /// The mm that the VMA belongs to, or [`NOBODY`] and more.
    pub(super) owner: <L::Machine as Machine>::U32,
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

    pub(super) fn verdict(&self) -> Result<(), String> {
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
    pub(super) fn writer(&self, mm: usize, body: impl FnOnce()) {
        let guard = self.mms[mm].write_lock();
        let locked = write_lock(&self.mms[mm], &self.vma, guard.section());
        if locked.is_ok() {
            body();
        }
        drop(guard);
        self.note(locked);
    }

    /// Mm `mm` unmaps the VMA; nobody holds it and it is nobody's when `check` runs.
    pub(super) fn unmap(&self, mm: usize, check: impl FnOnce()) {
        let guard = self.mms[mm].write_lock();
        let locked = write_lock(&self.mms[mm], &self.vma, guard.section());
        self.mms[mm].lock().detach(&self.vma, guard.section());
        self.owner.store(NOBODY + mm as u32, Relaxed);
        check();
        drop(guard);
        self.note(locked);
    }

    /// Mm `mm` maps the VMA. What the VMA is now is written before it is write-locked, as a new VMA's fields are.
    pub(super) fn map(&self, mm: usize) {
        let guard = self.mms[mm].write_lock();
        self.owner.store(mm as u32, Relaxed);
        let locked = set_up(&self.mms[mm], &self.vma, guard.section());
        self.mms[mm].lock().attach(&self.vma, guard.section());
        self.write();
        drop(guard);
        self.note(locked);
    }

    /// A reader of mm `mm` that judges what it saw only when it was committed.
    pub(super) fn reads_whole(&self, mm: usize) {
        let (mut owner, mut seen) = (NOBODY, (0, 0));
        let end = self.reader(mm, || {
            owner = self.owner.load(Relaxed);
            if owner == mm as u32 {
                seen = self.read();
            }
            owner
        });
        if end != Some(ReadEnd::Committed) {
            return;
        }
        // Another mm's VMA, even if detached meanwhile, tells a speculative reader nothing: it goes by what is its own mm's.
        let detached = owner >= NOBODY && (!L::SPECULATIVE || owner == NOBODY + mm as u32);
        if detached {
            self.note(Err("a reader held a VMA that was detached".to_owned()));
        } else if seen.0 != seen.1 {
            self.note(Err(format!(
                "a reader saw {} in one half and {} in the other",
                seen.0, seen.1
            )));
        }
    }
}

/// Threads on what they share. Each does the same `rounds` times.
pub(super) fn bodies<T: Send + Sync + 'static>(
    shared: &Arc<T>,
    rounds: u32,
    acts: &[fn(&T)],
) -> Vec<Body> {
    let body = |act: &fn(&T)| {
        let (shared, act) = (Arc::clone(shared), *act);
        Box::new(move || (0..rounds).for_each(|_| act(&shared))) as Body
    };
    acts.iter().map(body).collect()
}

/// Threads on a VMA that is attached to the first mm.
pub(super) fn situation<L: VmaLock>(rounds: u32, acts: &[fn(&Stage<L>)]) -> Situation {
    run_on(Stage::new(), rounds, acts)
}

pub(super) fn run_on<L: VmaLock>(
    stage: Arc<Stage<L>>,
    rounds: u32,
    acts: &[fn(&Stage<L>)],
) -> Situation {
    Situation {
        bodies: bodies(&stage, rounds, acts),
        verdict: Box::new(move || stage.verdict()),
    }
}
