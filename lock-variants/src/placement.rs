//! Where the VMA's half of a lock lies: `refcount-own-line`, `refcount-packed-16`, `refcount-packed-40`, `refcount-object`.
//!
//! Upstream moved it about for years. In the VMA at first (5e31275cc997); in a slab object of 40 bytes, since false sharing with
//! what a fault reads of the VMA had cost more than the pointer (c7f8f31c00d1, same release); back in the VMA, on a cache line of
//! its own, with the series of the reference count (Message-ID `20250213224655.1680278-1-surenb@google.com`), where a pointer and
//! a second allocation were saved. Objects of 40 bytes, and VMAs at an alignment of 16, share lines among neighbours, so that
//! faults in different VMAs meet.
//!
//! # State
//! That of the lock that is placed, here [`Refcount`], and where it is:
//!
//! | lock | in the VMA's slot | the lock itself |
//! |---|---|---|
//! | `refcount` | the lock, where the workload's layout puts it | there |
//! | `refcount-own-line` | the lock, aligned to 128 bytes and filling them, in every layout | there |
//! | `refcount-packed-16` | a pointer | in a slab, 16 bytes from the next VMA's |
//! | `refcount-packed-40` | a pointer | in a slab, 40 bytes from the next VMA's |
//! | `refcount-object` | a pointer | in a slab, 128 bytes from the next VMA's, on lines of its own |
//!
//! The last three differ in the distance alone: the instructions are the same, and so is the pointer that each operation loads
//! first. Against `refcount-own-line`, `refcount-object` costs that load and the line that the pointer is on.
//!
//! 128 bytes and not 64, since processors fetch lines in pairs.
//!
//! # Protocol, invariants, memory ordering, progress
//! Those of the lock. What is added is a load of a pointer that never changes while the VMA's slot exists.
//!
//! # What differs from the kernel
//! - The lock objects of VMAs that were made one after the other are neighbours. In the kernel they are as long as the slab is
//!   fresh; later any two may be.
//! - A slab's pages come from the allocator and not from the arena, so that their address is not that of the round's slot; the
//!   offset of a lock in its page is the same in each address space.
//! - An object of 40 bytes has room to spare: the kernel's held an rwsem, this one a count, a number and a slot. The object at
//!   offset 120 of 128 crosses a line, as there.
//! - Beside the pointer there is one more in the VMA's slot, which keeps the slab's page and is never used in between. `vma_bytes`
//!   in the records counts both, and the object.

use crate::refcount::Refcount;
use bench_core::arena::{Object, Slab};
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::Machine;
use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::{Mutex, PoisonError};

/// Where the VMA's half of lock `L` lies.
pub trait Place<L: VmaLock>: Debug + Send + Sync + 'static {
    /// What the lock is when it lies there.
    const INFO: LockFacts;
    /// What is in the VMA's slot; it leads to the lock.
    type Home: Deref<Target = L::Vma> + Debug + Send + Sync;
    /// Bytes of each lock that are not in the VMA's slot.
    const ELSEWHERE_BYTES: usize = 0;

    /// Puts the lock of a new VMA there.
    fn put(vma: L::Vma) -> Self::Home;
}

/// In the VMA's slot, on a pair of cache lines that it shares with nothing.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct OwnLine<T>(T);

impl<T> Deref for OwnLine<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// [`OwnLine`].
#[derive(Debug)]
pub struct InOwnLine;

impl<M: Machine> Place<Refcount<M>> for InOwnLine {
    const INFO: LockFacts = LockFacts {
        name: "refcount-own-line",
        summary: "as refcount, but the lock is alone on its cache lines in every layout",
        source: "Message-ID 20250213224655.1680278-1-surenb@google.com",
        excludes: true,
    };
    type Home = OwnLine<<Refcount<M> as VmaLock>::Vma>;

    fn put(vma: <Refcount<M> as VmaLock>::Vma) -> Self::Home {
        OwnLine(vma)
    }
}

/// In an object of a slab, `STRIDE` bytes from the next one, behind a pointer. Where a model's words are so large that a lock does
/// not fit, they are as near as they can.
#[derive(Debug)]
pub struct InSlab<const STRIDE: usize>;

/// The slabs that are being filled, one for each kind of lock and stride. Taken when a VMA's slot is made, and never later.
static SLABS: Mutex<BTreeMap<TypeId, Slab>> = Mutex::new(BTreeMap::new());

impl<const STRIDE: usize> InSlab<STRIDE> {
    /// Builds a value behind the last one of the same kind `K`. No word of a machine is touched while the slabs are held.
    fn build<K: 'static, T>(value: T) -> Object<T> {
        let stride = STRIDE.max(size_of::<T>()).next_multiple_of(align_of::<T>());
        // A model that fails unwinds; what it leaves is whole.
        let mut slabs = SLABS.lock().unwrap_or_else(PoisonError::into_inner);
        slabs
            .entry(TypeId::of::<(K, Self)>())
            .or_insert_with(|| Slab::new(stride))
            .build(value)
    }
}

/// The locks in slabs, by the distance of those of consecutive VMAs.
const fn in_slab(stride: usize) -> LockFacts {
    let (name, summary, source) = match stride {
        16 => (
            "refcount-packed-16",
            "as refcount-object, but the locks of consecutive VMAs are 16 bytes apart",
            "the alignment of VMAs before they had cache lines of their own",
        ),
        40 => (
            "refcount-packed-40",
            "as refcount-object, but the locks of consecutive VMAs are 40 bytes apart",
            "Linux 6.4, commit c7f8f31c00d1: the slab of the lock objects",
        ),
        128 => (
            "refcount-object",
            "as refcount, but the lock is reached by a pointer and alone on its cache lines",
            "Linux 6.4, commit c7f8f31c00d1, without the sharing of lines",
        ),
        _ => panic!("no lock has this stride"),
    };
    LockFacts {
        name,
        summary,
        source,
        excludes: true,
    }
}

impl<M: Machine, const STRIDE: usize> Place<Refcount<M>> for InSlab<STRIDE> {
    const INFO: LockFacts = in_slab(STRIDE);
    type Home = Object<<Refcount<M> as VmaLock>::Vma>;
    const ELSEWHERE_BYTES: usize = STRIDE;

    fn put(vma: <Refcount<M> as VmaLock>::Vma) -> Self::Home {
        Self::build::<Refcount<M>, _>(vma)
    }
}

/// Lock `L`, with the VMA's half at `P`.
#[derive(Debug)]
pub struct PlacedAt<L, P> {
    lock: L,
    place: PhantomData<fn() -> P>,
}

/// `refcount-own-line`.
pub type RefcountOwnLine<M> = PlacedAt<Refcount<M>, InOwnLine>;
/// `refcount-packed-16`.
pub type RefcountPacked16<M> = PlacedAt<Refcount<M>, InSlab<16>>;
/// `refcount-packed-40`.
pub type RefcountPacked40<M> = PlacedAt<Refcount<M>, InSlab<40>>;
/// `refcount-object`.
pub type RefcountObject<M> = PlacedAt<Refcount<M>, InSlab<128>>;

impl<L: VmaLock, P: Place<L>> VmaLock for PlacedAt<L, P> {
    type Machine = L::Machine;
    type Vma = P::Home;
    type Token<'vma> = L::Token<'vma>;

    const INFO: LockFacts = P::INFO;
    const PER_VMA: bool = L::PER_VMA;
    const SPECULATIVE: bool = L::SPECULATIVE;
    const KILLABLE: bool = L::KILLABLE;
    const VMA_HEAP_BYTES: usize = L::VMA_HEAP_BYTES + P::ELSEWHERE_BYTES;

    fn new() -> Self {
        Self {
            lock: L::new(),
            place: PhantomData,
        }
    }

    fn new_vma() -> Self::Vma {
        P::put(L::new_vma())
    }

    #[inline]
    fn begin_write(&self, section: &WriteSection<'_>) {
        self.lock.begin_write(section);
    }

    #[inline]
    fn set_range(&self, vma: &Self::Vma, range: Range<u64>, section: &WriteSection<'_>) {
        self.lock.set_range(vma, range, section);
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, section: &WriteSection<'_>) {
        self.lock.attach(vma, section);
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, section: &WriteSection<'_>) {
        self.lock.detach(vma, section);
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        self.lock.start_read(vma, address)
    }

    #[inline]
    fn end_read<'vma>(&self, vma: &'vma Self::Vma, token: Self::Token<'vma>) -> ReadEnd {
        self.lock.end_read(vma, token)
    }

    #[inline]
    fn start_write(&self, vma: &Self::Vma, section: &WriteSection<'_>) -> Result<(), Interrupted> {
        self.lock.start_write(vma, section)
    }

    #[inline]
    fn end_write_all(&self, section: &WriteSection<'_>) {
        self.lock.end_write_all(section);
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        self.lock.describe(vma)
    }
}

#[cfg(test)]
mod tests {
    use super::{InSlab, Object, OwnLine, Place, RefcountOwnLine, RefcountPacked16};
    use crate::contract::mapped;
    use crate::refcount::Refcount;
    use bench_core::arena::Slab;
    use bench_core::lock::{LockFacts, VmaLock};
    use bench_core::machine::Solo;

    type Lock = Refcount<Solo>;
    type Vma = <Lock as VmaLock>::Vma;

    fn at<T>(value: &T) -> usize {
        std::ptr::from_ref(value) as usize
    }

    /// The distances of the locks of consecutive VMAs, and how many of them are on the first page. `K` is used by this test
    /// alone: other tests make VMAs at the same time.
    fn spacing<K: 'static, const STRIDE: usize>() -> (Vec<usize>, usize) {
        let vmas: Vec<Object<Vma>> = (0..300)
            .map(|_| InSlab::<STRIDE>::build::<K, _>(Lock::new_vma()))
            .collect();
        let page = |vma: &Object<Vma>| at::<Vma>(vma) / Slab::PAGE_BYTES;
        let first: Vec<_> = vmas
            .iter()
            .filter(|vma| page(vma) == page(&vmas[0]))
            .collect();
        let mut distances: Vec<_> = first
            .windows(2)
            .map(|pair| at::<Vma>(pair[1]) - at::<Vma>(pair[0]))
            .collect();
        distances.dedup();
        (distances, first.len())
    }

    #[test]
    fn the_locks_of_consecutive_vmas_are_exactly_a_stride_apart() {
        struct Mine;
        assert_eq!(spacing::<Mine, 16>(), (vec![16], 256));
        assert_eq!(spacing::<Mine, 40>(), (vec![40], 102));
        assert_eq!(spacing::<Mine, 128>(), (vec![128], 32));
    }

    #[test]
    fn each_name_stands_for_its_stride() {
        const fn facts<P: Place<Lock>>() -> LockFacts {
            P::INFO
        }
        assert_eq!(facts::<InSlab<16>>().name, "refcount-packed-16");
        assert_eq!(facts::<InSlab<40>>().name, "refcount-packed-40");
        assert_eq!(facts::<InSlab<128>>().name, "refcount-object");
    }

    #[test]
    fn a_lock_that_is_packed_shares_its_line_and_one_that_is_not_does_not() {
        struct Mine;
        let neighbours = [(); 2].map(|()| InSlab::<16>::build::<Mine, _>(Lock::new_vma()));
        assert_eq!(
            at::<Vma>(&neighbours[0]) / 64,
            at::<Vma>(&neighbours[1]) / 64
        );
        let own = [
            RefcountOwnLine::<Solo>::new_vma(),
            RefcountOwnLine::<Solo>::new_vma(),
        ];
        assert_eq!(size_of_val(&own), 2 * 128);
        assert!(
            own.iter()
                .all(|vma: &OwnLine<Vma>| at::<Vma>(vma).is_multiple_of(128))
        );
    }

    /// The slab goes with its last VMA, so that the next address space finds a fresh one.
    #[test]
    fn a_slab_that_nobody_needs_begins_anew() {
        struct Mine;
        let build = || InSlab::<40>::build::<Mine, _>(Lock::new_vma());
        let offset = |vma: &Object<Vma>| at::<Vma>(vma) % Slab::PAGE_BYTES;
        let (first, second) = (build(), build());
        assert_eq!((offset(&first), offset(&second)), (0, 40));
        drop(first);
        assert_eq!(offset(&build()), 80, "the page is still there");
        drop(second);
        assert_eq!(offset(&build()), 0);
    }

    #[test]
    fn it_is_the_lock_that_it_places() {
        type Packed = RefcountPacked16<Solo>;
        let (mm, vma) = mapped::<Packed>().unwrap();
        mm.lock().start_read(&vma, 0).unwrap();
        assert_eq!(
            mm.lock().describe(&vma),
            "vm_refcnt=0x2 (1 reader) vm_lock_seq=0 mm_lock_seq=1"
        );
    }
}
