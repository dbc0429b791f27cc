//! The kernel's accounts of one worker.

use std::fs;

/// Accounts of one thread; a field is `None` where the kernel does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) cpu_ns: Option<u64>,
    pub(super) run_delay_ns: Option<u64>,
    pub(super) voluntary: Option<u64>,
    pub(super) involuntary: Option<u64>,
    /// Whether it was asleep: a sleep that `voluntary` counts as of its beginning.
    pub(super) asleep: bool,
    /// Where it may run, as the kernel writes it.
    pub(super) may_run_on: Option<String>,
}

impl Task {
    /// Reads the thread's files. `cpu_ns` has been asked for already, being exact only for a moment.
    pub(super) fn read(tid: i32, cpu_ns: Option<u64>) -> Self {
        let directory = format!("/proc/self/task/{tid}");
        let text = |name: &str| fs::read_to_string(format!("{directory}/{name}"));
        let schedstat = text("schedstat").unwrap_or_default();
        let status = text("status").unwrap_or_default();
        Self::parse(&schedstat, &status, cpu_ns)
    }

    /// The accounts in the texts of the two files.
    pub(super) fn parse(schedstat: &str, status: &str, cpu_ns: Option<u64>) -> Self {
        let mut times = schedstat.split_whitespace();
        let mut time = || times.next()?.parse().ok();
        let run_ns: Option<u64> = time();
        let line = |key: &str| {
            let mut lines = status.lines();
            let value = lines.find_map(|line| line.strip_prefix(key))?;
            Some(value.strip_prefix(':')?.trim())
        };
        let number = |key: &str| line(key)?.parse().ok();
        Self {
            cpu_ns: cpu_ns.or(run_ns),
            run_delay_ns: time(),
            voluntary: number("voluntary_ctxt_switches"),
            involuntary: number("nonvoluntary_ctxt_switches"),
            asleep: line("State").is_some_and(|state| !state.starts_with('R')),
            may_run_on: line("Cpus_allowed_list").map(str::to_owned),
        }
    }

    /// What came since `before`; whether it was asleep is as of then, where the worker may run as of now.
    pub(super) fn since(&self, before: &Self) -> Self {
        let since = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        Self {
            cpu_ns: since(self.cpu_ns, before.cpu_ns),
            run_delay_ns: since(self.run_delay_ns, before.run_delay_ns),
            voluntary: since(self.voluntary, before.voluntary),
            involuntary: since(self.involuntary, before.involuntary),
            asleep: before.asleep,
            may_run_on: self.may_run_on.clone(),
        }
    }

    /// How often it slept, with a sleep that had begun before.
    pub(super) fn sleeps(&self) -> Option<u64> {
        Some(self.voluntary? + u64::from(self.asleep))
    }
}
