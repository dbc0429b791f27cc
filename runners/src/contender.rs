//! A contender: a lock with everything that was compiled for it, behind function pointers, so that the rest of the program
//! can choose it by name.

use crate::engine::{CellFailure, CellJob, MachineRoom, run_cell};
use crate::exact::{Walk, with_path};
use crate::native::Native;
use crate::verify::{Finding, verify};
use bench_core::lock::{LockFacts, VmaLock};
use bench_core::record::{Cell, LockInfo};
use bench_core::space::AddressSpace;
use lock_variants::catalogue::{Visitor, visit_all};
use reports::exact::LockPath;

/// A lock that can be chosen by name.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    facts: LockFacts,
    vma_bytes: usize,
    mm_bytes: usize,
    bytes: fn(u32, u32) -> usize,
    run: fn(&CellJob<'_>, &mut MachineRoom) -> Result<Cell, CellFailure>,
    verify: fn() -> Vec<Finding>,
    with_path: fn(LockPath, &mut Walk<'_>),
}

impl Contender {
    /// The contender of a lock. This is the one line that adds a lock of your own:
    ///
    /// ```no_run
    /// # type MyLock = lock_variants::refcount::Refcount<runners::native::Native>;
    /// let mut contenders = runners::contender::catalogue();
    /// contenders.push(runners::contender::Contender::of::<MyLock>());
    /// runners::main_with(&contenders);
    /// ```
    #[must_use]
    pub fn of<L: VmaLock<Machine = Native>>() -> Self {
        Self {
            facts: L::INFO,
            vma_bytes: size_of::<L::Vma>() + L::VMA_HEAP_BYTES,
            mm_bytes: size_of::<L>(),
            bytes: AddressSpace::<L>::bytes,
            run: run_cell::<L>,
            verify: verify::<L>,
            with_path: with_path::<L>,
        }
    }

    /// The name, which never changes meaning.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.facts.name
    }

    /// Whether it claims to exclude.
    #[must_use]
    pub fn excludes(&self) -> bool {
        self.facts.excludes
    }

    /// What records and lists say of it.
    #[must_use]
    pub fn info(&self) -> LockInfo {
        LockInfo {
            name: self.facts.name.to_owned(),
            summary: self.facts.summary.to_owned(),
            source: self.facts.source.to_owned(),
            vma_bytes: self.vma_bytes as u64,
            mm_bytes: self.mm_bytes as u64,
            excludes: self.facts.excludes,
        }
    }

    /// Bytes of arena that it needs for so many mms and VMAs.
    #[must_use]
    pub fn bytes(&self, mms: u32, vmas: u32) -> usize {
        (self.bytes)(mms, vmas)
    }

    /// Runs a cell.
    ///
    /// # Errors
    /// Why there is no window.
    pub fn run(&self, job: &CellJob<'_>, room: &mut MachineRoom) -> Result<Cell, CellFailure> {
        (self.run)(job, room)
    }

    /// Runs the contract suite.
    #[must_use]
    pub fn verify(&self) -> Vec<Finding> {
        (self.verify)()
    }

    /// Calls `walk` with a path of the lock, set up to be walked; not if the lock has no such path.
    pub(crate) fn with_path(&self, path: LockPath, walk: &mut Walk<'_>) {
        (self.with_path)(path, walk);
    }
}

/// The contenders that come with the tool, in the order of the catalogue.
#[must_use]
pub fn catalogue() -> Vec<Contender> {
    struct Collect(Vec<Contender>);
    impl Visitor<Native> for Collect {
        fn visit<L: VmaLock<Machine = Native>>(&mut self) {
            self.0.push(Contender::of::<L>());
        }
    }
    let mut found = Collect(Vec::new());
    visit_all::<Native>(&mut found);
    found.0
}
