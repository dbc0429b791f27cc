//! The kernel's accounts of CPUs: who used them, what the hypervisor took, whether the control group was stopped.

use crate::host::cgroup;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One tick of `/proc/stat`: USER_HZ is 100 on every architecture in use.
pub(super) const TICK_NS: u64 = 10_000_000;

/// Where the CPU time of all tasks on a CPU comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// `cpuacct.usage_percpu` of the root group.
    Charged(&'static Path),
    /// `/proc/schedstat`.
    Switched,
    /// `/proc/stat`.
    Ticks,
}

/// Accounts of one CPU; a field is `None` where the kernel does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CpuTime {
    pub(super) cpu: u32,
    /// CPU time of all tasks.
    pub(super) used_ns: Option<u64>,
    /// What the hypervisor took.
    pub(super) steal_ns: Option<u64>,
}

/// The best source of this machine, looked for once.
pub(super) fn source() -> Source {
    static CHARGED: OnceLock<Option<PathBuf>> = OnceLock::new();
    static SWITCHED: OnceLock<bool> = OnceLock::new();
    let charged = CHARGED.get_or_init(|| charged_file(Path::new("/")));
    if let Some(file) = charged {
        return Source::Charged(file);
    }
    let switched = SWITCHED.get_or_init(|| {
        let text = fs::read_to_string("/proc/schedstat").unwrap_or_default();
        text.lines().any(|line| line.starts_with("cpu"))
    });
    if *switched {
        Source::Switched
    } else {
        Source::Ticks
    }
}

/// The root group's account. A container sees its own group at the top, which lacks what others use: only the root of a
/// version 1 hierarchy has a `release_agent`.
fn charged_file(root: &Path) -> Option<PathBuf> {
    let group = cgroup::group(root, "cpuacct")?;
    let top = group.directories.last()?;
    let file = top.join("cpuacct.usage_percpu");
    (!group.version_2 && top.join("release_agent").exists() && file.exists()).then_some(file)
}

/// The accounts of the CPUs.
pub(super) fn read(source: Source, cpus: &BTreeSet<u32>) -> Vec<CpuTime> {
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    // First what has to be of the same moment as the workers' times.
    let used = match source {
        Source::Charged(file) => text(file),
        Source::Switched => text(Path::new("/proc/schedstat")),
        Source::Ticks => String::new(),
    };
    let stat = text(Path::new("/proc/stat"));
    let of = |&cpu: &u32| CpuTime {
        cpu,
        used_ns: match source {
            Source::Charged(_) => charged_ns(&used, cpu),
            Source::Switched => switched_ns(&used, cpu),
            Source::Ticks => busy_ns(&stat, cpu),
        },
        steal_ns: steal_ns(&stat, cpu),
    };
    cpus.iter().map(of).collect()
}

/// The number of a CPU in `cpuacct.usage_percpu`: one line, by CPU.
fn charged_ns(text: &str, cpu: u32) -> Option<u64> {
    text.split_whitespace().nth(cpu as usize)?.parse().ok()
}

/// The numbers of a CPU's line in `/proc/stat` or `/proc/schedstat`.
fn line(text: &str, cpu: u32) -> Option<Vec<u64>> {
    let name = format!("cpu{cpu}");
    let words = text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(&name)).then_some(words)
    })?;
    words.map(|word| word.parse().ok()).collect()
}

/// `/proc/schedstat`: the time of all tasks that have left the CPU is the seventh number of a CPU.
fn switched_ns(text: &str, cpu: u32) -> Option<u64> {
    line(text, cpu)?.get(6).copied()
}

/// `/proc/stat`: user, nice, system, irq and softirq; guests are in user and nice already.
fn busy_ns(text: &str, cpu: u32) -> Option<u64> {
    let columns = line(text, cpu)?;
    let busy = [0, 1, 2, 5, 6].map(|column| columns.get(column).copied());
    let ticks: Option<u64> = busy.into_iter().sum();
    Some(ticks? * TICK_NS)
}

/// `/proc/stat`: steal is the eighth number.
fn steal_ns(text: &str, cpu: u32) -> Option<u64> {
    Some(line(text, cpu)?.get(7)? * TICK_NS)
}

/// How long the control groups of this process that have a limit were stopped; 0 when none has one.
pub(super) fn throttled_ns() -> Option<u64> {
    static LIMITED: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let limited = LIMITED.get_or_init(|| limited_groups(Path::new("/")));
    let times = limited.iter().map(|file| {
        let text = fs::read_to_string(file).ok()?;
        throttled_in(&text)
    });
    times.sum()
}

/// `cpu.stat` of the groups that this process is in and that have a limit.
fn limited_groups(root: &Path) -> Vec<PathBuf> {
    let Some(group) = cgroup::group(root, "cpu") else {
        return Vec::new();
    };
    let limited = |directory: &&PathBuf| cgroup::limit(directory, group.version_2).is_some();
    let directories = group.directories.iter().filter(limited);
    directories
        .map(|directory| directory.join("cpu.stat"))
        .collect()
}

/// The time in `cpu.stat`: nanoseconds in version 1, microseconds in version 2.
fn throttled_in(text: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(' ')?;
        let value: u64 = value.trim().parse().ok()?;
        match key {
            "throttled_time" => Some(value),
            "throttled_usec" => Some(value * 1000),
            _ => None,
        }
    })
}

/// Which signals this machine lacks, each with what to do about it; for the header's warnings.
pub(crate) fn gaps() -> Vec<String> {
    let mut gaps = Vec::new();
    match source() {
        Source::Charged(_) | Source::Switched => {}
        Source::Ticks => gaps.push("CPU time of others is known in ticks of 10 ms only, so that in windows under 200 ms a neighbour of a worker that sleeps is seen only when it keeps that worker waiting, and slow wakes look like one; use a kernel with CONFIG_SCHEDSTATS (/proc/schedstat), or longer windows".to_owned()),
    }
    if !Path::new("/proc/self/schedstat").exists() {
        gaps.push("the kernel does not tell how long a thread waited for a CPU, so that short disturbances go unseen; use one with CONFIG_SCHED_INFO".to_owned());
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_a_cpu_are_found_by_its_number() {
        let stat = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 50 60 4 5 6 7 8\ncpu10 10 0 0 0 0 0 0 1 0 0\nintr 1\n";
        assert_eq!(busy_ns(stat, 0), Some(15 * TICK_NS));
        assert_eq!(steal_ns(stat, 0), Some(6 * TICK_NS));
        assert_eq!(busy_ns(stat, 10), Some(10 * TICK_NS));
        assert_eq!(busy_ns(stat, 1), None);
        let schedstat = "version 15\ntimestamp 1\ncpu0 1 2 3 4 5 6 777 8 9\ndomain0 3 1 2\n";
        assert_eq!(switched_ns(schedstat, 0), Some(777));
        assert_eq!(switched_ns(schedstat, 1), None);
        assert_eq!(charged_ns("5 6 \n", 1), Some(6));
        assert_eq!(charged_ns("5 6 \n", 2), None);
    }

    #[test]
    fn throttling_is_in_nanoseconds_under_both_versions() {
        let old = "nr_periods 4\nnr_throttled 1\nthrottled_time 5000\n";
        let new = "usage_usec 9\nnr_throttled 1\nthrottled_usec 7\n";
        assert_eq!(throttled_in(old), Some(5000));
        assert_eq!(throttled_in(new), Some(7000));
        assert_eq!(throttled_in(""), None);
    }
}
