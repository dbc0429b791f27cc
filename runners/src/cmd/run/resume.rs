//! A run that is taken up again.

use crate::cmd::report::{REPORT_FILE, RUN_FILE};
use crate::contender::Contender;
use crate::plan_of::plan_of_header;
use crate::recording::{RunFile, Tally, header};
use anyhow::{Context, bail};
use bench_core::plan::{Plan, PlannedCell};
use bench_core::record::{Header, Host, PrecisionGoal};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::Path;

/// What a run has already.
#[derive(Debug, Default)]
pub(super) struct Done {
    cells: BTreeSet<Key>,
    /// How they ended.
    pub(super) tally: Tally,
    /// The time that they took, in seconds.
    pub(super) elapsed_s: u64,
}

/// What tells a cell from the others of its run: lock, workload, threads, placement, mode, process, round.
type Key = (String, String, u32, String, String, u32, u32);

impl Done {
    /// Processes up to the last one that has a record.
    pub(super) fn processes(&self) -> u32 {
        let last = self.cells.iter().map(|key| key.5).max();
        last.map_or(0, |last| last + 1)
    }

    /// Whether a planned cell has its record.
    pub(super) fn has(&self, plan: &Plan, cell: &PlannedCell) -> bool {
        let names = cell.of(plan);
        self.cells.contains(&(
            names.lock.to_owned(),
            names.workload.name.clone(),
            cell.threads,
            names.placement.to_owned(),
            cell.mode.word().to_owned(),
            cell.process,
            cell.round,
        ))
    }
}

/// A run that was interrupted: its file, its plan, its goal if it adds processes, and what it has. The plan and the goal are
/// those of the header.
///
/// # Errors
/// When there is no such run, it is complete, or it was begun by another build, on another machine or with other locks.
pub(super) fn resume(
    directory: &Path,
    contenders: &[Contender],
    host: &Host,
) -> anyhow::Result<(RunFile, Plan, Option<PrecisionGoal>, Done)> {
    let path = directory.join(RUN_FILE);
    let run = reports::load(&path)?;
    if run.footer.as_ref().is_some_and(|footer| footer.complete) {
        bail!(
            "the run in {} is complete; there is nothing to resume",
            directory.display()
        );
    }
    check_same_build(&run.header)?;
    check_same_host(&run.header.host, host)?;
    let locks: Vec<&str> = contenders.iter().map(Contender::name).collect();
    let plan = plan_of_header(&run.header, &locks)?;
    let elapsed_s = run.footer.map_or(0, |footer| footer.elapsed_s);
    let mut done = Done {
        elapsed_s,
        ..Done::default()
    };
    for cell in run.cells {
        done.tally.add(&cell, contenders);
        done.cells.insert((
            cell.lock,
            cell.workload,
            cell.threads,
            cell.placement,
            cell.mode,
            cell.process,
            cell.round,
        ));
    }
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    let whole_bytes = cut_off_half_line(&mut file)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    // Made anew when the run ends.
    let _ = fs::remove_file(directory.join(REPORT_FILE));
    let file = RunFile::again(directory, path, file, whole_bytes);
    Ok((file, plan, run.header.precision, done))
}

/// Results of two builds are two runs.
fn check_same_build(header: &Header) -> anyhow::Result<()> {
    let here = header::tool();
    if header.tool != here {
        bail!(
            "the run was begun by another build ({} {}, {}; this is {} {}, {}); go on with that build, or begin a new run",
            header.tool.version,
            header
                .tool
                .git_revision
                .as_deref()
                .unwrap_or("without a revision"),
            header.tool.profile,
            here.version,
            here.git_revision.as_deref().unwrap_or("without a revision"),
            here.profile
        );
    }
    Ok(())
}

/// Results of two machines are two runs.
fn check_same_host(first: &Host, here: &Host) -> anyhow::Result<()> {
    let facts = |host: &Host| {
        (
            host.arch.clone(),
            host.cpu_model.clone(),
            host.kernel.clone(),
            host.allowed_cpus.clone(),
        )
    };
    if facts(first) != facts(here) {
        let words = |host: &Host| {
            format!(
                "{}, kernel {}, CPUs {:?}",
                host.cpu_model.as_deref().unwrap_or(&host.arch),
                host.kernel.as_deref().unwrap_or("unknown"),
                host.allowed_cpus
            )
        };
        bail!(
            "the run was begun on another machine or with other CPUs ({}; this is {}); go on there, or begin a new run",
            words(first),
            words(here)
        );
    }
    Ok(())
}

/// Takes off what a write that failed left behind the last whole line, so that the next record begins its own. Returns the
/// bytes of whole lines.
fn cut_off_half_line(file: &mut File) -> std::io::Result<u64> {
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let whole = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    if whole < text.len() {
        file.set_len(whole as u64)?;
    }
    Ok(whole as u64)
}
