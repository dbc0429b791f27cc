//! The arena: one block of touched memory in which a lock and what it protects are built in place.
//!
//! The address of a lock decides which cache set, cache slice and page it shares, and makes identical locks differ by
//! several percent for seconds at a time. So all locks of a round are built at the same address, one after the other,
//! and each round takes another address. An address is a slot: a multiple of [`SLOT_BYTES`] from the arena's start.
//!
//! A [`Slab`] is for values that lie elsewhere than what points to them, at a distance that is part of what is measured.
//!
//! This file holds the only `unsafe` code of this crate. Invariants:
//! 1. An [`Arena`] owns its block alone; a `Bump` owns the arena while things are built; `Placed` and `Strided`
//!    values are made only by a `Bump`, from ranges of the block that do not overlap.
//! 2. Who keeps a `Placed` or `Strided` keeps the arena as well, and drops it after them: they are made and held by
//!    [`crate::space`], whose fields are dropped in that order, by [`Arena::with`], which borrows the arena, and by an [`Object`],
//!    whose fields are dropped in that order too.
#![expect(
    unsafe_code,
    reason = "values of different types are built at chosen addresses of one block"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::{Arc, Weak};

/// The distance between slots: two pairs of cache lines.
pub const SLOT_BYTES: usize = 256;
/// Slots of an arena: over a mebibyte, so that a round's slot also changes the page.
pub const SLOTS: usize = 4096;
/// The alignment of the block: a huge page, so that a slot's number fixes the address bits below it.
const ALIGN: usize = 2 << 20;

/// A block of zeroed, touched memory.
pub struct Arena {
    base: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the block is plain memory that the arena owns alone (invariant 1).
unsafe impl Send for Arena {}
// SAFETY: a shared arena gives access to nothing.
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena with room for `bytes` behind its last slot.
    ///
    /// # Panics
    /// When `bytes` is so large that no such block can exist.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self::block(
            SLOTS * SLOT_BYTES + bytes.next_multiple_of(SLOT_BYTES),
            ALIGN,
        )
    }

    /// A block of so many bytes, at least one.
    fn block(size: usize, align: usize) -> Self {
        assert!(size > 0);
        let layout = Layout::from_size_align(size, align).expect("the size of an arena fits isize");
        // SAFETY: the layout's size is not zero.
        let base = unsafe { alloc_zeroed(layout) };
        let Some(base) = NonNull::new(base) else {
            handle_alloc_error(layout)
        };
        for page in (0..size).step_by(4096) {
            // SAFETY: `page` is within the block, which is owned and not shared yet. Volatile, so that the page is touched
            // now and not by the first thread that measures.
            unsafe { base.add(page).write_volatile(0) };
        }
        Self { base, layout }
    }

    /// Bytes that can be used from `slot` on.
    #[must_use]
    pub fn room(&self, slot: u32) -> usize {
        self.layout
            .size()
            .saturating_sub(slot as usize * SLOT_BYTES)
    }

    /// Builds one value at `slot`, shows it, and drops it. For measurements of a lock alone.
    ///
    /// # Panics
    /// When the arena has no such slot or too little room, or the value's alignment is above [`SLOT_BYTES`].
    pub fn with<T, R>(&mut self, slot: u32, value: T, look: impl FnOnce(&T) -> R) -> R {
        let placed = self.build_at(slot).place(value);
        look(&placed)
    }

    /// Begins to build at `slot`.
    ///
    /// # Panics
    /// When the arena has no such slot.
    #[must_use]
    pub(crate) fn build_at(&self, slot: u32) -> Bump<'_> {
        assert!(
            (slot as usize) < SLOTS,
            "slot {slot}, but an arena has {SLOTS}"
        );
        Bump {
            arena: self,
            next: slot as usize * SLOT_BYTES,
        }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout; by invariant 2 nothing placed in it is alive.
        unsafe { dealloc(self.base.as_ptr(), self.layout) };
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("bytes", &self.layout.size())
            .finish()
    }
}

/// Hands out ranges of an arena, one behind the other.
#[derive(Debug)]
pub(crate) struct Bump<'arena> {
    arena: &'arena Arena,
    next: usize,
}

impl Bump<'_> {
    /// A range of `bytes`, aligned to a slot.
    fn take(&mut self, bytes: usize) -> NonNull<u8> {
        let at = self.next.next_multiple_of(SLOT_BYTES);
        self.next = at + bytes;
        assert!(
            self.next <= self.arena.layout.size(),
            "the arena has {} bytes, but {} are needed",
            self.arena.layout.size(),
            self.next
        );
        // SAFETY: within the block, as just checked.
        unsafe { self.arena.base.add(at) }
    }

    /// Builds one value.
    pub(crate) fn place<T>(&mut self, value: T) -> Placed<T> {
        assert!(align_of::<T>() <= SLOT_BYTES);
        let at = self.take(size_of::<T>()).cast::<T>();
        // SAFETY: `take` gave a range of the right size and alignment to this value alone (invariant 1).
        unsafe { at.write(value) };
        Placed { at }
    }

    /// Reserves `count` records of `stride` bytes each, to be filled by [`Bump::fill`].
    pub(crate) fn records(&mut self, count: u32, stride: usize) -> Records {
        let bytes = count as usize * stride;
        Records {
            base: self.take(bytes),
            count,
            stride,
            used: 0,
        }
    }

    /// Builds one value in each record, behind what the records hold already.
    pub(crate) fn fill<T>(&mut self, records: &mut Records, value: impl Fn() -> T) -> Strided<T> {
        let at = records.used.next_multiple_of(align_of::<T>());
        records.used = at + size_of::<T>();
        assert!(
            records.used <= records.stride
                && records.stride.is_multiple_of(align_of::<T>())
                && align_of::<T>() <= SLOT_BYTES
        );
        // SAFETY: `at` is within the first record.
        let base = unsafe { records.base.add(at) };
        for index in 0..records.count as usize {
            // SAFETY: record `index` is within the range (`take`), the bytes at `at` are within the record and belong to
            // this value alone (`used` only grows), and the address is aligned: base to a slot, `at` and stride to `T`.
            unsafe { base.add(index * records.stride).cast::<T>().write(value()) };
        }
        Strided {
            base: base.cast(),
            stride: records.stride,
            count: records.count,
        }
    }
}

/// Records side by side, each of which may hold values of several types.
#[derive(Debug)]
pub(crate) struct Records {
    base: NonNull<u8>,
    count: u32,
    stride: usize,
    used: usize,
}

/// A value in the arena.
pub(crate) struct Placed<T> {
    at: NonNull<T>,
}

// SAFETY: a `Placed` owns its value as a box does.
unsafe impl<T: Send> Send for Placed<T> {}
// SAFETY: as a box.
unsafe impl<T: Sync> Sync for Placed<T> {}

impl<T> Deref for Placed<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: written by `place`, owned by this value alone, and the arena outlives it (invariant 2).
        unsafe { self.at.as_ref() }
    }
}

impl<T> Drop for Placed<T> {
    fn drop(&mut self) {
        // SAFETY: as in `deref`; never used again.
        unsafe { self.at.drop_in_place() };
    }
}

impl<T: fmt::Debug> fmt::Debug for Placed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Where values of one kind lie at a fixed distance from each other, on pages that nothing else is on: a slab cache. It holds none
/// of them: each keeps the page that it is on.
#[derive(Debug)]
pub struct Slab {
    stride: usize,
    /// The page with room, as long as a value on it is alive.
    page: Weak<Arena>,
    used: usize,
}

impl Slab {
    /// Bytes of a page, and their alignment.
    pub const PAGE_BYTES: usize = 4096;

    /// A slab whose values lie `stride` bytes apart.
    #[must_use]
    pub fn new(stride: usize) -> Self {
        Self {
            stride,
            page: Weak::new(),
            used: 0,
        }
    }

    /// Builds a value: behind the last one, or where a page begins when there is no room or no value left on the last page.
    ///
    /// # Panics
    /// When the stride is too small for the value, no multiple of its alignment, or larger than a page.
    pub fn build<T>(&mut self, value: T) -> Object<T> {
        assert!(size_of::<T>() <= self.stride && self.stride.is_multiple_of(align_of::<T>()));
        assert!(self.stride <= Self::PAGE_BYTES && align_of::<T>() <= Self::PAGE_BYTES);
        let page = match self.page.upgrade() {
            Some(page) if self.used + self.stride <= Self::PAGE_BYTES => page,
            _ => {
                let page = Arc::new(Arena::block(Self::PAGE_BYTES, Self::PAGE_BYTES));
                self.page = Arc::downgrade(&page);
                self.used = 0;
                page
            }
        };
        // SAFETY: within the page, as just checked.
        let at = unsafe { page.base.add(self.used) }.cast::<T>();
        self.used += self.stride;
        // SAFETY: the range is within the page, large enough and aligned (the page, `used` and so `at` are), and belongs to this
        // value alone: nobody else has the page's block, and `used` only grows while the page is the same.
        unsafe { at.write(value) };
        Object {
            value: Placed { at },
            _page: page,
        }
    }
}

/// A value in a [`Slab`]. To look at it is to follow one pointer.
#[derive(Debug)]
pub struct Object<T> {
    value: Placed<T>,
    // Last: dropped after the value.
    _page: Arc<Arena>,
}

impl<T> Deref for Object<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// One value in each of many records.
pub(crate) struct Strided<T> {
    base: NonNull<T>,
    stride: usize,
    count: u32,
}

// SAFETY: a `Strided` owns its values as a boxed slice does.
unsafe impl<T: Send> Send for Strided<T> {}
// SAFETY: as a boxed slice.
unsafe impl<T: Sync> Sync for Strided<T> {}

impl<T> Strided<T> {
    /// The value of record `index`.
    ///
    /// # Panics
    /// When there is no such record: one compare and a branch never taken.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32) -> &T {
        assert!(index < self.count);
        // SAFETY: `fill` wrote a value at every stride below `count`, owned by this value alone; the arena outlives it
        // (invariant 2).
        unsafe { self.base.byte_add(index as usize * self.stride).as_ref() }
    }
}

/// Two kinds of values in as many records each: what belongs to one record is found by one look.
#[derive(Debug)]
pub(crate) struct Pairs<A, B> {
    first: Strided<A>,
    second: Strided<B>,
}

impl<A, B> Pairs<A, B> {
    /// Pairs values by their place.
    ///
    /// # Panics
    /// When there are not as many of one kind as of the other.
    pub(crate) fn new(first: Strided<A>, second: Strided<B>) -> Self {
        assert_eq!(first.count, second.count);
        Self { first, second }
    }

    /// How many pairs there are.
    pub(crate) fn count(&self) -> u32 {
        self.first.count
    }

    /// The pair of record `index`.
    ///
    /// # Panics
    /// When there is no such record: one compare for both.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32) -> (&A, &B) {
        let first = self.first.get(index);
        let at = index as usize * self.second.stride;
        // SAFETY: as in `Strided::get`: there are as many of the second kind (`new`), and `index` is below their number.
        (first, unsafe { self.second.base.byte_add(at).as_ref() })
    }
}

impl<T> Drop for Strided<T> {
    fn drop(&mut self) {
        for index in 0..self.count as usize {
            // SAFETY: as in `get`; never used again.
            unsafe { self.base.byte_add(index * self.stride).drop_in_place() };
        }
    }
}

impl<T> fmt::Debug for Strided<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strided")
            .field("count", &self.count)
            .field("stride", &self.stride)
            .finish()
    }
}

#[cfg(test)]
mod tests;
