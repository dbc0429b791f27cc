//! What no lock decides: the arena, the indexes and the grace periods.

use crate::arena::Arena;
use crate::index::Index;
use crate::machine::Machine;
use crate::rcu::Rcu;

/// The arena, and an index and a grace-period domain per mm. Made once per process and handed from one address space to
/// the next.
#[derive(Debug)]
pub struct Ground<M: Machine> {
    pub(super) arena: Arena,
    pub(super) mms: Vec<MmGround<M>>,
    pub(super) threads: u32,
    vmas: u32,
}

/// The index of one mm and its readers. Each mm has a grace-period domain of its own, because it is the mmap lock that
/// orders a thread's return to the read section ([`super::Thread`]).
#[derive(Debug)]
pub(super) struct MmGround<M: Machine> {
    pub(super) index: Index<M>,
    pub(super) rcu: Rcu<M>,
}

impl<M: Machine> MmGround<M> {
    fn new(threads: u32, index: Index<M>) -> Self {
        Self {
            index,
            rcu: Rcu::new(threads as usize),
        }
    }
}

impl<M: Machine> Ground<M> {
    /// Ground for `mms` mms, `threads` threads and `vmas` VMAs at once, with `bytes` in the arena behind its last slot
    /// ([`super::AddressSpace::bytes`], the largest of all lock designs that will stand on it).
    #[must_use]
    pub fn new(mms: u32, threads: u32, vmas: u32, bytes: usize) -> Self {
        Self::with_indexes(mms, threads, vmas, bytes, || Index::with_capacity(vmas))
    }

    /// The same with a given number of spare nodes in each index ([`Index::with_spare_nodes`]): a model builds its ground anew
    /// for every schedule.
    #[must_use]
    pub fn with_spare_nodes(
        mms: u32,
        threads: u32,
        vmas: u32,
        bytes: usize,
        spare_nodes: u32,
    ) -> Self {
        let index = || Index::with_spare_nodes(vmas, spare_nodes);
        Self::with_indexes(mms, threads, vmas, bytes, index)
    }

    fn with_indexes(
        mms: u32,
        threads: u32,
        vmas: u32,
        bytes: usize,
        index: impl Fn() -> Index<M>,
    ) -> Self {
        Self {
            arena: Arena::new(bytes),
            mms: (0..mms).map(|_| MmGround::new(threads, index())).collect(),
            threads,
            vmas,
        }
    }

    /// Empties the indexes for the next address space.
    pub(super) fn reset(&mut self) {
        for mm in &mut self.mms {
            mm.index.reset();
        }
    }

    /// The threads that it is made for.
    #[must_use]
    pub fn threads(&self) -> u32 {
        self.threads
    }

    /// The VMAs that its indexes have room for.
    #[must_use]
    pub fn vmas(&self) -> u32 {
        self.vmas
    }
}
