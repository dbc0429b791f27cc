//! A cache line that two threads hand to and fro.

use super::PATIENCE;
use crate::clock::Clock;
use crate::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Round trips that are timed at once: far over the step of any clock, far under a turn of the scheduler.
const ROUND_TRIPS: u64 = 50;
/// No line takes longer: a batch that says so had a turn of the scheduler in it. In picoseconds, one way.
const LONGEST_PS: u64 = 5_000_000;
/// How long batches are timed.
const TIMED: Duration = Duration::from_millis(20);
/// Round trips in which each side sends the time.
const STAMPED: u64 = 100;
/// Turns of waiting between looks at the clock.
const TURNS_PER_LOOK: u32 = 1000;

/// A word on a pair of lines of its own: neighbouring lines may be fetched together.
#[derive(Default)]
#[repr(C, align(128))]
struct Line(AtomicU64);

/// What two CPUs showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    /// Half of the fastest round trip, in picoseconds.
    pub(super) one_way_ps: u64,
    /// The most that the clock went back from one CPU to the other, in nanoseconds.
    back_ns: u64,
}

impl Transfer {
    /// The sentence for a clock that goes back, if it does.
    pub(super) fn clock_goes_back(self, a: u32, b: u32) -> Option<String> {
        let back_ns = self.back_ns;
        (back_ns > 0).then(|| format!(
            "the clock goes back by {back_ns} ns between CPUs {a} and {b}, so that stamps of different threads cannot be compared; boot with another clock source, or keep to one of the two"
        ))
    }
}

/// One of the two sides: waits for the other's word and answers it.
struct Side<'line> {
    line: &'line Line,
    clock: &'line Clock,
    /// No waiting beyond this.
    until: u64,
}

impl Side<'_> {
    /// Waits until `arrived` is true of the line's word; `None` when patience runs out, because the other side has no
    /// CPU or has given up.
    fn wait(&self, arrived: impl Fn(u64) -> bool) -> Option<u64> {
        loop {
            // No spin hint: on some processors it waits longer than the line takes.
            for _ in 0..TURNS_PER_LOOK {
                // Acquire: pairs with the other side's Release store; its stamp was taken before.
                let word = self.line.0.load(Ordering::Acquire);
                if arrived(word) {
                    return Some(word);
                }
            }
            if self.clock.now() > self.until {
                return None;
            }
        }
    }

    /// Hands the line over with a word.
    fn send(&self, word: u64) {
        // Release: pairs with the Acquire load in `wait` on the other side.
        self.line.0.store(word, Ordering::Release);
    }
}

/// Measures the pair; `None` when a thread could not be pinned or the machine was too busy for a single batch.
pub(super) fn between(a: u32, b: u32, clock: &Clock) -> Option<Transfer> {
    let (ball, stamps) = (Line::default(), Line::default());
    let until = clock.now().wrapping_add(clock.ticks(as_ns(PATIENCE)));
    let side = |line| Side { line, clock, until };
    thread::scope(|threads| {
        let answering = threads.spawn(|| {
            pin::pin_to(b).ok()?;
            answer(&side(&ball));
            Some(answer_stamps(&side(&stamps)))
        });
        let asking = threads.spawn(|| {
            pin::pin_to(a).ok()?;
            let one_way_ps = ask(&side(&ball));
            let back = ask_stamps(&side(&stamps));
            Some((one_way_ps?, back))
        });
        let (one_way_ps, back_here) = asking.join().ok()??;
        let back_there = answering.join().ok()??;
        Some(Transfer {
            one_way_ps,
            back_ns: clock.ns(back_here.max(back_there)),
        })
    })
}

/// A span in whole nanoseconds.
fn as_ns(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// The last word on a line: the asking side has finished.
const DONE: u64 = u64::MAX;

/// Sends odd words, waits for the next even one, and keeps the fastest batch: half a round trip in picoseconds.
fn ask(side: &Side<'_>) -> Option<u64> {
    let mut word = 0;
    let mut fastest = None;
    let mut round_trips = |count: u64| {
        let start = side.clock.now();
        for _ in 0..count {
            side.send(word + 1);
            side.wait(|seen| seen == word + 2)?;
            word += 2;
        }
        Some(side.clock.now().wrapping_sub(start))
    };
    // The other side has to be there first.
    round_trips(1)?;
    let stop = side
        .clock
        .now()
        .wrapping_add(side.clock.ticks(as_ns(TIMED)));
    while side.clock.now() < stop {
        let Some(ticks) = round_trips(ROUND_TRIPS) else {
            break;
        };
        fastest = Some(fastest.map_or(ticks, |least: u64| least.min(ticks)));
    }
    side.send(DONE);
    let picoseconds = side.clock.ns(fastest?).saturating_mul(1000);
    let one_way_ps = picoseconds / (2 * ROUND_TRIPS);
    (one_way_ps <= LONGEST_PS).then_some(one_way_ps)
}

/// Answers each odd word by the next even one.
fn answer(side: &Side<'_>) {
    let mut word = 0;
    while let Some(seen) = side.wait(|seen| seen > word) {
        if seen == DONE {
            return;
        }
        word = seen + 1;
        side.send(word);
    }
}

/// Sends the time and compares it with the time that comes back; the most that it went back by, in ticks, as far as
/// patience lasts.
///
/// Stamps are sent with the lowest bit set from here and clear from there, so that each side knows the other's.
fn ask_stamps(side: &Side<'_>) -> u64 {
    let mut back = 0;
    for _ in 0..STAMPED {
        side.send(side.clock.now() | 1);
        let Some(theirs) = side.wait(|seen| seen & 1 == 0) else {
            break;
        };
        back = back.max(theirs.saturating_sub(side.clock.now()));
    }
    side.send(DONE);
    back
}

/// Answers each stamp by the time here.
fn answer_stamps(side: &Side<'_>) -> u64 {
    let mut back = 0;
    while let Some(theirs) = side.wait(|seen| seen & 1 == 1) {
        if theirs == DONE {
            break;
        }
        let now = side.clock.now();
        // The lowest bit of the stamp may have been set on the way.
        back = back.max((theirs & !1).saturating_sub(now));
        side.send(now & !1);
    }
    back
}
