//! `vmalock baseline exact`: what the locks of this program cost without a clock becomes the measure of later checks.

use crate::args::ExactArgs;
use crate::cmd::report::write_whole;
use crate::exact;
use crate::recording::header::tool;
use anyhow::{Context, bail};
use reports::exact::{Counts, ExactFile, differences};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Runs the command. Says what changes against the file that is overwritten.
///
/// # Errors
/// When this is a debug build, there is no reason or no valgrind, a lock cannot be counted, or the file cannot be written.
pub(super) fn run(args: &ExactArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let reason = args.reason.trim();
    if reason.is_empty() {
        bail!("--reason is empty: say in a few words why these counts are right");
    }
    exact::check_release("baseline exact --reason ...")?;
    let path = exact::committed(args.out.as_deref())?;
    let old = match path.exists() {
        // What lies there may not be ours.
        true => exact::read(&path)?.counts,
        false => Counts::default(),
    };
    let program = std::env::current_exe().context("the path of this program is not known")?;
    let file = ExactFile {
        reason: reason.to_owned(),
        revision: tool().git_revision,
        counted_by: exact::counter_version()?,
        build: exact::this_build(),
        counts: exact::of_program(&program)?,
    };
    let directory = path.parent().unwrap_or(Path::new(""));
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| write_whole(&path, file.text().as_bytes()));
    written.with_context(|| {
        format!(
            "the counts cannot be written to {}; make room there or name another file with --out",
            path.display()
        )
    })?;
    for difference in differences(&old, &file.counts) {
        writeln!(out, "{difference}")?;
    }
    let Counts { locks, paths } = &file.counts;
    writeln!(
        out,
        "{} locks with {} paths: written to {}",
        locks.len(),
        paths.len(),
        path.display()
    )?;
    Ok(ExitCode::SUCCESS)
}
