//! The rule: which signals are over their bounds.

use super::foreign::{self, Use};
use super::task::Task;
use super::{Snapshot, WAKE_NS, WAKE_SHARE};
use bench_core::record::Noise;
use std::collections::BTreeMap;

/// Run delay over the workers' time.
const RUN_DELAY_SHARE: f64 = 0.02;
/// Run delay of one worker over the elapsed time.
const RUN_DELAY_SHARE_OF_ONE: f64 = 0.10;
/// CPU time over wall time, of all workers that did not sleep.
const CPU_SHARE: f64 = 0.97;
/// CPU time over wall time, of one worker that did not sleep.
const CPU_SHARE_OF_ONE: f64 = 0.90;
/// CPU time of others over that of the CPUs.
const FOREIGN_SHARE: f64 = 0.02;
/// CPU time of others on one CPU over the elapsed time.
const FOREIGN_SHARE_OF_ONE: f64 = 0.10;
/// Steal of one CPU over the elapsed time.
const STEAL_SHARE: f64 = 0.01;

/// Judges what went on between two snapshots of the same workers.
///
/// `elapsed_ns` is the time between the snapshots ([`Snapshot::elapsed_ns_since`]); `workers` is their number;
/// `oversubscribed` says that there are more workers than CPUs, so that they wait for each other.
#[must_use]
pub fn judge(
    before: &Snapshot,
    after: &Snapshot,
    elapsed_ns: u64,
    workers: u32,
    oversubscribed: bool,
) -> Noise {
    let pairs = before.tasks.iter().zip(&after.tasks);
    let tasks: Vec<Task> = pairs.map(|(before, after)| after.since(before)).collect();
    let own_ns = after.own_cpu_ns.saturating_sub(before.own_cpu_ns);
    let total = |field: fn(&Task) -> Option<u64>| tasks.iter().map(field).sum::<Option<u64>>();
    let uses = foreign::by_cpu(before, after, &tasks, elapsed_ns);
    let all_uses: Option<Vec<Use>> = uses.iter().copied().collect();
    let foreign_ns = all_uses.map(|all| Use::sum(&all).foreign_ns().saturating_sub(own_ns));
    let mut noise = Noise {
        run_delay_ns: total(|task| task.run_delay_ns),
        cpu_ns: total(|task| task.cpu_ns),
        foreign_cpu_ns: foreign_ns,
        steal_ns: steal_by_cpu(before, after).into_iter().map(Some).sum(),
        throttled_ns: difference(after.throttled_ns, before.throttled_ns),
        voluntary_switches: total(|task| task.voluntary),
        involuntary_switches: total(|task| task.involuntary),
        dirty: false,
        reasons: Vec::new(),
    };
    if steal_by_cpu(before, after).is_empty() {
        noise.steal_ns = None;
    }
    let window = Window {
        elapsed_ns,
        own_ns,
        tasks: &tasks,
        placed: &after.placed,
        cpus: after.cpus.iter().map(|cpu| cpu.cpu).zip(uses).collect(),
    };
    let reasons = [
        (!oversubscribed)
            .then(|| window.run_delay(workers))
            .flatten(),
        (!oversubscribed).then(|| window.cpu_share()).flatten(),
        window.foreign(),
        steal(&steal_by_cpu(before, after), elapsed_ns),
        throttled(noise.throttled_ns),
        moved(&tasks, &after.placed),
    ];
    noise.reasons = reasons.into_iter().flatten().collect();
    noise.dirty = !noise.reasons.is_empty();
    noise
}

/// `after - before` where both are known.
fn difference(after: Option<u64>, before: Option<u64>) -> Option<u64> {
    Some(after?.saturating_sub(before?))
}

/// A part of a whole; 0 of nothing.
fn share(part_ns: u64, whole_ns: u64) -> f64 {
    part_ns as f64 / whole_ns.max(1) as f64
}

/// The workers between the snapshots.
struct Window<'tasks> {
    elapsed_ns: u64,
    /// What the coordinator worked itself, and so took from a worker.
    own_ns: u64,
    tasks: &'tasks [Task],
    /// The CPU that each worker was put on.
    placed: &'tasks [u32],
    /// The use of each CPU, where it is known.
    cpus: BTreeMap<u32, Option<Use>>,
}

impl Window<'_> {
    /// Run delay that a worker's own sleeps explain. Where the use of its CPU is not known, a neighbour would hide behind
    /// many sleeps, so that there is a limit.
    fn wakes_ns(&self, task: &Task, cpu: u32) -> u64 {
        let wakes_ns = task.sleeps().unwrap_or(0).saturating_mul(WAKE_NS);
        if self.cpus.get(&cpu).is_some_and(Option::is_some) {
            wakes_ns
        } else {
            wakes_ns.min((self.elapsed_ns as f64 * WAKE_SHARE) as u64)
        }
    }

    /// Run delay beyond what the workers' own sleeps and the coordinator explain.
    fn run_delay(&self, workers: u32) -> Option<String> {
        let workers_on_cpus = self.tasks.iter().zip(self.placed);
        let unexplained: Vec<u64> = workers_on_cpus
            .filter_map(|(task, &cpu)| {
                let wakes_ns = self.wakes_ns(task, cpu);
                Some(task.run_delay_ns?.saturating_sub(wakes_ns))
            })
            .collect();
        let less_own = |delay_ns: u64| delay_ns.saturating_sub(self.own_ns);
        let all_ns = less_own(unexplained.iter().sum());
        let all = share(all_ns, self.elapsed_ns.saturating_mul(u64::from(workers)));
        let worst_ns = less_own(unexplained.iter().copied().max()?);
        let worst = share(worst_ns, self.elapsed_ns);
        if all > RUN_DELAY_SHARE {
            Some(format!(
                "workers were kept waiting for a CPU for {:.1} % of their time (bound {:.0} %)",
                all * 100.0,
                RUN_DELAY_SHARE * 100.0
            ))
        } else if worst > RUN_DELAY_SHARE_OF_ONE {
            Some(format!(
                "one worker was kept waiting for a CPU for {:.1} % of its time (bound {:.0} %)",
                worst * 100.0,
                RUN_DELAY_SHARE_OF_ONE * 100.0
            ))
        } else {
            None
        }
    }

    /// CPU time over wall time of the workers that never slept.
    fn cpu_share(&self) -> Option<String> {
        let awake = self.tasks.iter().filter(|task| task.sleeps() == Some(0));
        let cpu_ns: Vec<u64> = awake.filter_map(|task| task.cpu_ns).collect();
        let least_ns = cpu_ns.iter().copied().min()?;
        let wall_ns = self.elapsed_ns.saturating_mul(cpu_ns.len() as u64);
        let all = share(cpu_ns.iter().sum::<u64>() + self.own_ns, wall_ns);
        let worst = share(least_ns + self.own_ns, self.elapsed_ns);
        if all < CPU_SHARE {
            Some(format!(
                "workers that never slept had a CPU for only {:.1} % of the time (bound {:.0} %)",
                all * 100.0,
                CPU_SHARE * 100.0
            ))
        } else if worst < CPU_SHARE_OF_ONE {
            Some(format!(
                "a worker that never slept had a CPU for only {:.1} % of the time (bound {:.0} %)",
                worst * 100.0,
                CPU_SHARE_OF_ONE * 100.0
            ))
        } else {
            None
        }
    }

    /// CPU time of others on the CPUs whose use is known.
    fn foreign(&self) -> Option<String> {
        let known = self
            .cpus
            .iter()
            .filter_map(|(cpu, used)| Some((cpu, (*used)?)));
        let (cpus, uses): (Vec<u32>, Vec<Use>) = known.unzip();
        let less_own = |foreign_ns: u64| foreign_ns.saturating_sub(self.own_ns);
        let by_cpu = cpus.iter().zip(uses.iter().map(Use::certain_ns));
        let (worst_cpu, worst_ns) = by_cpu.max_by_key(|(_, certain_ns)| *certain_ns)?;
        let all_ns = less_own(Use::sum(&uses).certain_ns());
        let all = share(
            all_ns,
            self.elapsed_ns.saturating_mul(self.cpus.len() as u64),
        );
        let worst = share(less_own(worst_ns), self.elapsed_ns);
        if all > FOREIGN_SHARE {
            Some(format!(
                "others used {:.1} % of the workers' CPUs (bound {:.0} %)",
                all * 100.0,
                FOREIGN_SHARE * 100.0
            ))
        } else if worst > FOREIGN_SHARE_OF_ONE {
            Some(format!(
                "others used {:.1} % of CPU {worst_cpu} (bound {:.0} %)",
                worst * 100.0,
                FOREIGN_SHARE_OF_ONE * 100.0
            ))
        } else {
            None
        }
    }
}

/// Each CPU with what the hypervisor took from it.
fn steal_by_cpu(before: &Snapshot, after: &Snapshot) -> Vec<u64> {
    let cpus = before.cpus.iter().zip(&after.cpus);
    cpus.filter_map(|(before, after)| difference(after.steal_ns, before.steal_ns))
        .collect()
}

/// Whether the hypervisor took too much of a CPU.
fn steal(by_cpu: &[u64], elapsed_ns: u64) -> Option<String> {
    let worst_ns = by_cpu.iter().copied().max()?;
    (share(worst_ns, elapsed_ns) > STEAL_SHARE).then(|| {
        format!(
            "the hypervisor took a CPU away (steal {} ms, counted in steps of 10 ms)",
            worst_ns / 1_000_000
        )
    })
}

/// Whether the control group was stopped.
fn throttled(throttled_ns: Option<u64>) -> Option<String> {
    let throttled_us = throttled_ns? / 1000;
    (throttled_ns? > 0).then(|| {
        format!(
            "the control group was stopped for {throttled_us} µs for having used up its CPU limit"
        )
    })
}

/// Whether a worker is no longer held to its CPU.
fn moved(tasks: &[Task], placed: &[u32]) -> Option<String> {
    let mut workers = tasks.iter().zip(placed).enumerate();
    workers.find_map(|(worker, (task, cpu))| {
        let may_run_on = task.may_run_on.as_ref()?;
        (*may_run_on != cpu.to_string()).then(|| {
            format!("worker {worker} was put on CPU {cpu}, but may now run on {may_run_on}")
        })
    })
}
