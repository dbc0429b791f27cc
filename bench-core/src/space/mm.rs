//! An mm: its mmap lock and the mm-wide half of the lock design.

use crate::lock::{VmaLock, WriteSection};
use crate::rwsem::RwSem;
use std::mem::ManuallyDrop;

/// An mm: the mmap lock, the same rwsem for every design, and the design's mm-wide half.
///
/// Its guards are the only places where a [`WriteSection`] is made, and where a section begins and ends: right after the
/// mmap lock is write-locked, and right before it is released or downgraded.
///
/// Each on lines of its own: a fault that only reads the mm-wide half is not disturbed by those that take the mmap lock.
#[derive(Debug)]
#[repr(C)]
pub struct Mm<L: VmaLock> {
    mmap_lock: OwnLines<RwSem<L::Machine>>,
    lock: OwnLines<L>,
}

/// A value that shares no pair of cache lines with another.
#[derive(Debug)]
#[repr(C, align(128))]
struct OwnLines<T>(T);

impl<L: VmaLock> Mm<L> {
    /// An mm that nobody has locked.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mmap_lock: OwnLines(RwSem::new()),
            lock: OwnLines(L::new()),
        }
    }

    /// The mm-wide half of the lock design.
    #[inline(always)]
    #[must_use]
    pub fn lock(&self) -> &L {
        &self.lock.0
    }

    /// Write-locks the mmap lock (`mmap_write_lock`) and begins a write section.
    #[inline]
    pub fn write_lock(&self) -> MmapWriteGuard<'_, L> {
        self.mmap_lock.0.write_lock();
        let section = WriteSection::new();
        self.lock.0.begin_write(&section);
        MmapWriteGuard { mm: self, section }
    }

    /// Read-locks the mmap lock (`mmap_read_lock`).
    #[inline]
    pub fn read_lock(&self) -> MmapReadGuard<'_, L> {
        self.mmap_lock.0.read_lock();
        MmapReadGuard { mm: self }
    }

    /// The words of the mmap lock as they are now.
    #[must_use]
    pub fn describe_mmap_lock(&self) -> String {
        self.mmap_lock.0.describe()
    }
}

impl<L: VmaLock> Default for Mm<L> {
    fn default() -> Self {
        Self::new()
    }
}

/// The mmap lock, held for writing. Dropping it unlocks the VMAs of the section, then the mmap lock
/// (`mmap_write_unlock`).
#[derive(Debug)]
#[must_use]
pub struct MmapWriteGuard<'mm, L: VmaLock> {
    mm: &'mm Mm<L>,
    section: WriteSection<'mm>,
}

impl<'mm, L: VmaLock> MmapWriteGuard<'mm, L> {
    /// The proof that the mmap lock is held for writing.
    #[inline(always)]
    #[must_use]
    pub fn section(&self) -> &WriteSection<'mm> {
        &self.section
    }

    /// Unlocks the VMAs of the section and goes on holding the mmap lock for reading (`mmap_write_downgrade`).
    #[inline]
    pub fn downgrade(self) -> MmapReadGuard<'mm, L> {
        let guard = ManuallyDrop::new(self);
        guard.mm.lock.0.end_write_all(&guard.section);
        guard.mm.mmap_lock.0.downgrade();
        MmapReadGuard { mm: guard.mm }
    }
}

impl<L: VmaLock> Drop for MmapWriteGuard<'_, L> {
    #[inline]
    fn drop(&mut self) {
        self.mm.lock.0.end_write_all(&self.section);
        self.mm.mmap_lock.0.write_unlock();
    }
}

/// The mmap lock, held for reading.
#[derive(Debug)]
#[must_use]
pub struct MmapReadGuard<'mm, L: VmaLock> {
    mm: &'mm Mm<L>,
}

impl<L: VmaLock> Drop for MmapReadGuard<'_, L> {
    #[inline]
    fn drop(&mut self) {
        self.mm.mmap_lock.0.read_unlock();
    }
}
