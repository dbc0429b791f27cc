//! `refcount-6.17` and `refcount-6.19` once more, with a pointer to the mm as in the kernel and with each choice open, so that it can
//! be made wrong. The measured text has no such choices.

use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use lock_variants::rcuwait::Rcuwait;
use lock_variants::refcount::{LIMIT, OFFSET};
use lock_variants::refcount_t::RefcountT;
use lock_variants::sequence::{MmSequence, OddInside, VmaSequence};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex, Weak};

/// Whose writer a reader wakes that let go of another mm's VMA.
#[derive(PartialEq)]
pub(crate) enum Wakes {
    /// That of the mm that the VMA belonged to, which was kept alive since before the count down: Linux 6.17.
    Pinned,
    /// The same, but nothing keeps the mm alive: Linux 6.15 and 6.16.
    ByPointer,
    /// That of the mm that the VMA belongs to after the count down (P11).
    ByPointerReadLate,
    /// That of its own mm.
    Own,
}

/// The choices. What is given here is right.
pub(crate) trait Choices: Debug + Send + Sync + 'static {
    const KILLABLE: bool = true;
    /// Whether a VMA is stamped before its readers are gone.
    const STAMPS_FIRST: bool = false;
    /// Whether a reader that sees a number sees what was written before it was stamped.
    const ORDERS_STAMP: bool = false;
    /// How often a writer that was killed takes its bit back.
    const TAKES_BACK: u32 = 1;
    const WAKES: Wakes = Wakes::Pinned;
}

/// The mm's half.
#[derive(Debug)]
pub(crate) struct Faulty<M: Machine, C> {
    sequence: MmSequence<M, OddInside>,
    writer: Arc<Rcuwait<M>>,
    choices: PhantomData<fn() -> C>,
}

/// The VMA's half.
#[derive(Debug)]
pub(crate) struct Vma<M: Machine, C> {
    count: RefcountT<M>,
    sequence: VmaSequence<M>,
    /// `vm_mm`, a pointer that keeps nothing alive. The mutex is held for no step of the model.
    mm: Mutex<Weak<Rcuwait<M>>>,
    /// 1 once it was detached.
    detached: M::U32,
    choices: PhantomData<fn() -> C>,
}

impl<M: Machine, C: Choices> Vma<M, C> {
    fn mm(&self) -> Weak<Rcuwait<M>> {
        self.mm.lock().unwrap().clone()
    }

    fn count_down(&self) -> bool {
        let left = self.count.sub_return(1);
        left == OFFSET || left == OFFSET + 1
    }

    fn let_go_of_foreign(&self, own: &Faulty<M, C>) {
        let pointer = self.mm();
        let pinned = match C::WAKES {
            Wakes::Pinned => pointer.upgrade(),
            _ => None,
        };
        if !self.count_down() {
            return;
        }
        // A step in between that a model sees a reason to delay until the VMA is detached: it knows of no word of an mm that is gone.
        self.detached.load(Relaxed);
        let woken = match C::WAKES {
            Wakes::Pinned => pinned,
            Wakes::ByPointer => pointer.upgrade(),
            Wakes::ByPointerReadLate => self.mm().upgrade(),
            Wakes::Own => Some(Arc::clone(&own.writer)),
        };
        woken.expect("use after free: the mm is gone").wake();
    }

    /// `Ok(false)` when the VMA is detached.
    fn drain_and_stamp(&self, mm: &Faulty<M, C>) -> Result<bool, Interrupted> {
        if !self.count.add_not_zero(OFFSET) {
            return Ok(false);
        }
        if C::STAMPS_FIRST {
            if C::ORDERS_STAMP {
                M::fence(Release);
            }
            self.sequence.stamp(&mm.sequence);
        }
        let drained = || self.count.read(Acquire) == OFFSET + 1;
        if C::KILLABLE {
            if let Err(interrupted) = mm.writer.wait_until_or_killed(drained) {
                for _ in 0..C::TAKES_BACK {
                    self.count.sub_return(OFFSET);
                }
                return Err(interrupted);
            }
        } else {
            mm.writer.wait_until(drained);
        }
        self.sequence.stamp(&mm.sequence);
        self.count.sub_return(OFFSET);
        Ok(true)
    }
}

impl<M: Machine, C: Choices> VmaLock for Faulty<M, C> {
    type Machine = M;
    type Vma = Vma<M, C>;
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "faulty-per-mm",
        summary: "to be broken",
        source: "these tests",
        excludes: true,
    };
    const KILLABLE: bool = C::KILLABLE;

    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
            writer: Arc::new(Rcuwait::new()),
            choices: PhantomData,
        }
    }

    fn new_vma() -> Self::Vma {
        Vma {
            count: RefcountT::new(0),
            sequence: VmaSequence::new(),
            mm: Mutex::new(Weak::new()),
            detached: M::U32::new(0),
            choices: PhantomData,
        }
    }

    fn begin_write(&self, _section: &WriteSection<'_>) {
        self.sequence.begin_section();
    }

    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        *vma.mm.lock().unwrap() = Arc::downgrade(&self.writer);
        vma.count.set(1, Release);
    }

    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        if !vma.count.dec_and_test() {
            if vma.count.add_not_zero(OFFSET) {
                let gone = || vma.count.read(Acquire) == OFFSET;
                self.writer.wait_until(gone);
                vma.count.sub_return(OFFSET);
            } else {
                M::fence(Acquire);
            }
        }
        vma.detached.store(1, Relaxed);
    }

    fn start_read(&self, vma: &Self::Vma, _address: u64) -> Result<(), Declined> {
        if vma.sequence.seems_locked(&self.sequence) {
            return Err(Declined::EarlySeq);
        }
        if vma.count.inc_not_zero_limited_acquire(LIMIT).is_err() {
            return Err(Declined::Limit);
        }
        if !std::ptr::eq(vma.mm().as_ptr(), Arc::as_ptr(&self.writer)) {
            vma.let_go_of_foreign(self);
            return Err(Declined::WrongMm);
        }
        if vma.sequence.is_locked(&self.sequence) {
            let _ = self.end_read(vma, ());
            return Err(Declined::LateSeq);
        }
        if C::ORDERS_STAMP {
            M::fence(Acquire);
        }
        Ok(())
    }

    fn end_read(&self, vma: &Self::Vma, _token: ()) -> ReadEnd {
        if vma.count_down() {
            self.writer.wake();
        }
        ReadEnd::Committed
    }

    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        if !vma.sequence.is_stamped(&self.sequence) && !vma.drain_and_stamp(self)? {
            vma.sequence.stamp(&self.sequence);
        }
        Ok(())
    }

    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.sequence.end_section();
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        let count = vma.count.read(Relaxed);
        format!("vm_refcnt={count:#x} vm_lock_seq={}", vma.sequence.number())
    }
}
