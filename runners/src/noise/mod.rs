//! What else went on while a window was open, by signals from outside the window's result.
//!
//! A busy neighbour makes a contended lock look faster or slower, depending on the lock, so that neither outliers nor
//! minima tell a disturbed window from a quiet one. The kernel's accounts do: the coordinator takes a [`Snapshot`]
//! before it opens a window and another after it has closed it, and [`judge`] looks at the difference.
//!
//! # The rule
//!
//! | signal | over its bound when | not used |
//! |---|---|---|
//! | run delay: runnable, not running | over 2 % of the workers' time, or 10 % of one worker's | oversubscribed |
//! | CPU time over wall time | under 0.97 together, or under 0.90 for one | oversubscribed; workers that slept |
//! | CPU time of others on the workers' CPUs | over 2 % of the CPUs' time, or 10 % of one's | CPUs of which nothing tells |
//! | steal | over 1 % of one CPU's time, and so any tick in a window of under 1 s | |
//! | throttling of the control group | at all | |
//! | affinity of a worker | not the CPU that it was put on | |
//!
//! A lock that parks makes run delay by its own wakes: the time from the wake to the CPU's return from idle. Each sleep
//! therefore allows [`WAKE_NS`] of run delay, and a worker that slept is not held to CPU time over wall time. What such a
//! worker's neighbour does shows in the CPU time of others, which no lock makes; where nothing tells that of the worker's
//! CPU, its sleeps together allow no more than [`WAKE_SHARE`] of the time. The coordinator's own work between the
//! snapshots is taken off everywhere.
//!
//! # Where the CPU time of others comes from
//!
//! Each CPU is judged by itself: its time in use less that of the workers that were put on it. The time in use is the
//! first of these that tells:
//!
//! 1. `cpuacct.usage_percpu` of the root control group (version 1): exact.
//! 2. All of the time, when one of the CPU's workers never slept: the CPU was never idle. Of the others' part, 3 % of the
//!    time may be interrupts, steal of less than a tick and the reading of the accounts.
//! 3. `/proc/schedstat`: exact when a task leaves the CPU and silent before. All of the CPU's workers have slept, so that
//!    their turns ended; two mean turns of theirs are taken off for the one that began before the window.
//! 4. `/proc/stat`: ticks of 10 ms, in several columns; used for windows of 200 ms and more.
//!
//! # What is not a signal
//!
//! Involuntary switches are recorded and not judged. On a virtual machine with two CPUs (Linux 6.18), 12,791 quiet windows
//! of 5 ms to 25 ms had 2 of them in the middle and up to 15, from timers and the coordinator. In 1,319 windows two
//! workers slept together 20 times and more, and others took over 10 % of the CPUs. Run delay above the allowance with
//! its limit shows 1,186 of them however it was divided between the two, and 1,290 if one had all of it; without the
//! limit, 415. A bound of one involuntary switch per millisecond, which no quiet window exceeds, shows 2 of the other 133.

mod foreign;
mod judge;
mod processor;
mod task;
mod thread_clock;

pub use judge::judge;
pub(crate) use processor::gaps;

use processor::{CpuTime, Source};
use std::collections::BTreeSet;
use task::Task;

/// Run delay that one sleep may cost without a neighbour, in nanoseconds: an idle CPU has to come back, which takes a
/// virtual one 10 µs to 60 µs.
pub const WAKE_NS: u64 = 100_000;

/// Run delay that all sleeps of a worker may cost, over the elapsed time, where nothing tells who else used its CPU.
///
/// The wakes of quiet pairs cost up to 8 % (1,250 windows of 100 sleeps and more on a virtual machine with two CPUs, 2 % in
/// the middle). A neighbour that takes half of a CPU keeps a worker that wants it waiting for about half of the time,
/// which is over this and the bound for one worker together (30 %).
pub const WAKE_SHARE: f64 = 0.20;

/// The kernel's accounts at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// `CLOCK_MONOTONIC`.
    at_ns: u64,
    /// `CLOCK_MONOTONIC` when the times of the workers and of the CPUs had been read.
    read_ns: u64,
    /// CPU time of the thread that took the snapshot.
    own_cpu_ns: u64,
    /// The workers, in their order.
    tasks: Vec<Task>,
    /// The CPU that each worker was put on.
    placed: Vec<u32>,
    /// The workers' CPUs, each once.
    cpus: Vec<CpuTime>,
    source: Source,
    throttled_ns: Option<u64>,
}

impl Snapshot {
    /// Reads the accounts of the workers (`tids`: kernel thread numbers, of this process) and of the CPUs that they were
    /// put on (`cpus`: one per worker, in the same order).
    ///
    /// It takes some 20 µs for each worker and as much again, on the calling thread, which must not be one of the
    /// workers. It must not be called while a window is open, and after one only when every worker has run since it
    /// closed: the kernel charges a wait for a CPU when it ends.
    #[must_use]
    pub fn take(tids: &[i32], cpus: &[u32]) -> Self {
        let source = processor::source();
        let distinct: BTreeSet<u32> = cpus.iter().copied().collect();
        let at_ns = thread_clock::monotonic_ns();
        // Asking for a thread's CPU time makes the kernel settle its account up to now. The CPU's account follows at
        // once, so that both are of the same moment.
        let own_cpu_ns = thread_clock::own_ns();
        let cpu_ns: Vec<Option<u64>> = tids.iter().map(|&tid| thread_clock::cpu_ns(tid)).collect();
        let cpus_now = processor::read(source, &distinct);
        let read_ns = thread_clock::monotonic_ns();
        let tasks = tids.iter().zip(cpu_ns);
        let tasks = tasks.map(|(&tid, cpu_ns)| Task::read(tid, cpu_ns));
        Self {
            at_ns,
            read_ns,
            own_cpu_ns,
            tasks: tasks.collect(),
            placed: cpus.to_vec(),
            cpus: cpus_now,
            source,
            throttled_ns: processor::throttled_ns(),
        }
    }

    /// The time from `before` to this snapshot in nanoseconds, which is what [`judge`] wants.
    #[must_use]
    pub fn elapsed_ns_since(&self, before: &Self) -> u64 {
        self.at_ns.saturating_sub(before.at_ns)
    }
}

#[cfg(test)]
mod tests;
