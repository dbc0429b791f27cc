//! One VMA and its mm, for a slot of the arena, and the operations on their locks that are timed.

use bench_core::lock::{ReadEnd, VmaLock};
use bench_core::space::{Mm, PAGE_BYTES};
use runners::native::Native;
use runners::pin::{allowed_cpus, pin_to};
use std::hint::black_box;

/// An address in the VMA.
const ADDRESS: u64 = 0x7f00_0000_0000;

/// A value on a pair of cache lines that it shares with nothing.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct OwnLines<T>(pub(crate) T);

/// A VMA and its mm. The VMA comes first, so that its lock lies where the slot begins, as a bare word built there does.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Stand<L: VmaLock<Machine = Native>> {
    pub(crate) vma: OwnLines<L::Vma>,
    pub(crate) mm: Mm<L>,
}

impl<L: VmaLock<Machine = Native>> Stand<L> {
    /// An mm with a detached VMA.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self {
            vma: OwnLines(L::new_vma()),
            mm: Mm::new(),
        }
    }

    /// What a page fault does to the locks: holds the VMA and lets go of it. Under the mmap lock where the design has no
    /// lock per VMA. Returns whether it held what it was to hold.
    #[inline(always)]
    pub(crate) fn read_pair(&self) -> bool {
        if !L::PER_VMA {
            drop(self.mm.read_lock());
            return true;
        }
        match self.mm.lock().start_read(&self.vma.0, ADDRESS) {
            Ok(token) => self.mm.lock().end_read(&self.vma.0, token) == ReadEnd::Committed,
            Err(_) => false,
        }
    }

    /// The half of `mmap`: a detached VMA is write-locked and attached.
    #[inline(always)]
    pub(crate) fn map(&self) -> bool {
        let guard = self.mm.write_lock();
        let range = ADDRESS..ADDRESS + PAGE_BYTES;
        let lock = self.mm.lock();
        lock.set_range(&self.vma.0, range, guard.section());
        let locked = self
            .mm
            .lock()
            .start_write(&self.vma.0, guard.section())
            .is_ok();
        self.mm.lock().attach(&self.vma.0, guard.section());
        locked
    }
}

/// Does an operation `turns` times.
///
/// # Panics
/// When it did not do what it is timed for even once: nobody else is there, so that nothing can be in its way.
#[inline(always)]
pub(crate) fn repeat<T>(value: &T, turns: u64, operation: impl Fn(&T) -> bool) {
    // The compiler is not to know where the value lies or what it holds.
    let value = black_box(value);
    let mut failed = 0_u64;
    for _ in 0..turns {
        failed += u64::from(!operation(value));
    }
    assert_eq!(failed, 0, "an operation without a rival failed");
}

/// Pins the calling thread to the last CPU that it may use: the first is where interrupts go.
pub(crate) fn pin() {
    let cpu = allowed_cpus()
        .last()
        .expect("a running thread may run somewhere");
    pin_to(*cpu).expect("an allowed CPU");
}
