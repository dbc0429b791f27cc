//! A committed baseline: how every lock did beside a reference lock of the same run.
//!
//! Absolute numbers of two days say little of one host and nothing of two. A ratio to a lock that was measured in the same
//! rounds bears what slows both, and it is only compared on the host and with the compiler that made it.
//!
//! The file is JSON that is meant to lie in git: sorted, one line for each metric of each lock, numbers of six digits.

mod against;
mod changes;
mod entry;
mod file;
mod fit;
mod lines;
mod relative;

use crate::compare::differences::Difference;
use crate::digest::{Digest, LATENCY, THROUGHPUT};
use crate::emulated::refuse_emulated;
use crate::read::Run;
use bench_core::plan::Mode;
use bench_core::record::{Host, ToolInfo};
use bench_core::workload::WorkloadSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

pub use against::Stage;
pub use entry::Entry;
pub use file::BaselineError;

/// The schema that this build writes and reads.
pub const SCHEMA: u32 = 1;
/// The word that tells a baseline from other files.
const RECORD: &str = "baseline";
/// The profile of a build whose numbers count.
const RELEASE: &str = "release";

/// How every lock of a run did beside a reference lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Always `baseline`.
    record: String,
    /// The schema of the file ([`SCHEMA`]).
    pub schema: u32,
    /// Why it was accepted, in the words of who did.
    pub reason: String,
    /// When it was accepted, RFC 3339 in UTC.
    pub accepted_at: String,
    /// When the run began that it was made of, RFC 3339 in UTC.
    pub measured_at: String,
    /// The lock that the others are measured by.
    pub reference: String,
    /// The build that measured.
    pub tool: ToolInfo,
    /// The machine, without what is measured of it.
    pub host: Host,
    /// The locks of the run that exclude, the reference among them, in the order of the run.
    pub locks: Vec<String>,
    /// The workloads, whole.
    pub workloads: Vec<WorkloadSpec>,
    /// Thread counts, ascending.
    pub threads: Vec<u32>,
    /// The modes that have a gated metric.
    pub modes: Vec<Mode>,
    /// Placements, by their words.
    pub placements: Vec<String>,
    /// Processes.
    pub processes: u32,
    /// Rounds in each process.
    pub rounds: u32,
    /// The window in nanoseconds.
    pub window_ns: u64,
    /// Every gated metric of every lock but the reference, sorted by workload, threads, placement, role, lock and metric.
    pub entries: Vec<Entry>,
}

/// Why a run is no baseline; each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Nothing, or blanks.
    #[error(
        "the reason is empty: say in a few words why this run is to be the measure, such as --reason \"new compiler\""
    )]
    EmptyReason,
    /// A build without optimisation.
    #[error(
        "the run was measured by a {0} build, whose numbers say nothing: measure it again with `cargo run --release -- run`"
    )]
    NotARelease(String),
    /// Times of an emulator.
    #[error(
        "the run was emulated, by {0}: no timing in it means anything; measure on a machine of the program's own architecture"
    )]
    Emulated(String),
    /// Lines that are no records.
    #[error("{lines} of the run cannot be read (first {first}): measure it again")]
    BadLines {
        /// How many, in words.
        lines: String,
        /// What is wrong with the first.
        first: String,
    },
    /// It was stopped, or its file lacks the end.
    #[error("the run is not complete: measure the rest with `run --resume --out DIR`")]
    Incomplete,
    /// Too few to know the spread.
    #[error(
        "the run has {0}, and the spread between processes takes at least 2: measure it again with --processes 10"
    )]
    FewProcesses(&'static str),
    /// The lock that was named is not in the run, or does not exclude.
    #[error(
        "the run has no lock `{0}` that excludes, so the others cannot be measured by it: name another one with --reference"
    )]
    NoReference(String),
    /// Cells whose check failed.
    #[error("a lock of the run broke its contract, so the run is no measure: {0}")]
    Unverified(String),
    /// Settings that are void.
    #[error("the run is too noisy, so it is no measure: {}; stop what else runs, see `vmalock host`, and measure it again", .0.join("; "))]
    TooNoisy(Vec<String>),
    /// No metric of two locks in common.
    #[error(
        "the run has nothing to accept: no throughput and no p99 of a second lock beside `{0}`"
    )]
    Nothing(String),
}

impl Baseline {
    /// The baseline that a run makes, with what could not be taken, a sentence each.
    ///
    /// `reference` is a lock of the run, `accepted_at` the present, RFC 3339 in UTC.
    ///
    /// # Errors
    /// Why the run is no measure for others.
    pub fn of(
        run: &Run,
        reference: &str,
        reason: &str,
        accepted_at: &str,
    ) -> Result<(Self, Vec<String>), Refusal> {
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        if reason.is_empty() {
            return Err(Refusal::EmptyReason);
        }
        check_run(run)?;
        let digest = Digest::of(run);
        check_results(&digest, reference)?;
        let (mut entries, mut notes) = (Vec::new(), Vec::new());
        for relative in relative::relatives(&digest, reference) {
            match relative.found {
                Ok(found) => entries.push(found.entry.rounded()),
                Err(why) => notes.push(format!("{} is left out: {}", relative.name, why.words())),
            }
        }
        if entries.is_empty() {
            return Err(Refusal::Nothing(reference.to_owned()));
        }
        entries.sort_by(|a, b| a.key().cmp(&b.key()));
        let header = &run.header;
        let gated = |mode: &&Mode| [THROUGHPUT, LATENCY].contains(&mode.word());
        let excludes = digest.locks.iter().filter(|lock| !lock.control);
        let baseline = Self {
            record: RECORD.to_owned(),
            schema: SCHEMA,
            reason,
            accepted_at: accepted_at.to_owned(),
            measured_at: header.started_at.clone(),
            reference: reference.to_owned(),
            tool: header.tool.clone(),
            host: fit::fingerprint(&header.host),
            locks: excludes.map(|lock| lock.name.to_owned()).collect(),
            workloads: header.workloads.clone(),
            threads: header.threads.clone(),
            modes: header.modes.iter().filter(gated).copied().collect(),
            placements: header.placements.clone(),
            processes: processes(run).len() as u32,
            rounds: header.rounds,
            window_ns: header.window_ns,
            entries,
        };
        Ok((baseline, notes))
    }

    /// In which fields of the machine and of the build this differs from what is here, such that ratios cannot be compared.
    #[must_use]
    pub fn misfits(&self, host: &Host, tool: &ToolInfo) -> Vec<Difference> {
        fit::misfits(self, host, tool)
    }
}

/// Whether the file is whole and of a build and a size that count.
fn check_run(run: &Run) -> Result<(), Refusal> {
    if let Some(first) = run.problems.first() {
        return Err(Refusal::BadLines {
            lines: crate::words::count(run.problems.len() as u64, "line"),
            first: first.to_string(),
        });
    }
    if let Err(emulated) = refuse_emulated(run) {
        return Err(Refusal::Emulated(emulated.emulator));
    }
    if run.header.tool.profile != RELEASE {
        return Err(Refusal::NotARelease(run.header.tool.profile.clone()));
    }
    if !run.footer.as_ref().is_some_and(|footer| footer.complete) {
        return Err(Refusal::Incomplete);
    }
    match processes(run).len() {
        0 => Err(Refusal::FewProcesses("no process")),
        1 => Err(Refusal::FewProcesses("one process")),
        _ => Ok(()),
    }
}

/// The processes that measured something: a run may end before it needs all that it was given.
fn processes(run: &Run) -> BTreeSet<u32> {
    run.cells.iter().map(|cell| cell.process).collect()
}

/// Whether the numbers can be a measure.
fn check_results(digest: &Digest<'_>, reference: &str) -> Result<(), Refusal> {
    let mut locks = digest.locks.iter();
    if !locks.any(|lock| lock.name == reference && !lock.control) {
        return Err(Refusal::NoReference(reference.to_owned()));
    }
    if let Some(first) = digest.unverified.first() {
        return Err(Refusal::Unverified(format!(
            "{} under {} with {}, {}",
            first.lock,
            first.workload,
            crate::words::count(u64::from(first.threads), "thread"),
            first.why
        )));
    }
    let mut void = Vec::new();
    for setting in &digest.settings {
        for mode in [THROUGHPUT, LATENCY] {
            let rounds = setting.rounds(mode);
            if rounds.too_noisy() {
                void.push(format!(
                    "{}, {}, {}, {mode}: {} of {} rounds clean",
                    setting.workload,
                    crate::words::count(u64::from(setting.threads), "thread"),
                    setting.placement,
                    rounds.clean,
                    rounds.all
                ));
            }
        }
    }
    if void.is_empty() {
        Ok(())
    } else {
        Err(Refusal::TooNoisy(void))
    }
}
