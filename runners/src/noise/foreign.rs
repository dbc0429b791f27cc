//! CPU time of others on the workers' CPUs, by CPU.

use super::Snapshot;
use super::processor::{CpuTime, Source, TICK_NS};
use super::task::Task;

/// Of a CPU that is never idle, the share that goes to interrupts, to steal of less than a tick and to the reading of the
/// accounts: what CPU time over wall time may lack as well.
const UNSEEN_SHARE: f64 = 0.03;
/// Turns of the workers that may begin before the window and count whole in it. One does; twice the mean, because a long
/// one is the likelier to be cut.
const TURNS_OF_ERROR: u64 = 2;
/// Ticks that a window must have to be judged by ticks, and that are within the error of counting them, per CPU.
const TICKS_TO_JUDGE: u64 = 20;
const TICKS_OF_ERROR: u64 = 3;

/// How one CPU was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// By all.
    pub(super) all_ns: u64,
    /// By the workers that were put on it.
    pub(super) workers_ns: u64,
    /// How much more `all_ns` may be than what was used.
    pub(super) error_ns: u64,
}

impl Use {
    /// The CPUs together.
    pub(super) fn sum(uses: &[Self]) -> Self {
        uses.iter().fold(Self::default(), |sum, one| Self {
            all_ns: sum.all_ns + one.all_ns,
            workers_ns: sum.workers_ns + one.workers_ns,
            error_ns: sum.error_ns + one.error_ns,
        })
    }

    /// What others used.
    pub(super) fn foreign_ns(&self) -> u64 {
        self.all_ns.saturating_sub(self.workers_ns)
    }

    /// What others used at least.
    pub(super) fn certain_ns(&self) -> u64 {
        self.foreign_ns().saturating_sub(self.error_ns)
    }
}

/// The use of each of the workers' CPUs, in the order of `after.cpus`; `None` where nothing tells.
pub(super) fn by_cpu(
    before: &Snapshot,
    after: &Snapshot,
    tasks: &[Task],
    elapsed_ns: u64,
) -> Vec<Option<Use>> {
    // Without the reading of `before`, in which the coordinator may have lost its CPU to a worker.
    let after_reading_ns = after.at_ns.saturating_sub(before.read_ns);
    let cpus = before.cpus.iter().zip(&after.cpus);
    cpus.map(|(before, now)| {
        let placed = tasks.iter().zip(&after.placed);
        let here = placed.filter(|(_, cpu)| **cpu == now.cpu);
        let workers: Vec<&Task> = here.map(|(task, _)| task).collect();
        use_of(
            before,
            now,
            &workers,
            after.source,
            [elapsed_ns, after_reading_ns],
        )
    })
    .collect()
}

/// The use of the CPU that `workers` were put on.
fn use_of(
    before: &CpuTime,
    after: &CpuTime,
    workers: &[&Task],
    source: Source,
    [elapsed_ns, after_reading_ns]: [u64; 2],
) -> Option<Use> {
    let workers_ns = total(workers, |task| task.cpu_ns)?;
    let counted_ns = || Some(after.used_ns?.saturating_sub(before.used_ns?));
    let never_idle = workers.iter().any(|task| task.sleeps() == Some(0));
    let (all_ns, error_ns) = match source {
        Source::Charged(_) => (counted_ns()?, 0),
        _ if never_idle => {
            let steal_ns = after
                .steal_ns
                .zip(before.steal_ns)
                .map_or(0, |(after, before)| after.saturating_sub(before));
            let unseen_ns = (elapsed_ns as f64 * UNSEEN_SHARE) as u64;
            (after_reading_ns.saturating_sub(steal_ns), unseen_ns)
        }
        Source::Switched => {
            let turns = total(workers, |task| Some(task.sleeps()? + task.involuntary?))?;
            let mean_ns = workers_ns / turns.max(1);
            (counted_ns()?.min(elapsed_ns), TURNS_OF_ERROR * mean_ns)
        }
        Source::Ticks if elapsed_ns >= TICKS_TO_JUDGE * TICK_NS => {
            (counted_ns()?, TICKS_OF_ERROR * TICK_NS)
        }
        Source::Ticks => return None,
    };
    Some(Use {
        all_ns,
        workers_ns,
        error_ns,
    })
}

/// The sum of an account over some workers, where all of them have it.
fn total(workers: &[&Task], account: impl Fn(&Task) -> Option<u64>) -> Option<u64> {
    workers.iter().map(|task| account(task)).sum()
}
