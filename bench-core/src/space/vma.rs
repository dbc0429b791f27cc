//! A VMA: where it lies, whose it is, and what its lock protects.

use crate::machine::{Machine, Word};
use std::sync::atomic::Ordering::Relaxed;

/// Bytes of a page.
pub const PAGE_BYTES: u64 = 4096;

/// Where an operation goes: an address, and the slot of the VMA there for workloads that measure without the index. In
/// one word, so that a stream of them stays small: the address in the low 48 bits, the slot above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal(u64);

impl Goal {
    /// An address below 2^48 in the VMA of slot `slot`, below 2^16.
    ///
    /// # Panics
    /// When either is larger.
    #[must_use]
    pub fn new(address: u64, slot: u32) -> Self {
        assert!(
            address < 1 << 48 && slot < 1 << 16,
            "address {address:#x}, slot {slot}"
        );
        Self(address | u64::from(slot) << 48)
    }

    /// The address.
    #[inline(always)]
    #[must_use]
    pub fn address(self) -> u64 {
        self.0 & ((1 << 48) - 1)
    }

    /// The slot of the VMA that was mapped there when the workload was set up.
    #[inline(always)]
    #[must_use]
    pub fn slot(self) -> u32 {
        (self.0 >> 48) as u32
    }
}

/// What a fault reads of a VMA: its fields and, behind them, its payload. One value, so that a fault finds both by one look.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Hot<M: Machine> {
    pub(super) fields: Fields<M>,
    pub(super) payload: Payload<M>,
}

impl<M: Machine> Hot<M> {
    /// The distance of one VMA's fields from the next's: a cache line pair, unless the words of a model take more.
    pub(super) const STRIDE_BYTES: usize = size_of::<Self>().next_multiple_of(128);

    pub(super) fn new() -> Self {
        Self {
            fields: Fields::new(),
            payload: Payload::new(),
        }
    }
}

/// The fields that every fault reads once it holds the VMA. Written only while the VMA is write-locked or detached and
/// published by the lock's `attach`; read only while the VMA is held: so Relaxed is enough for all of them.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Fields<M: Machine> {
    /// The first address.
    start: M::U64,
    /// The first address behind it.
    end: M::U64,
    /// The number of its mm plus one; 0 for a slot that was never used.
    mm: M::U64,
}

/// Whether a VMA is the one that a reader looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// It is.
    Same,
    /// It was recycled into the mm with this number.
    OtherMm(u32),
    /// It no longer covers the address.
    Outside,
}

/// An mm's number in the fields of its VMAs: 0 means a slot that never had one.
pub(super) fn owner_word(mm: u32) -> u64 {
    u64::from(mm) + 1
}

impl<M: Machine> Fields<M> {
    fn new() -> Self {
        Self {
            start: M::U64::new(0),
            end: M::U64::new(0),
            mm: M::U64::new(0),
        }
    }

    /// Sets a VMA up that no reader can hold.
    pub(super) fn set(&self, start: u64, end: u64, mm: u32) {
        self.start.store(start, Relaxed);
        self.end.store(end, Relaxed);
        self.mm.store(owner_word(mm), Relaxed);
    }

    /// The check after the count is held (`lock_vma_under_rcu`): is it the mm's of this [`owner_word`], and does it cover
    /// the address?
    #[inline(always)]
    pub(super) fn is(&self, owner: u64, address: u64) -> bool {
        self.mm.load(Relaxed) == owner
            && self.start.load(Relaxed) <= address
            && address < self.end.load(Relaxed)
    }

    /// Whose VMA it is if it is not the one, and whether it covers the address.
    pub(super) fn identity(&self, mm: u32, address: u64) -> Identity {
        let owner = self.mm.load(Relaxed);
        if owner != owner_word(mm) {
            return Identity::OtherMm((owner as u32).wrapping_sub(1));
        }
        if address < self.start.load(Relaxed) || address >= self.end.load(Relaxed) {
            return Identity::Outside;
        }
        Identity::Same
    }

    /// The mm that the slot last belonged to.
    pub(super) fn owner(&self) -> Option<u32> {
        (self.mm.load(Relaxed) as u32).checked_sub(1)
    }
}

/// What the lock of a VMA protects: two words that are equal whenever nobody writes. Relaxed throughout: whether the
/// accesses are ordered is what the lock under test has to see to.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Payload<M: Machine> {
    pub(super) first: M::U64,
    pub(super) second: M::U64,
}

impl<M: Machine> Payload<M> {
    fn new() -> Self {
        Self {
            first: M::U64::new(0),
            second: M::U64::new(0),
        }
    }

    /// Reads one word, does the fault's work, reads the other; returns whether they agree.
    #[inline(always)]
    pub(super) fn read(&self, body: &mut impl FnMut()) -> bool {
        let first = self.first.load(Relaxed);
        body();
        first == self.second.load(Relaxed)
    }

    /// Writes one word, does the writer's work, writes the other. A plain increment in two steps, so that two writers at
    /// once lose a write.
    #[inline(always)]
    pub(super) fn write(&self, body: &mut impl FnMut()) {
        let next = self.first.load(Relaxed).wrapping_add(1);
        self.first.store(next, Relaxed);
        body();
        self.second.store(next, Relaxed);
    }
}
