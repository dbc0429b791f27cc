//! How much longer the same work takes on one CPU while another works too.

use super::PATIENCE;
use crate::clock::Clock;
use crate::pin;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// Chains that are worked on at once, so that the processor's adders have no gap for a sibling thread to use.
const CHAINS: usize = 8;
/// Turns of all chains per timed batch: about 100 µs.
const BATCH_TURNS: u32 = 20_000;
/// Batches of which the median counts.
const BATCHES: usize = 15;
/// Times that alone and together are measured, in turn.
const ROUNDS: usize = 5;

/// The work: integer operations only, as many as the processor can do at once.
#[inline(never)]
fn work(turns: u32) {
    let mut chains = [0_u64; CHAINS];
    for (chain, value) in (1..).zip(&mut chains) {
        *value = black_box(chain);
    }
    for _ in 0..turns {
        for value in &mut chains {
            *value = (*value ^ (*value >> 13)).wrapping_add(0x9E37_79B9_7F4A_7C15);
        }
    }
    black_box(chains);
}

/// Time of CPU `a` together with `b` over its time alone, in thousandths; the median of the rounds in which both were
/// seen at work. `None` when there was none, because a thread could not be pinned or a CPU was not to be had.
pub(super) fn permille(a: u32, b: u32, clock: &Clock) -> Option<u64> {
    let round = |_| {
        let alone = alone_ticks(a, clock)?;
        let together = together_ticks(a, b, clock)?;
        Some(together.saturating_mul(1000) / alone.max(1))
    };
    let mut ratios: Vec<u64> = (0..ROUNDS).filter_map(round).collect();
    ratios.sort_unstable();
    ratios.get(ratios.len() / 2).copied()
}

/// The median time of a batch on `a` while the other thread does not exist.
fn alone_ticks(a: u32, clock: &Clock) -> Option<u64> {
    let timed = thread::scope(|threads| {
        let timed = threads.spawn(|| {
            pin::pin_to(a).ok()?;
            Some(batch_ticks(clock))
        });
        timed.join()
    });
    timed.ok()?
}

/// The median time of a batch.
fn batch_ticks(clock: &Clock) -> u64 {
    let mut batches: Vec<u64> = (0..BATCHES)
        .map(|_| {
            let start = clock.now();
            work(BATCH_TURNS);
            clock.now().wrapping_sub(start)
        })
        .collect();
    batches.sort_unstable();
    batches[BATCHES / 2]
}

/// Batches that the other thread has ended, or that it has to stop.
#[derive(Default)]
#[repr(C, align(128))]
struct Progress(AtomicU64);

/// The median time of a batch on `a` while `b` does the same work.
fn together_ticks(a: u32, b: u32, clock: &Clock) -> Option<u64> {
    const STOP: u64 = u64::MAX;
    let (done, stop) = (Progress::default(), Progress::default());
    let patience = Instant::now() + PATIENCE;
    thread::scope(|threads| {
        let other = threads.spawn(|| {
            let pinned = pin::pin_to(b).is_ok();
            // Relaxed: the words carry numbers and publish nothing; each is seen within a moment.
            while pinned && stop.0.load(Ordering::Relaxed) != STOP {
                work(BATCH_TURNS);
                done.0.fetch_add(1, Ordering::Relaxed);
            }
            pinned
        });
        let timed = threads.spawn(|| {
            let pinned = pin::pin_to(a).is_ok();
            // Relaxed: as above. The other side is at work once it has ended a batch.
            while done.0.load(Ordering::Relaxed) == 0 && Instant::now() < patience {
                std::hint::spin_loop();
            }
            let begun = done.0.load(Ordering::Relaxed);
            let ticks = batch_ticks(clock);
            let ended = done.0.load(Ordering::Relaxed);
            stop.0.store(STOP, Ordering::Relaxed);
            // Without progress of the other side the two were not together.
            (pinned && begun > 0 && ended > begun).then_some(ticks)
        });
        let ticks = timed.join();
        let pinned = other.join().ok()?;
        ticks.ok()?.filter(|_| pinned)
    })
}
