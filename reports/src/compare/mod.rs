//! Two locks of one run, or two runs of one host, against each other.
//!
//! Always the second over the first, metric by metric. Two locks of a run were measured by the same processes, round by
//! round in the same slot: their throughput is paired by round, their latency by process. Two runs have no process in
//! common: they are compared by the medians of their processes, by Welch's t. Absolute numbers of two hosts are never
//! compared: every field of the host's record has to be the same, but for what is measured of it.

pub(crate) mod differences;
mod judge;
mod measure;
mod metric;
mod shared;
mod table;

use crate::digest::Digest;
use crate::emulated::{Emulated, refuse_emulated};
use crate::read::Run;
use crate::table::{left_out, title};
use crate::verdict;
use bench_core::record::Host;
use judge::{Verdict, judge};
use shared::side;
use std::collections::BTreeSet;
use thiserror::Error;

pub use differences::Difference;
pub use judge::SMALLEST_DIFFERENCE;

pub(crate) use measure::{Measured, Pairing, Side, Why, measure};
pub(crate) use metric::{Better, gated};
pub(crate) use shared::{only_in_one, shared, side_of, work_of};

/// Two locks or two runs, compared. Its text is a table with verdicts in words.
#[derive(Debug)]
pub struct Comparison {
    /// What the two sides are, a sentence each.
    subjects: Vec<String>,
    pairing: Pairing,
    groups: Vec<Group>,
    /// What stands beside the numbers.
    notes: Vec<String>,
}

/// One role of one setting.
#[derive(Debug)]
struct Group {
    title: String,
    lines: Vec<Line>,
}

/// One metric of one lock or of two.
#[derive(Debug)]
struct Line {
    /// The lock, where each line is of one.
    lock: Option<String>,
    /// The lock, or one of the two, does not claim to exclude.
    control: bool,
    measured: Measured,
    /// `None` where there is no ratio.
    verdict: Option<Verdict>,
}

/// Why two runs cannot be compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// They are of two hosts.
    #[error("the two runs are of two hosts, or of one that was set up differently, so their numbers say nothing about each other:\n{}", lines(.0))]
    Hosts(Vec<Difference>),
    /// It is the same run twice.
    #[error(
        "both are the same run, begun at {0}: compare two of its locks with --locks, or give another run"
    )]
    SameRun(String),
    /// One was emulated.
    #[error(transparent)]
    Emulated(#[from] Emulated),
}

fn lines(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(|d| format!("  {d}")).collect();
    lines.join("\n")
}

/// In which fields of their fingerprints two hosts differ: empty if what was measured on the one says something about the
/// other.
#[must_use]
pub fn hosts(one: &Host, other: &Host) -> Vec<Difference> {
    differences::of_hosts(one, other)
}

/// The lock `other` against the lock `one` of the same run. A difference below `margin`, a share such as 0.02, is none;
/// without it each metric has its own.
///
/// # Errors
/// When the run was emulated.
pub fn locks(
    run: &Run,
    [one, other]: [&str; 2],
    margin: Option<f64>,
) -> Result<Comparison, CompareError> {
    refuse_emulated(run)?;
    let digest = Digest::of(run);
    let mut groups = Vec::new();
    for setting in &digest.settings {
        for table in &setting.roles {
            let sides = [one, other].map(|name| side(&digest, setting, table, name));
            let [Some(one), Some(other)] = sides else {
                continue;
            };
            groups.push(Group {
                title: title(&digest, setting, table),
                lines: lines_of([one, other], Pairing::WithinRounds, None),
            });
        }
    }
    let mut comparison = Comparison {
        subjects: vec![format!(
            "A: {one}, B: {other}, both of {}",
            run.file.display()
        )],
        pairing: Pairing::WithinRounds,
        groups,
        notes: of_the_run(&digest, ""),
    };
    comparison.judge(margin);
    Ok(comparison)
}

/// The run `other` against the run `one`, for every lock and setting that both have, or for `only` these locks unless it
/// is empty.
///
/// # Errors
/// When the runs are of two hosts, one and the same, or one of them was emulated.
pub fn runs(
    [one, other]: [&Run; 2],
    only: &[String],
    margin: Option<f64>,
) -> Result<Comparison, CompareError> {
    if one.header == other.header {
        return Err(CompareError::SameRun(one.header.started_at.clone()));
    }
    refuse_emulated(one)?;
    refuse_emulated(other)?;
    let hosts = differences::of_hosts(&one.header.host, &other.header.host);
    if !hosts.is_empty() {
        return Err(CompareError::Hosts(hosts));
    }
    let digests = [Digest::of(one), Digest::of(other)];
    let mut notes: Vec<String> = Vec::new();
    notes.extend(differences::of_builds(&one.header, &other.header));
    notes.extend(of_the_run(&digests[0], "A: "));
    notes.extend(of_the_run(&digests[1], "B: "));
    let mut missing = BTreeSet::new();
    let groups = shared_groups(&digests, only, &mut missing);
    notes.extend(missing);
    let subject = |letter: &str, run: &Run| {
        let header = &run.header;
        let revision = header.tool.git_revision.as_deref();
        format!(
            "{letter}: {}, begun {}, vmalock {} ({})",
            run.file.display(),
            header.started_at,
            header.tool.version,
            revision.unwrap_or("without a revision")
        )
    };
    let mut comparison = Comparison {
        subjects: vec![subject("A", one), subject("B", other)],
        pairing: Pairing::Unpaired,
        groups,
        notes,
    };
    comparison.judge(margin);
    Ok(comparison)
}

impl Comparison {
    /// Whether at least one line has a verdict; without one the comparison says nothing.
    #[must_use]
    pub fn says_something(&self) -> bool {
        self.lines().any(|line| line.verdict.is_some())
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.groups.iter().flat_map(|group| &group.lines)
    }

    fn judge(&mut self, margin: Option<f64>) {
        let mut lines: Vec<&mut Line> = self.groups.iter_mut().flat_map(|g| &mut g.lines).collect();
        judge(&mut lines, margin);
    }
}

/// The groups of settings and roles that both runs have. What only one has goes to `missing`, in words.
fn shared_groups(
    digests: &[Digest<'_>; 2],
    only: &[String],
    missing: &mut BTreeSet<String>,
) -> Vec<Group> {
    let mut groups = Vec::new();
    for shared in shared(digests, only) {
        if !shared.same_work {
            missing.insert(format!(
                "{}: not the same work in both runs, not compared",
                shared.setting.workload
            ));
            continue;
        }
        let lines = shared.locks.iter().flat_map(|(name, sides)| {
            let lock = Some(*name);
            lines_of(*sides, Pairing::Unpaired, lock)
        });
        groups.push(Group {
            title: title(&digests[0], shared.setting, shared.table),
            lines: lines.collect(),
        });
    }
    missing.extend(only_in_one(digests, ["A", "B"]));
    groups
}

fn lines_of(sides: [Side<'_>; 2], pairing: Pairing, lock: Option<&str>) -> Vec<Line> {
    let control = sides
        .iter()
        .any(|side| side.digest.locks[side.row.lock].control);
    let line = |measured| Line {
        lock: lock.map(str::to_owned),
        control,
        measured,
        verdict: None,
    };
    measure(sides, pairing).into_iter().map(line).collect()
}

/// What has to be known of a run beside its numbers.
fn of_the_run(digest: &Digest<'_>, lead: &str) -> Vec<String> {
    [crate::digest::THROUGHPUT, crate::digest::LATENCY]
        .iter()
        .filter_map(|mode| verdict::noise(digest, mode))
        .chain(left_out(digest))
        .map(|note| format!("{lead}{note}"))
        .collect()
}
