//! The series of one number over many runs.

use super::{Choice, LEAST_TO_SEARCH};
use crate::digest::{
    self, Digest, Kind, LATENCY, QUANTILES, RoleTable, Row, Setting, paired_ratio,
};
use crate::stats::{Estimate, Interval, timer_floor_ns};
use crate::words;
use bench_core::record::RoleName;
use bench_core::workload::WorkloadSpec;
use std::collections::{BTreeMap, BTreeSet};

/// The place of the 99th percentile.
const P99: usize = 2;
const _: () = assert!(QUANTILES[P99] == 0.99);

/// One number of one lock over that of the reference, over many runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The lock.
    pub lock: String,
    /// The workload, threads, role and, where it is not the usual one, placement, in words.
    pub setting: String,
    /// `throughput`, or `p99` and of what.
    pub metric: String,
    /// Whether more is better.
    pub more_is_better: bool,
    /// The runs that have it, the oldest first.
    pub points: Vec<Point>,
    /// Where it changes, the oldest change first.
    pub changes: Vec<Change>,
}

/// One run of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The place of the run among all.
    pub run: usize,
    /// The lock's number over the reference's.
    pub ratio: f64,
    /// The 95 % interval over the run's processes; `None` of a single process.
    pub interval: Option<Interval>,
}

/// A change point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The place of the first run that is of the new kind.
    pub run: usize,
    /// The median ratio since the change before, or since the beginning.
    pub before: f64,
    /// The median ratio until the next change, or until the end.
    pub after: f64,
    /// The chance of such a split without a cause in this series.
    pub p_value: f64,
    /// The same, adjusted for all series that are read together.
    pub adjusted_p: f64,
}

impl Change {
    /// By how much the ratio changed, as a share: 0.03 is 3 % more.
    #[must_use]
    pub fn size(&self) -> f64 {
        self.after / self.before - 1.0
    }
}

impl Series {
    /// Whether it is long enough that a change can be told from luck.
    #[must_use]
    pub fn is_searched(&self) -> bool {
        self.points.len() >= LEAST_TO_SEARCH
    }

    /// `better` or `worse`, in the words of the metric.
    #[must_use]
    pub fn direction(&self, change: &Change) -> &'static str {
        if (change.size() > 0.0) == self.more_is_better {
            "faster"
        } else {
            "slower"
        }
    }
}

/// What tells a series from the others.
type Key = (String, u32, String, RoleName, Option<Kind>, String);

/// All series. What was left out goes to `notes`.
pub(super) fn all(
    digests: &[Digest<'_>],
    reference: &str,
    choice: &Choice,
    notes: &mut Vec<String>,
) -> Vec<Series> {
    let mut points: BTreeMap<Key, Vec<Point>> = BTreeMap::new();
    let (mut noisy, mut other_work) = (0, BTreeSet::new());
    for (run, digest) in digests.iter().enumerate() {
        for setting in &digest.settings {
            let chosen = &choice.workloads;
            if !chosen.is_empty() && !chosen.iter().any(|name| name == setting.workload) {
                continue;
            }
            if newest_work(digests, setting.workload) != work(digest, setting.workload) {
                other_work.insert((setting.workload, run));
                continue;
            }
            noisy += u64::from(is_noisy(setting));
            for table in &setting.roles {
                for (key, ratio) in ratios(digest, setting, table, reference, &choice.locks) {
                    points.entry(key).or_default().push(Point {
                        run,
                        ratio: ratio.centre,
                        interval: ratio.interval,
                    });
                }
            }
        }
    }
    if noisy > 0 {
        notes.push(format!(
            "{noisy} times a setting of a run was too noisy, and is not in the series"
        ));
    }
    for (workload, run) in other_work {
        notes.push(format!(
            "{workload} of run {} is not the same work as in the newest run that has it, and is not in the series",
            run + 1
        ));
    }
    let placements: BTreeSet<String> = points.keys().map(|key| key.2.clone()).collect();
    points
        .into_iter()
        .map(|(key, points)| named(key, points, placements.len() > 1))
        .collect()
}

fn named(key: Key, points: Vec<Point>, several_placements: bool) -> Series {
    let (workload, threads, placement, role, kind, lock) = key;
    let placement = if several_placements {
        format!(", {placement}")
    } else {
        String::new()
    };
    Series {
        lock,
        setting: format!(
            "{workload}, {}: {}{placement}",
            words::count(u64::from(threads), "thread"),
            role.word()
        ),
        metric: kind.map_or_else(
            || "throughput".to_owned(),
            |kind| format!("p99 of {}", kind.words()),
        ),
        more_is_better: kind.is_none(),
        points,
        changes: Vec::new(),
    }
}

fn is_noisy(setting: &Setting<'_>) -> bool {
    [digest::THROUGHPUT, LATENCY]
        .iter()
        .any(|mode| setting.rounds(mode).too_noisy())
}

/// Every ratio of the locks of one role to the reference.
fn ratios(
    digest: &Digest<'_>,
    setting: &Setting<'_>,
    table: &RoleTable,
    reference: &str,
    only: &[String],
) -> Vec<(Key, Estimate)> {
    let mut found = Vec::new();
    let place = digest.locks.iter().position(|lock| lock.name == reference);
    let Some(base) = place.and_then(|place| table.row(place)) else {
        return found;
    };
    for row in &table.rows {
        let lock = &digest.locks[row.lock];
        let wanted = only.is_empty() || only.iter().any(|name| name == lock.name);
        if lock.control || row.lock == base.lock || !wanted {
            continue;
        }
        let key = |kind| {
            (
                setting.workload.to_owned(),
                setting.threads,
                setting.placement.to_owned(),
                table.role,
                kind,
                lock.name.to_owned(),
            )
        };
        if !setting.rounds(digest::THROUGHPUT).too_noisy() {
            found.extend(throughput(row, base).map(|ratio| (key(None), ratio)));
        }
        if !setting.rounds(LATENCY).too_noisy() {
            let kinds = table.kinds().into_iter().filter(|kind| kind.is_drawn());
            let of_kind = |kind| Some((key(Some(kind)), p99(digest, row, base, kind)?));
            found.extend(kinds.filter_map(of_kind));
        }
    }
    found
}

fn throughput(row: &Row, base: &Row) -> Option<Estimate> {
    let (mine, theirs) = (row.rate.as_ref()?, base.rate.as_ref()?);
    paired_ratio(&mine.shown().by_round, &theirs.shown().by_round)
}

/// The ratio of the 99th percentiles, paired by process. `None` where one rests on too few samples or is below what the
/// clock can tell.
fn p99(digest: &Digest<'_>, row: &Row, base: &Row, kind: Kind) -> Option<Estimate> {
    let floor = timer_floor_ns(&digest.run.header.clock) as f64;
    let by_process = |row: &Row| -> Option<BTreeMap<u32, f64>> {
        let timing = row.timing(kind)?;
        let quantile = &timing.quantiles[P99];
        let estimate = quantile.estimate.as_ref()?;
        let trusted = quantile.enough && estimate.centre >= floor;
        let values = timing
            .processes
            .iter()
            .copied()
            .zip(estimate.per_process.iter().copied());
        trusted.then(|| values.collect())
    };
    let (mine, theirs) = (by_process(row)?, by_process(base)?);
    let ratio = |(process, value): (&u32, &f64)| Some(value / theirs.get(process)?);
    Estimate::of_ratios(mine.iter().filter_map(ratio).collect())
}

/// What the threads of a workload do in a run; its summary is only words.
fn work(digest: &Digest<'_>, name: &str) -> Option<WorkloadSpec> {
    let specs = &digest.run.header.workloads;
    let found = specs.iter().find(|spec| spec.name == name)?;
    Some(WorkloadSpec {
        summary: String::new(),
        ..found.clone()
    })
}

fn newest_work(digests: &[Digest<'_>], name: &str) -> Option<WorkloadSpec> {
    digests.iter().rev().find_map(|digest| work(digest, name))
}
