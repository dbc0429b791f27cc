//! What the numbers mean, and what they do not.

use super::Page;
use super::text::escape;
use crate::digest::Digest;
use crate::words;

pub(super) fn section(_: &Page<'_>, digest: &Digest<'_>) -> String {
    let header = &digest.run.header;
    let window = escape(&words::short_duration(header.window_ns as f64));
    format!(
        "<dl>
<dt>Closed loop</dt><dd>Each thread asks for its next operation when it has ended the last and its think time. A lock that stalls is asked less often, so its worst moments are sampled least: latencies here are lower than those of arrivals at fixed times.</dd>
<dt>Windows</dt><dd>A cell is one window of {window} of one lock. All threads run before it opens and after it closes; each thread's operations are divided by its own first to last stamp. Throughput is the sum over threads, and a thread that ended nothing counts 0. Throughput, latency and counters come from separate cells: a clock read in every operation would change the thing measured.</dd>
<dt>Same slot</dt><dd>The address of a lock alone makes identical locks differ by several per cent. In a round every lock is built once in the same slot of cache lines, in an order that rotates; the next round has another slot.</dd>
<dt>Processes are the unit</dt><dd>Rounds of one process share its address-space layout and so its luck. Each process gives one value, the median of its rounds; {processes} processes of {rounds} rounds were asked for.</dd>
<dt>Intervals</dt><dd>95 %, Student's t over the processes' values; for ratios and latencies on their logarithms. They say how far the mean would move with other processes on this machine, not how far another machine is. A single process has none.</dd>
<dt>Ratios</dt><dd>Of two locks within each round, then the median of a process, then the interval over processes. Two locks are separated if it leaves 1 out. The fastest is picked from the same data and many comparisons stand side by side, so now and then a difference will be chance: one in twenty where there is none.</dd>
<dt>Percentiles</dt><dd>Histograms of a process's rounds are merged, never averaged; tables give the geometric mean of the processes' percentiles, curves the merger of all. One in several operations is timed.</dd>
<dt>Noise</dt><dd>Judged by signals from outside the result: run delay, CPU time, others' CPU time, steal, throttling. A round in which any lock was disturbed is left out for all locks of its setting; tables show the result of all rounds beside it. A process with more than half of its rounds disturbed, or fewer than five clean (all but one of up to five), is left out whole; with more than a third of the processes gone nothing is ranked.</dd>
<dt>Verified</dt><dd>Every cell checks that no reader saw a torn payload, that no write was lost and that a write-locked VMA declines readers. Cells that fail are listed and not shown. A lock that does not claim to exclude is a control: its line is the floor of the harness.</dd>
<dt>What the numbers do not mean</dt><dd>They are of locks in user space in the shape of the kernel's, without its interrupts, preemption points and page tables: they rank designs under stated work and explain why, and do not predict a kernel's page faults per second. Numbers of two machines are not comparable.</dd>
</dl>\n",
        processes = digest.run.processes(),
        rounds = header.rounds
    )
}
