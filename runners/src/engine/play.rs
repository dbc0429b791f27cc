//! The measured loops: what a worker does while a window is open.
//!
//! They are free functions with plain arguments, compiled for each lock. Between two operations they read the phase word;
//! besides that they touch the lock, the index, the payload, the thread's own lines and its stack.

use super::probe::Probe;
use super::stage::{Phase, Stage};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::delay::chain;
use bench_core::lock::VmaLock;
use bench_core::outcome::Outcome;
use bench_core::plan::Region;
use bench_core::record::CounterValue;
use bench_core::space::{Goal, Thread};
use bench_core::workload::RoleName;
use std::collections::BTreeMap;

/// What a worker is to do.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The worker's number.
    pub worker: u32,
    /// Its role.
    pub role: RoleName,
    /// Where its operations go, again and again.
    pub goals: Vec<Goal>,
    /// Where the VMAs of the workload lie.
    pub region: Region,
    /// The numbers of the VMAs that it maps and unmaps in turn, past the resident ones.
    pub churned: std::ops::Range<u32>,
    /// Pages that it faults in each VMA that it maps.
    pub pages: u64,
    /// Turns of the delay while it holds a VMA or the mmap lock.
    pub hold_turns: u64,
    /// Turns of the delay between two operations.
    pub think_turns: u64,
    /// Turns of the delay while a page is faulted in a churned VMA.
    pub fault_turns: u64,
}

/// What a worker's window came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// Operations by outcome.
    pub counts: [u64; Outcome::ALL.len()],
    /// Misses of the lookup in the window.
    pub misses: u64,
    /// The clock when the worker saw the window open and closed; equal when it was inside one operation all the while.
    pub first: u64,
    /// See `first`.
    pub last: u64,
    /// Counters over the window.
    pub counters: BTreeMap<String, CounterValue>,
}

/// Plays a part until the stage says stop.
pub(super) fn play<L: VmaLock, P: Probe>(
    part: &Part,
    thread: &mut Thread<'_, L>,
    stage: &Stage,
    clock: &Clock,
    probe: &mut P,
    counters: Option<&mut Counters>,
) -> Window {
    let mut watch = Watch::new(part.worker, stage, clock, counters);
    let hold = part.hold_turns;
    match part.role {
        RoleName::Fault => play_goals(part, thread, probe, &mut watch, |thread, goal, probe| {
            thread.fault(goal, move || {
                probe.held();
                chain(hold);
            })
        }),
        RoleName::Mprotect => play_goals(part, thread, probe, &mut watch, |thread, goal, probe| {
            thread.mprotect(goal, &mut move || {
                probe.held();
                chain(hold);
            })
        }),
        RoleName::Churn => play_churn(part, thread, probe, &mut watch),
    }
    watch.window
}

/// One operation after the other, each to the next goal of the stream.
///
/// A function of its own for each role, so that the loop has the registers to itself.
#[inline(never)]
fn play_goals<L: VmaLock, P: Probe>(
    part: &Part,
    thread: &mut Thread<'_, L>,
    probe: &mut P,
    watch: &mut Watch<'_>,
    mut operation: impl FnMut(&mut Thread<'_, L>, Goal, &mut P) -> Outcome,
) {
    let think = part.think_turns;
    let stage = watch.stage;
    let mut seen = watch.seen;
    let mut counts = [0; Outcome::ALL.len()];
    // What nearly every fault ends with is counted in a register.
    let mut fast = 0;
    for goal in part.goals.iter().cycle() {
        if !stage.is(seen) {
            counts[Outcome::Fast.index()] += std::mem::take(&mut fast);
            if watch.turn(&mut counts, thread.tally().misses, probe) {
                return;
            }
            seen = watch.seen;
        }
        probe.requested();
        let outcome = operation(thread, *goal, probe);
        match outcome {
            Outcome::Fast => fast += 1,
            other => counts[other.index()] += 1,
        }
        probe.ended(outcome);
        chain(think);
    }
}

/// Maps a VMA, faults each of its pages, unmaps it. The phase is looked at before each of these, so that a window closes
/// between operations and not only between mappings.
fn play_churn<L: VmaLock, P: Probe>(
    part: &Part,
    thread: &mut Thread<'_, L>,
    probe: &mut P,
    watch: &mut Watch<'_>,
) {
    let (hold, think) = (part.hold_turns, part.think_turns);
    let mut counts = [0; Outcome::ALL.len()];
    for number in part.churned.clone().cycle() {
        let (start, end) = part.region.range(number);
        if watch.changed() && watch.turn(&mut counts, thread.tally().misses, probe) {
            break;
        }
        probe.requested();
        let slot = thread.map(start, end, &mut || {
            probe.held();
            chain(hold);
        });
        let slot = slot.expect("the range and the free slots are this thread's own");
        counts[Outcome::Map.index()] += 1;
        probe.ended(Outcome::Map);
        chain(think);
        for page in 0..part.pages {
            if watch.changed() {
                // Not left here at `Stop`: what was mapped is unmapped first.
                let _ = watch.turn(&mut counts, thread.tally().misses, probe);
            }
            probe.requested();
            let outcome = thread.fault(part.region.goal(number, page, slot), || {
                probe.held();
                chain(part.fault_turns);
            });
            counts[outcome.index()] += 1;
            probe.ended(outcome);
            chain(think);
        }
        if watch.changed() {
            let _ = watch.turn(&mut counts, thread.tally().misses, probe);
        }
        probe.requested();
        let unmapped = thread.unmap(start, &mut || {
            probe.held();
            chain(hold);
        });
        debug_assert!(unmapped, "this thread mapped it and nobody else unmaps it");
        counts[Outcome::Unmap.index()] += 1;
        probe.ended(Outcome::Unmap);
        chain(think);
        if watch.stopped() {
            break;
        }
    }
}

/// A worker's eye on the stage.
struct Watch<'a> {
    worker: u32,
    stage: &'a Stage,
    clock: &'a Clock,
    counters: Option<&'a mut Counters>,
    seen: Phase,
    misses_before: u64,
    window: Window,
}

impl<'a> Watch<'a> {
    fn new(
        worker: u32,
        stage: &'a Stage,
        clock: &'a Clock,
        counters: Option<&'a mut Counters>,
    ) -> Self {
        Self {
            worker,
            stage,
            clock,
            counters,
            seen: Phase::Gather,
            misses_before: 0,
            window: Window::default(),
        }
    }

    #[inline(always)]
    fn changed(&self) -> bool {
        !self.stage.is(self.seen)
    }

    fn stopped(&self) -> bool {
        self.seen == Phase::Stop
    }

    /// The phase has changed: stamps the window. Returns whether to stop.
    #[cold]
    #[inline(never)]
    fn turn<P: Probe>(
        &mut self,
        counts: &mut [u64; Outcome::ALL.len()],
        misses: u64,
        probe: &mut P,
    ) -> bool {
        let phase = self.stage.phase();
        if phase >= Phase::Open && self.seen < Phase::Open {
            // Counts what ends from here on. The operation that was under way when the window opened is not counted, the one
            // that is under way when it closes is.
            *counts = [0; Outcome::ALL.len()];
            self.misses_before = misses;
            if let Some(counters) = &mut self.counters {
                counters.enable();
            }
            probe.opened();
            self.window.first = self.clock.now();
        }
        if phase >= Phase::Closed && self.seen < Phase::Closed {
            self.window.last = self.clock.now();
            probe.closed();
            if let Some(counters) = &mut self.counters {
                self.window.counters = counters.disable_and_read();
            }
            self.window.counts = *counts;
            self.window.misses = misses - self.misses_before;
        }
        self.seen = phase;
        self.stage.seen(self.worker, phase);
        phase == Phase::Stop
    }
}
