//! The address space: mms with their mmap locks and indexes, and the VMAs that they share.
//!
//! One [`AddressSpace`] lives for one measured window. Its locks and its data are built at a chosen slot of the
//! [`Arena`](crate::arena::Arena); everything that no lock decides (the arena, the indexes, the grace periods) is [`Ground`], made once per
//! process and handed from one address space to the next, so that all locks of a round also use the same index nodes.
//!
//! A [`Thread`] does to it what a kernel thread does: it takes page faults, changes protections, maps and unmaps.
//!
//! # What differs from the kernel
//! - A VMA has a start, an end, an mm and a payload of two words. The payload stands for everything that the lock
//!   protects: a writer makes its two words differ for as long as it writes, so that a reader that is not excluded sees it.
//! - Slots of VMAs are type-stable and recycled at once, as under `SLAB_TYPESAFE_BY_RCU`, through a free list of each
//!   thread (the kernel's per-CPU slabs), last in first out.
//! - `munmap` of one VMA at a time; no merging or splitting.

mod ground;
mod mm;
mod step;
mod thread;
mod vma;

pub use ground::Ground;
pub use mm::{Mm, MmapReadGuard, MmapWriteGuard};
pub use step::Step;
pub use thread::{Tally, Thread};
pub use vma::{Goal, PAGE_BYTES};

use crate::arena::{Pairs, Placed};
use crate::lock::{ReadEnd, VmaLock};
use crate::machine::Word;
use crate::workload::Layout;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;
use step::Steps;
use vma::Hot;

/// Mms, their locks and the VMAs that they share, all of one lock design.
#[derive(Debug)]
pub struct AddressSpace<L: VmaLock> {
    mms: Vec<Placed<Mm<L>>>,
    /// The VMAs: the lock of each, and what a fault reads of it.
    vmas: Pairs<L::Vma, Hot<L::Machine>>,
    steps: Vec<Steps<L::Machine>>,
    // Last: what is placed above lies in its arena and is dropped before it.
    ground: Ground<L::Machine>,
}

impl<L: VmaLock> AddressSpace<L> {
    /// Builds the mms and `vmas` free VMAs at `slot` of the ground's arena.
    ///
    /// # Panics
    /// When the arena has no such slot or too little room ([`AddressSpace::bytes`]).
    #[must_use]
    pub fn build(mut ground: Ground<L::Machine>, slot: u32, layout: Layout, vmas: u32) -> Self {
        ground.reset();
        let mut bump = ground.arena.build_at(slot);
        let mms = (0..ground.mms.len())
            .map(|_| bump.place(Mm::new()))
            .collect();
        let (locks, hot) = match layout {
            Layout::OwnLine => {
                let mut own = bump.records(vmas, Self::own_line_bytes());
                let locks = bump.fill(&mut own, L::new_vma);
                let mut rest = bump.records(vmas, Hot::<L::Machine>::STRIDE_BYTES);
                (locks, bump.fill(&mut rest, Hot::new))
            }
            Layout::Packed => {
                let mut packed = bump.records(vmas, size_of::<L::Vma>());
                let locks = bump.fill(&mut packed, L::new_vma);
                let mut rest = bump.records(vmas, Hot::<L::Machine>::STRIDE_BYTES);
                (locks, bump.fill(&mut rest, Hot::new))
            }
            Layout::BesideHotFields => {
                let mut all = bump.records(vmas, Self::beside_bytes());
                let locks = bump.fill(&mut all, L::new_vma);
                (locks, bump.fill(&mut all, Hot::new))
            }
        };
        let steps = (0..ground.threads).map(|_| Steps::new()).collect();
        Self {
            mms,
            vmas: Pairs::new(locks, hot),
            steps,
            ground,
        }
    }

    /// A lock on lines of its own: whole pairs of cache lines.
    fn own_line_bytes() -> usize {
        size_of::<L::Vma>().next_multiple_of(128).max(128)
    }

    /// A lock, the fields and the payload on the same lines.
    fn beside_bytes() -> usize {
        (size_of::<L::Vma>().next_multiple_of(8) + size_of::<Hot<L::Machine>>())
            .next_multiple_of(128)
    }

    /// The bytes that an arena needs behind a slot for this many mms and VMAs in any layout.
    #[must_use]
    pub fn bytes(mms: u32, vmas: u32) -> usize {
        let slot = crate::arena::SLOT_BYTES;
        let hot_bytes = Hot::<L::Machine>::STRIDE_BYTES;
        let per_vma = (Self::own_line_bytes() + hot_bytes).max(Self::beside_bytes());
        mms as usize * size_of::<Mm<L>>().next_multiple_of(slot)
            + vmas as usize * per_vma
            + 4 * slot
    }

    /// The ground, for the next address space. Every thread must be done.
    #[must_use]
    pub fn into_ground(self) -> Ground<L::Machine> {
        let Self {
            mms,
            vmas,
            steps,
            ground,
        } = self;
        drop((mms, vmas, steps));
        ground
    }

    /// The mm with this number.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn mm(&self, number: u32) -> &Mm<L> {
        &self.mms[number as usize]
    }

    /// VMAs, free ones included.
    #[must_use]
    pub fn vmas(&self) -> u32 {
        self.vmas.count()
    }

    /// The sum of all payloads: how often a VMA was written, if no write was lost. Call it when no thread writes.
    #[must_use]
    pub fn written(&self) -> u64 {
        (0..self.vmas())
            .map(|slot| self.vmas.get(slot).1.payload.second.load(Relaxed))
            .sum()
    }

    /// Whether a reader gets into a VMA that is write-locked: what a lock that excludes never lets happen. Needs no second
    /// thread and no luck. The VMA is the mm's first; `None` when the mm has none.
    #[must_use]
    pub fn read_begins_under_write(&self, mm: u32, address: u64) -> Option<bool> {
        let number = mm as usize;
        let mm = self.mm(mm);
        let guard = mm.write_lock();
        let slot = self.ground.mms[number].index.lookup(address)?;
        let (vma, _) = self.vmas.get(slot);
        while mm.lock().start_write(vma, guard.section()).is_err() {}
        Some(match mm.lock().start_read(vma, address) {
            Ok(token) => mm.lock().end_read(vma, token) == ReadEnd::Committed,
            Err(_) => false,
        })
    }

    /// The step that a thread is at, for the report of a lock that hangs.
    #[must_use]
    pub fn step(&self, thread: u32) -> Step {
        self.steps[thread as usize].get()
    }

    /// The words of the mmap locks and of at most `most` VMAs' locks, for the report of a lock that hangs: first of the VMAs
    /// that threads wait for, then of others that belong to an mm.
    #[must_use]
    pub fn describe(&self, most: usize) -> String {
        let mut text: Vec<String> = (self.mms.iter().enumerate())
            .map(|(number, mm)| format!("mm {number}: mmap lock {}", mm.describe_mmap_lock()))
            .collect();
        let mut shown: Vec<u32> = self.steps.iter().filter_map(Steps::slot).collect();
        shown.extend(0..self.vmas());
        let mut seen = BTreeSet::new();
        shown.retain(|slot| seen.insert(*slot));
        let described = shown.into_iter().filter_map(|slot| {
            let (vma, hot) = self.vmas.get(slot);
            let owner = self.mms.get(hot.fields.owner()? as usize)?;
            Some(format!("VMA {slot}: {}", owner.lock().describe(vma)))
        });
        text.extend(described.take(most));
        text.join("; ")
    }
}

#[cfg(test)]
mod tests;
