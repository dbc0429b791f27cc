//! `run --dry-run --like RUN`: what differences the run will tell.

use crate::cmd::compare::HOSTS_EXIT_CODE;
use crate::cmd::report::records_at;
use crate::recording::note;
use bench_core::plan::Plan;
use bench_core::record::Host;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Prints it, from the spread of the earlier run at `like`.
///
/// # Errors
/// When the run has no good line or was emulated, or the line cannot be printed.
pub(super) fn print(
    like: &Path,
    plan: &Plan,
    host: &Host,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let run = reports::load(&records_at(like))?;
    for problem in &run.problems {
        note(&problem.to_string());
    }
    reports::refuse_emulated(&run)?;
    let like = like.display();
    let differences = reports::compare::hosts(&run.header.host, host);
    if !differences.is_empty() {
        let lines: Vec<String> = differences.iter().map(|d| format!("\n  {d}")).collect();
        note(&format!(
            "{like} is of another host, or of this one when it was set up differently, so its spread says nothing here; give a run of this host:{}",
            lines.concat()
        ));
        return Ok(ExitCode::from(HOSTS_EXIT_CODE));
    }
    let told = if plan.processes < 2 {
        "no difference: one process tells nothing about spread; use --processes 2 or more"
            .to_owned()
    } else {
        match reports::ahead(&run, plan.processes, plan.rounds) {
            Some(ahead) => format!("{ahead}, if it spreads like {like}"),
            None => format!(
                "not known: {like} has no setting in which two locks could be ranked over two processes and two rounds"
            ),
        }
    };
    writeln!(out, "can tell:   {told}")?;
    if run.header.window_ns != plan.window_ns {
        writeln!(
            out,
            "            ({like} has windows of {} ms: longer ones spread less)",
            run.header.window_ns / 1_000_000
        )?;
    }
    Ok(if run.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(crate::USAGE_EXIT_CODE)
    })
}
