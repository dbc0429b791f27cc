//! `vmalock report`: a report from records alone.

use crate::args::ReportArgs;
use anyhow::Context;
use reports::Run;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The records of a run directory.
pub const RUN_FILE: &str = "run.jsonl";
/// The report of a run directory.
pub const REPORT_FILE: &str = "report.html";

/// The record file that a user means by a path: a run directory or the file itself.
#[must_use]
pub fn records_at(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join(RUN_FILE)
    } else {
        path.to_owned()
    }
}

/// Runs the command. Lines that are no records are named on `err`; the report is made of the others and the exit code is 2.
///
/// # Errors
/// When a run has no good line or the report cannot be written.
pub fn run(
    args: &ReportArgs,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let (runs, whole) = load_all(&args.runs, err)?;
    let target = args.out.clone().unwrap_or_else(|| {
        records_at(&args.runs[0])
            .parent()
            .unwrap_or(Path::new("."))
            .join(REPORT_FILE)
    });
    write_report(&target, &runs)?;
    writeln!(out, "{}", target.display())?;
    Ok(if whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(crate::USAGE_EXIT_CODE)
    })
}

/// The runs at these paths, and whether each of their lines is a record; those that are none are named on `err`.
///
/// # Errors
/// When a run has no good line.
pub(super) fn load_all(
    paths: &[PathBuf],
    err: &mut impl Write,
) -> anyhow::Result<(Vec<Run>, bool)> {
    let runs = paths
        .iter()
        .map(|path| Ok(reports::load(&records_at(path))?))
        .collect::<anyhow::Result<Vec<Run>>>()?;
    let mut whole = true;
    for problem in runs.iter().flat_map(|run| &run.problems) {
        whole = false;
        writeln!(err, "vmalock: {problem}")?;
    }
    Ok((runs, whole))
}

/// Writes a report whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_report(target: &Path, runs: &[Run]) -> anyhow::Result<()> {
    let cannot = || {
        format!(
            "the report cannot be written to {}; free some space there or name another file with --out",
            target.display()
        )
    };
    write_whole(target, reports::html(runs).as_bytes()).with_context(cannot)
}

/// Writes a file whole or not at all: another file beside it takes its place.
///
/// # Errors
/// When it cannot be written.
pub fn write_whole(target: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let unfinished = target.with_file_name(name);
    let written =
        std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, target));
    if written.is_err() {
        // There may be none of it.
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}
