//! A lock benchmark as one would write it without a harness: threads, a word that says when, `std::sync::RwLock`.

use runners::clock::Clock;
use runners::delay::chain;
use runners::engine::{Phase, Stage};
use runners::pin::pin_to;
use std::sync::RwLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::thread;
use std::time::Duration;
/// How long all threads run before the window opens.
const SETTLE: Duration = Duration::from_millis(1);

/// What a thread did in the window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) operations: u64,
    pub(crate) ns: u64,
}

/// Turns of the delay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    pub(crate) hold: u64,
    pub(crate) think: u64,
}

/// One thread per CPU repeats its operation, made from the thread's number; a window opens and closes.
///
/// # Panics
/// When a thread is not on its CPU, or an operation returns `false`.
pub(crate) fn window<O: FnMut() -> bool>(
    clock: &Clock,
    window_ns: u64,
    cpus: &[u32],
    operation: impl Fn(u32) -> O + Sync,
) -> Vec<Counted> {
    let stage = Stage::new(cpus.len() as u32);
    thread::scope(|scope| {
        let work = |(number, cpu): (usize, &u32)| {
            let (number, cpu, stage, operation) = (number as u32, *cpu, &stage, &operation);
            scope.spawn(move || {
                pin_to(cpu).expect("an allowed CPU");
                count(stage, number, clock, operation(number))
            })
        };
        let workers: Vec<_> = cpus.iter().enumerate().map(work).collect();
        stage.announce(Phase::Settle);
        while stage.look(Phase::Settle).is_none() {}
        thread::sleep(SETTLE);
        stage.announce(Phase::Open);
        thread::sleep(Duration::from_nanos(window_ns));
        stage.announce(Phase::Closed);
        while stage.look(Phase::Closed).is_none() {}
        stage.announce(Phase::Stop);
        workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"))
            .collect()
    })
}

/// Repeats an operation until the stage says stop; what was done in the window.
fn count(
    stage: &Stage,
    worker: u32,
    clock: &Clock,
    mut operation: impl FnMut() -> bool,
) -> Counted {
    let mut counted = Counted::default();
    let (mut seen, mut first, mut operations, mut failed) = (Phase::Gather, 0, 0_u64, 0_u64);
    loop {
        if !stage.is(seen) {
            let phase = stage.phase();
            if phase >= Phase::Open && seen < Phase::Open {
                operations = 0;
                first = clock.now();
            }
            if phase >= Phase::Closed && seen < Phase::Closed {
                counted = Counted {
                    operations,
                    ns: clock.ns(clock.now() - first),
                };
            }
            if phase == Phase::Stop {
                assert_eq!(failed, 0, "a reader without a writer failed");
                return counted;
            }
            seen = phase;
            stage.seen(worker, phase);
        }
        failed += u64::from(!operation());
        operations += 1;
    }
}

/// A value on a pair of cache lines that it shares with nothing.
#[derive(Debug)]
#[repr(C, align(128))]
struct OwnLines<T>(T);

/// The lock with what the protocol of `lock_variants::adapter` keeps beside it, the payload, the mm's number.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ByHand {
    vma: OwnLines<(RwLock<()>, AtomicU32, AtomicU32)>,
    payload: OwnLines<[AtomicU64; 2]>,
    mm_sequence: OwnLines<AtomicU32>,
}

impl ByHand {
    pub(crate) fn new() -> Self {
        Self {
            vma: OwnLines((RwLock::new(()), AtomicU32::new(u32::MAX), AtomicU32::new(0))),
            payload: OwnLines([AtomicU64::new(0), AtomicU64::new(0)]),
            mm_sequence: OwnLines(AtomicU32::new(0)),
        }
    }

    /// Reads the payload under the lock; whether its words agree.
    #[inline(always)]
    pub(crate) fn read(&self, turns: Turns) -> bool {
        let guard = self.vma.0.0.read();
        let whole = self.payload_is_whole(turns.hold);
        drop(guard);
        chain(turns.think);
        whole
    }

    /// The same, declining as the protocol does: before and after it has locked.
    #[inline(always)]
    pub(crate) fn read_with_sequences(&self, turns: Turns) -> bool {
        let OwnLines((lock, sequence, detached)) = &self.vma;
        let mm_sequence = &self.mm_sequence.0;
        if sequence.load(Relaxed) == mm_sequence.load(Relaxed) {
            return false;
        }
        let Ok(guard) = lock.try_read() else {
            return false;
        };
        let section = mm_sequence.load(Acquire);
        if sequence.load(Relaxed) == section || detached.load(Acquire) != 0 {
            return false;
        }
        let whole = self.payload_is_whole(turns.hold);
        drop(guard);
        chain(turns.think);
        whole
    }

    #[inline(always)]
    fn payload_is_whole(&self, hold: u64) -> bool {
        let [first, second] = &self.payload.0;
        let seen = first.load(Relaxed);
        chain(hold);
        seen == second.load(Relaxed)
    }
}
