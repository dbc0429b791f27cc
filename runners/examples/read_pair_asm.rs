//! The read of `refcount` twice, for `scripts/asm.sh` to compare the instructions: as the lock is written, generic over the
//! machine, and by hand with std's atomics.

use bench_core::lock::{Declined, ReadEnd, VmaLock};
use bench_core::space::Mm;
use lock_variants::refcount::Refcount;
use runners::native::Native;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::fence;

type Lock = Refcount<Native>;
type Vma = <Lock as VmaLock>::Vma;

/// The lock of the catalogue. The functions return numbers of their own: if they did the same, the compiler would make one of them.
#[inline(never)]
fn read_through_the_trait(lock: &Lock, vma: &Vma) -> u32 {
    match lock.start_read(vma, 0) {
        Err(_) => 10,
        Ok(token) => match lock.end_read(vma, token) {
            ReadEnd::Committed => 11,
            ReadEnd::Retry => 12,
        },
    }
}

/// The same by hand.
#[inline(never)]
fn read_by_hand(mm_sequence: &AtomicU32, vma: &PlainVma) -> u32 {
    match vma.start_read(mm_sequence) {
        Err(_) => 20,
        Ok(()) => {
            vma.put();
            21
        }
    }
}

const OFFSET: u32 = 0x4000_0000;
const LIMIT: u32 = OFFSET - 1;
const SATURATED: u32 = 0xc000_0000;

/// A VMA's half by hand; what the words mean and why the orders are enough stands in `lock_variants::refcount`.
struct PlainVma {
    count: AtomicU32,
    sequence: AtomicU32,
    writer: AtomicU32,
}

impl PlainVma {
    #[inline(always)]
    fn start_read(&self, mm_sequence: &AtomicU32) -> Result<(), Declined> {
        if self.sequence.load(Relaxed) == mm_sequence.load(Relaxed) {
            return Err(Declined::EarlySeq);
        }
        let mut old = self.count.load(Relaxed);
        loop {
            if old == 0 {
                return Err(Declined::Detached);
            }
            if LIMIT.wrapping_sub(old).cast_signed() < 1 {
                return Err(self.at_limit());
            }
            let new = old.wrapping_add(1);
            match self.count.compare_exchange_weak(old, new, Acquire, Relaxed) {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
        if old.cast_signed() < 0 || old.wrapping_add(1).cast_signed() < 0 {
            self.saturate();
        }
        let section = mm_sequence.load(Acquire);
        if self.sequence.load(Relaxed) == section {
            self.put();
            return Err(Declined::LateSeq);
        }
        Ok(())
    }

    #[cold]
    fn at_limit(&self) -> Declined {
        if self.count.load(Relaxed) == LIMIT {
            Declined::Limit
        } else {
            Declined::WriterBit
        }
    }

    #[inline(always)]
    fn put(&self) {
        let old = self.count.fetch_sub(1, Release);
        if old == 1 {
            fence(Acquire);
            return;
        }
        if old.cast_signed() <= 0 || old.wrapping_sub(1).cast_signed() < 0 {
            self.saturate();
        }
        let left = old.wrapping_sub(1);
        if left == OFFSET || left == OFFSET + 1 {
            wake(&self.writer);
        }
    }

    #[cold]
    fn saturate(&self) {
        self.count.store(SATURATED, Relaxed);
    }
}

/// Stands for the wake, which is a call in the lock too.
#[cold]
#[inline(never)]
fn wake(writer: &AtomicU32) {
    fence(SeqCst);
    black_box(writer.load(Relaxed));
}

fn main() -> ExitCode {
    let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
    {
        let guard = mm.write_lock();
        mm.lock()
            .start_write(&vma, guard.section())
            .expect("the wait is not killable");
        mm.lock().attach(&vma, guard.section());
    }
    let through = read_through_the_trait(black_box(mm.lock()), black_box(&vma));
    let plain = PlainVma {
        count: AtomicU32::new(1),
        sequence: AtomicU32::new(0),
        writer: AtomicU32::new(0),
    };
    let by_hand = read_by_hand(black_box(&AtomicU32::new(1)), black_box(&plain));
    if (through, by_hand) == (11, 21) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
