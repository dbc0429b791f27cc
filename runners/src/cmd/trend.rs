//! `vmalock trend`: where a lock became faster or slower over many runs of one host.

use super::compare::{HOSTS_EXIT_CODE, INCONCLUSIVE_EXIT_CODE};
use super::report::{load_all, write_whole};
use crate::args::TrendArgs;
use crate::names;
use anyhow::Context;
use reports::Run;
use reports::trend::{Choice, TrendError, trend};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

/// Runs the command. Lines that are no records are named on `err`; the trend is made of the others and the exit code is 2.
///
/// # Errors
/// When a run has no good line, a name is in none of them, a run is given twice or lacks the reference, or the page or the
/// table cannot be written.
pub fn run(
    args: &TrendArgs,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let (runs, whole) = load_all(&args.runs, err)?;
    check_names(args, &runs)?;
    let choice = Choice {
        reference: args.reference.clone(),
        locks: args.lock.clone(),
        workloads: args.workload.clone(),
    };
    let found = match trend(&runs, &choice) {
        Ok(found) => found,
        Err(few @ TrendError::TooFew(_)) => {
            writeln!(err, "vmalock: {few}")?;
            return Ok(ExitCode::from(INCONCLUSIVE_EXIT_CODE));
        }
        Err(hosts @ (TrendError::Hosts { .. } | TrendError::Emulated(_))) => {
            writeln!(err, "vmalock: {hosts}")?;
            return Ok(ExitCode::from(HOSTS_EXIT_CODE));
        }
        Err(other) => return Err(other.into()),
    };
    // The page first: standard output may be closed.
    write_whole(&args.out, reports::trend_html(&found).as_bytes()).with_context(|| {
        format!(
            "the page cannot be written to {}; free some space there or name another file with --out",
            args.out.display()
        )
    })?;
    write!(out, "{found}")?;
    writeln!(out, "page: {}", args.out.display())?;
    Ok(match (whole, found.says_something()) {
        (false, _) => ExitCode::from(crate::USAGE_EXIT_CODE),
        (true, false) => ExitCode::from(INCONCLUSIVE_EXIT_CODE),
        (true, true) => ExitCode::SUCCESS,
    })
}

/// Whether every name that was given is in at least one of the runs.
fn check_names(args: &TrendArgs, runs: &[Run]) -> anyhow::Result<()> {
    let headers = || runs.iter().map(|run| &run.header);
    let locks: BTreeSet<&str> = headers()
        .flat_map(|header| header.locks.iter().map(|lock| lock.name.as_str()))
        .collect();
    let workloads: BTreeSet<&str> = headers()
        .flat_map(|header| header.workloads.iter().map(|spec| spec.name.as_str()))
        .collect();
    let locks: Vec<&str> = locks.into_iter().collect();
    let workloads: Vec<&str> = workloads.into_iter().collect();
    for name in args.lock.iter().chain(&args.reference) {
        names::check("lock", name, &locks)?;
    }
    for name in &args.workload {
        names::check("workload", name, &workloads)?;
    }
    Ok(())
}
