//! Many runs of one host, one after the other: where a lock became faster or slower.
//!
//! What is followed is never an absolute number, which moves with the machine, but the ratio to a reference lock of the
//! same run: of the throughput, paired by round, and of the 99th percentile of each kind of operation, paired by process.
//! A change of all locks at one run is therefore one of the reference, or of what moves all but the reference. Locks that
//! do not exclude are left out.

mod series;
pub(crate) mod table;

use crate::compare::Difference;
use crate::compare::differences::of_hosts;
use crate::digest::Digest;
use crate::emulated::{Emulated, refuse_emulated};
use crate::read::Run;
use crate::stats::{EDivisive, benjamini_hochberg, median};
use std::cmp::Ordering;
use std::path::PathBuf;
use thiserror::Error;

pub use series::{Change, Point, Series};

/// With fewer runs there is no series to speak of.
pub const LEAST_RUNS: usize = 4;
/// With fewer runs no order of them is so rare that luck is ruled out at [`SIGNIFICANCE`]: the best one, half before and
/// half after, is 2 of 252 at ten.
pub const LEAST_TO_SEARCH: usize = 10;
/// The runs on each side of a change point, at least: with fewer an outlier is one.
pub const LEAST_SEGMENT: usize = 3;
/// The chance of a split without a cause, in one series.
pub const SIGNIFICANCE: f64 = 0.01;
/// Of the changes that are told in all series together, at most so many have no cause (Benjamini and Hochberg).
pub const FALSE_DISCOVERIES: f64 = 0.05;
/// A smaller change is not told: where the linker puts a function moves results by as much.
pub const SMALLEST_CHANGE: f64 = 0.01;

/// What to follow.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The reference; by default the first lock of the newest run that excludes and that all runs have.
    pub reference: Option<String>,
    /// Only these locks; all if empty.
    pub locks: Vec<String>,
    /// Only these workloads; all if empty.
    pub workloads: Vec<String>,
}

/// A run of a trend.
#[derive(Clone, Debug)]
pub struct Stop {
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// The revision of the build, if it has one.
    pub revision: Option<String>,
    /// Its file.
    pub file: PathBuf,
}

/// The series of many runs, and where they change. Its text is a table of the changes.
#[derive(Debug)]
pub struct Trend {
    /// The machine, in a few words.
    pub host: String,
    /// The runs, the oldest first.
    pub runs: Vec<Stop>,
    /// The reference.
    pub reference: String,
    /// All series, those that change first.
    pub series: Vec<Series>,
    /// What stands beside the numbers, a sentence each.
    pub notes: Vec<String>,
}

/// Why there is no trend.
#[derive(Debug, Error)]
pub enum TrendError {
    /// Too few runs.
    #[error("{} of one host is no trend: it takes at least {LEAST_RUNS}, and {LEAST_TO_SEARCH} to tell a change from luck", runs_in_words(.0))]
    TooFew(usize),
    /// Two of them are of two hosts.
    #[error("`{}` and `{}` are of two hosts, or of one that was set up differently, so their numbers say nothing about each other:\n{}", .one.display(), .other.display(), lines(.differences))]
    Hosts {
        /// The oldest run.
        one: PathBuf,
        /// The first that is of another host.
        other: PathBuf,
        /// In which fields.
        differences: Vec<Difference>,
    },
    /// A run is there twice.
    #[error("`{}` and `{}` are the same run, begun at {}: give each run once", .one.display(), .other.display(), .started_at)]
    Twice {
        /// One of them.
        one: PathBuf,
        /// The other.
        other: PathBuf,
        /// When it began.
        started_at: String,
    },
    /// A run lacks the reference.
    #[error("`{}` does not have the reference `{}`: name another one with --reference, or leave out the run", .file.display(), .reference)]
    NoReference {
        /// The run.
        file: PathBuf,
        /// The reference.
        reference: String,
    },
    /// The reference does not exclude.
    #[error(
        "the reference `{0}` does not exclude anybody, so nothing is measured by it: name another one with --reference"
    )]
    Control(String),
    /// No lock can be the reference.
    #[error(
        "no lock that excludes is in all of the runs, so there is nothing to relate the others to: leave out the runs that have other locks"
    )]
    NothingInCommon,
    /// One of them was emulated.
    #[error(transparent)]
    Emulated(#[from] Emulated),
}

fn runs_in_words(count: &usize) -> String {
    crate::words::count(*count as u64, "run")
}

fn lines(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(|d| format!("  {d}")).collect();
    lines.join("\n")
}

/// The trend of these runs, in the order in which they were begun.
///
/// # Errors
/// When they are too few, of several hosts, emulated, not each once, or without a common reference.
pub fn trend(runs: &[Run], choice: &Choice) -> Result<Trend, TrendError> {
    let mut runs: Vec<&Run> = runs.iter().collect();
    // RFC 3339 in UTC to the second: the order of the words is that of the times.
    runs.sort_by(|a, b| a.header.started_at.cmp(&b.header.started_at));
    check(&runs)?;
    let reference = reference(&runs, choice)?;
    let digests: Vec<Digest<'_>> = runs.iter().map(|run| Digest::of(run)).collect();
    let mut notes = Vec::new();
    let mut series = series::all(&digests, &reference, choice, &mut notes);
    find_changes(&mut series);
    let clearest = |series: &Series| {
        let p = series.changes.iter().map(|change| change.adjusted_p);
        p.fold(f64::INFINITY, f64::min)
    };
    series.sort_by(|a, b| {
        clearest(a)
            .partial_cmp(&clearest(b))
            .unwrap_or(Ordering::Equal)
    });
    let host = &runs[0].header.host;
    Ok(Trend {
        host: format!(
            "{}, {}",
            host.cpu_model.as_deref().unwrap_or(&host.arch),
            crate::words::count(host.allowed_cpus.len() as u64, "CPU")
        ),
        runs: runs.iter().map(|run| stop(run)).collect(),
        reference,
        series,
        notes,
    })
}

impl Trend {
    /// Whether at least one series was long enough to be searched; without one the trend says nothing.
    #[must_use]
    pub fn says_something(&self) -> bool {
        self.series.iter().any(Series::is_searched)
    }
}

fn stop(run: &Run) -> Stop {
    Stop {
        started_at: run.header.started_at.clone(),
        revision: run.header.tool.git_revision.clone(),
        file: run.file.clone(),
    }
}

/// Whether they are enough runs of one host, each once; they are sorted.
fn check(runs: &[&Run]) -> Result<(), TrendError> {
    if runs.len() < LEAST_RUNS {
        return Err(TrendError::TooFew(runs.len()));
    }
    for (place, run) in runs.iter().enumerate() {
        if let Some(same) = runs[..place]
            .iter()
            .find(|other| other.header == run.header)
        {
            return Err(TrendError::Twice {
                one: same.file.clone(),
                other: run.file.clone(),
                started_at: run.header.started_at.clone(),
            });
        }
        refuse_emulated(run)?;
        let differences = of_hosts(&runs[0].header.host, &run.header.host);
        if !differences.is_empty() {
            return Err(TrendError::Hosts {
                one: runs[0].file.clone(),
                other: run.file.clone(),
                differences,
            });
        }
    }
    Ok(())
}

fn reference(runs: &[&Run], choice: &Choice) -> Result<String, TrendError> {
    let find = |run: &Run, name: &str| {
        let found = run.header.locks.iter().find(|lock| lock.name == name);
        found.map(|lock| lock.excludes)
    };
    if let Some(name) = &choice.reference {
        for run in runs {
            match find(run, name) {
                Some(true) => {}
                Some(false) => return Err(TrendError::Control(name.clone())),
                None => {
                    return Err(TrendError::NoReference {
                        file: run.file.clone(),
                        reference: name.clone(),
                    });
                }
            }
        }
        return Ok(name.clone());
    }
    let newest = runs.last().map_or(&[][..], |run| &run.header.locks);
    let common = newest
        .iter()
        .find(|lock| runs.iter().all(|run| find(run, &lock.name) == Some(true)));
    common
        .map(|lock| lock.name.clone())
        .ok_or(TrendError::NothingInCommon)
}

/// Searches every series that is long enough, and keeps what stands when all are read together.
fn find_changes(all: &mut [Series]) {
    let search = EDivisive {
        least_segment: LEAST_SEGMENT,
        significance: SIGNIFICANCE,
        permutations: 9_999,
        seed: 1,
    };
    // Every split that was tested: the series, the place in it if luck does not explain it, the p value.
    let mut tested: Vec<(usize, Option<usize>, f64)> = Vec::new();
    for (number, series) in all.iter().enumerate() {
        if series.is_searched() {
            let logs: Vec<f64> = series.points.iter().map(|p| p.ratio.ln()).collect();
            let found = search.search(&logs);
            let changes = found.changes.iter();
            tested.extend(changes.map(|split| (number, Some(split.at), split.p_value)));
            tested.extend(found.last.map(|split| (number, None, split.p_value)));
        }
    }
    let p_values: Vec<f64> = tested.iter().map(|(.., p)| *p).collect();
    let adjusted = benjamini_hochberg(&p_values);
    for (number, series) in all.iter_mut().enumerate() {
        let of_series = tested.iter().zip(&adjusted);
        let mut kept: Vec<(usize, f64, f64)> = of_series
            .filter(|((of, ..), adjusted)| *of == number && **adjusted <= FALSE_DISCOVERIES)
            .filter_map(|((_, at, p), adjusted)| Some(((*at)?, *p, *adjusted)))
            .collect();
        kept.sort_by_key(|(at, ..)| *at);
        series.changes = changes(&series.points, &kept);
    }
}

/// The changes at these places, with the levels before and after; those that are too small are left out, and what they
/// divided counts as one.
fn changes(points: &[Point], places: &[(usize, f64, f64)]) -> Vec<Change> {
    let level = |from: usize, to: usize| {
        let ratios: Vec<f64> = points[from..to].iter().map(|p| p.ratio).collect();
        median(&ratios).unwrap_or(f64::NAN)
    };
    let mut places = places.to_vec();
    loop {
        let mut bounds = vec![0];
        bounds.extend(places.iter().map(|(at, ..)| *at));
        bounds.push(points.len());
        let all: Vec<Change> = bounds
            .windows(3)
            .zip(&places)
            .map(|(ends, (at, p, adjusted))| Change {
                run: points[*at].run,
                before: level(ends[0], ends[1]),
                after: level(ends[1], ends[2]),
                p_value: *p,
                adjusted_p: *adjusted,
            })
            .collect();
        let smallest = all
            .iter()
            .enumerate()
            .filter(|(_, change)| change.size().ln_1p().abs() < SMALLEST_CHANGE.ln_1p())
            .min_by(|a, b| a.1.size().abs().total_cmp(&b.1.size().abs()));
        let Some((place, _)) = smallest else {
            return all;
        };
        places.remove(place);
    }
}
