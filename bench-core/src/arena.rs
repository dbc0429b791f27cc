//! The arena: one block of touched memory in which a lock and what it protects are built in place.
//!
//! The address of a lock decides which cache set, cache slice and page it shares, and makes identical locks differ by
//! several percent for seconds at a time. So all locks of a round are built at the same address, one after the other,
//! and each round takes another address. An address is a slot: a multiple of [`SLOT_BYTES`] from the arena's start.
//!
//! This file holds the only `unsafe` code of this crate. Invariants:
//! 1. An [`Arena`] owns its block alone; a `Bump` owns the arena while things are built; `Placed` and `Strided`
//!    values are made only by a `Bump`, from ranges of the block that do not overlap.
//! 2. Who keeps a `Placed` or `Strided` keeps the arena as well, and drops it after them: they are made and held by
//!    [`crate::space`], whose fields are dropped in that order, and by [`Arena::with`], which borrows the arena.
#![expect(
    unsafe_code,
    reason = "values of different types are built at chosen addresses of one block"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

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
        let size = SLOTS * SLOT_BYTES + bytes.next_multiple_of(SLOT_BYTES);
        let layout = Layout::from_size_align(size, ALIGN).expect("the size of an arena fits isize");
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
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn the_same_slot_gives_the_same_address_whatever_the_type() {
        let arena = Arena::new(4096);
        let first = std::ptr::from_ref::<u8>(&arena.build_at(7).place(1_u8)) as usize;
        let second = std::ptr::from_ref::<[u64; 9]>(&arena.build_at(7).place([0_u64; 9])) as usize;
        let other = std::ptr::from_ref::<u8>(&arena.build_at(8).place(1_u8)) as usize;
        assert_eq!((first, other), (second, first + SLOT_BYTES));
    }

    #[test]
    fn values_in_one_record_lie_side_by_side_and_are_dropped() {
        let arena = Arena::new(4096);
        let mut bump = arena.build_at(0);
        let mut records = bump.records(3, 32);
        let numbers = bump.fill(&mut records, || 5_u32);
        let counted = Rc::new(());
        let owners = bump.fill(&mut records, || Rc::clone(&counted));
        assert_eq!(Rc::strong_count(&counted), 4);
        let gap = std::ptr::from_ref(owners.get(2)) as usize
            - std::ptr::from_ref(numbers.get(2)) as usize;
        assert_eq!((gap, *numbers.get(0), numbers.count), (8, 5, 3));
        drop(owners);
        assert_eq!(Rc::strong_count(&counted), 1);
    }

    #[test]
    #[should_panic(expected = "bytes, but")]
    fn too_little_room_is_refused() {
        let arena = Arena::new(0);
        let _ = arena.build_at(SLOTS as u32 - 1).place([0_u8; 512]);
    }
}
