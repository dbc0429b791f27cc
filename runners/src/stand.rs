//! One VMA and its mm, and what is done to their locks when nobody is in the way: for the benches that time it, and for the
//! instructions that are counted ([`crate::exact`]).
//!
//! Each operation says whether it did what it is for: with nobody else there, it always does.

use crate::native::Native;
use bench_core::lock::{ReadEnd, VmaLock};
use bench_core::space::{Mm, MmapWriteGuard, PAGE_BYTES};

/// An address in the VMA.
const ADDRESS: u64 = 0x7f00_0000_0000;

/// A value on a pair of cache lines that it shares with nothing.
#[derive(Debug)]
#[repr(C, align(128))]
struct OwnLines<T>(T);

/// A VMA and its mm. The VMA comes first, so that its lock lies where the slot of an arena begins, as a bare word built there
/// does.
#[derive(Debug)]
#[repr(C)]
pub struct Stand<L: VmaLock<Machine = Native>> {
    vma: OwnLines<L::Vma>,
    mm: Mm<L>,
}

impl<L: VmaLock<Machine = Native>> Stand<L> {
    /// An mm with a detached VMA.
    #[must_use]
    pub fn new() -> Self {
        Self {
            vma: OwnLines(L::new_vma()),
            mm: Mm::new(),
        }
    }

    /// What a page fault does to the locks: holds the VMA, which is attached, and lets go of it. Under the mmap lock where the
    /// design has no lock per VMA.
    #[inline(always)]
    pub fn read_pair(&self) -> bool {
        if !L::PER_VMA {
            drop(self.mm.read_lock());
            return true;
        }
        match self.mm.lock().start_read(&self.vma.0, ADDRESS) {
            Ok(token) => self.mm.lock().end_read(&self.vma.0, token) == ReadEnd::Committed,
            Err(_) => false,
        }
    }

    /// The mmap lock for writing, and the VMA write-locked: until the guard goes, a reader is declined.
    #[inline(always)]
    pub fn write_lock(&self) -> (MmapWriteGuard<'_, L>, bool) {
        let guard = self.mm.write_lock();
        let locked = self.mm.lock().start_write(&self.vma.0, guard.section());
        (guard, locked.is_ok())
    }

    /// What a page fault does to the locks before it falls back: tries a VMA that is write-locked and is declined, or learns at
    /// its end that it has to retry.
    #[inline(always)]
    pub fn read_in_vain(&self) -> bool {
        match self.mm.lock().start_read(&self.vma.0, ADDRESS) {
            Ok(token) => self.mm.lock().end_read(&self.vma.0, token) == ReadEnd::Retry,
            Err(_) => true,
        }
    }

    /// What `mprotect` does to the locks: the mmap lock for writing, the VMA write-locked, all unlocked.
    #[inline(always)]
    pub fn write_section(&self) -> bool {
        self.write_lock().1
    }

    /// The half of `mmap`: a detached VMA is write-locked and attached.
    #[inline(always)]
    pub fn map(&self) -> bool {
        let guard = self.mm.write_lock();
        let range = ADDRESS..ADDRESS + PAGE_BYTES;
        let lock = self.mm.lock();
        lock.set_range(&self.vma.0, range, guard.section());
        let locked = lock.start_write(&self.vma.0, guard.section()).is_ok();
        lock.attach(&self.vma.0, guard.section());
        locked
    }

    /// The half of `munmap`: an attached VMA is write-locked and detached, and the mmap lock downgraded.
    #[inline(always)]
    pub fn unmap(&self) -> bool {
        let (guard, locked) = self.write_lock();
        self.mm.lock().detach(&self.vma.0, guard.section());
        drop(guard.downgrade());
        locked
    }
}

impl<L: VmaLock<Machine = Native>> Default for Stand<L> {
    fn default() -> Self {
        Self::new()
    }
}
