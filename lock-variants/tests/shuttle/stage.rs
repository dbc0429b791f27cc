//! One mm and one VMA, without an index: for models of the lock's own steps.

use crate::machine::{Shuttle, ShuttleU32};
use crate::threads::spawn;
use bench_core::lock::{Declined, ReadEnd, VmaLock};
use bench_core::machine::Word;
use bench_core::space::{Mm, MmapWriteGuard, PAGE_BYTES};
use shuttle::sync::Arc;
use shuttle::thread::{self, JoinHandle};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

/// An address in the VMA.
pub(crate) const ADDRESS: u64 = 0x1000;

/// The mm, its attached VMA, and words for what a model wants to tell between its threads, all 0.
pub(crate) struct Stage<L: VmaLock<Machine = Shuttle>> {
    pub(crate) mm: Mm<L>,
    pub(crate) vma: L::Vma,
    pub(crate) words: [ShuttleU32; 8],
    broken: Mutex<Option<String>>,
}

impl<L: VmaLock<Machine = Shuttle>> Stage<L> {
    pub(crate) fn new() -> Arc<Self> {
        let stage = Self {
            mm: Mm::new(),
            vma: L::new_vma(),
            words: std::array::from_fn(|_| ShuttleU32::new(0)),
            broken: Mutex::new(None),
        };
        let guard = stage.mm.write_lock();
        let range = ADDRESS..ADDRESS + PAGE_BYTES;
        let lock = stage.mm.lock();
        lock.set_range(&stage.vma, range, guard.section());
        stage.write_lock_vma(&guard);
        stage.mm.lock().attach(&stage.vma, guard.section());
        drop(guard);
        Arc::new(stage)
    }

    pub(crate) fn word(&self, number: usize) -> u32 {
        self.words[number].load(Relaxed)
    }

    pub(crate) fn set(&self, number: usize, value: u32) {
        self.words[number].store(value, Relaxed);
    }

    /// Lets others run until `holds`.
    pub(crate) fn wait(&self, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            thread::yield_now();
        }
    }

    pub(crate) fn start_read(&self) -> Result<L::Token<'_>, Declined> {
        self.mm.lock().start_read(&self.vma, ADDRESS)
    }

    pub(crate) fn end_read<'stage>(&'stage self, token: L::Token<'stage>) -> ReadEnd {
        self.mm.lock().end_read(&self.vma, token)
    }

    pub(crate) fn write_lock_vma(&self, guard: &MmapWriteGuard<'_, L>) {
        // Nobody sends a signal here: an interrupted wait is begun again.
        while (self.mm.lock())
            .start_write(&self.vma, guard.section())
            .is_err()
        {}
    }

    /// Keeps the first thing that does not hold. Not a panic where it is seen: that would unwind through guards.
    pub(crate) fn note(&self, holds: bool, broken: impl FnOnce() -> String) {
        if !holds {
            let mut first = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(broken);
        }
    }

    /// Panics with what was noted. All other threads are done.
    pub(crate) fn judge(&self) {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(broken) = broken.as_ref() {
            let words = self.mm.lock().describe(&self.vma);
            panic!("{broken} ({words})");
        }
    }

    pub(crate) fn spawn(
        self: &Arc<Self>,
        body: impl FnOnce(&Self) + Send + 'static,
    ) -> JoinHandle<()> {
        let stage = Arc::clone(self);
        spawn(move || body(&stage))
    }
}
