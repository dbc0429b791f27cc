//! `run --build`: one plan on several programs, which take turns.

use crate::args::{Build, RunArgs};
use crate::cmd::beside::{Machine, Measuring, Party, Program};
use crate::cmd::host::look;
use crate::cmd::report::{REPORT_FILE, RUN_FILE, write_report};
use crate::contender::Contender;
use crate::plan_of::check_window;
use crate::plan_words::{about, print_plan};
use crate::recording::{Tally, dated_directory, header, make_directory, note};
use anyhow::{Context, bail};
use bench_core::plan::Plan;
use bench_core::record::Cell;
use reports::Run;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Measures the plan with every build, each into a directory of its name below that of the run, and writes one report on all.
///
/// # Errors
/// When a program cannot be measured beside the others or lacks a lock of the plan; when something cannot be written.
pub(super) fn run(
    args: &RunArgs,
    contenders: &[Contender],
    plan: &Plan,
    stop: &AtomicBool,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let programs = ask(&args.build, plan)?;
    if args.dry_run {
        print_plan(plan, out)?;
        let (count, ns) = (programs.len(), plan.estimate_ns());
        writeln!(
            out,
            "builds:     {count} programs take turns, so about {}",
            about(count as u64 * ns)
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let machine = Machine::of(look());
    check_window(plan, machine.clock.quantum_ns)?;
    let directory = args.out.clone();
    let directory = directory.unwrap_or_else(|| dated_directory("vmalock-run"));
    make_directory(&directory)?;
    for warning in &machine.warnings {
        note(&format!("note: {warning}"));
    }
    let parties = args.build.iter().zip(&programs);
    let parties = parties.map(|(build, program)| Party {
        name: &build.name,
        path: program.path.clone(),
        other: Some(program),
    });
    let measuring = Measuring {
        contenders,
        parties: parties.collect(),
        machine,
        hang_limit: Duration::from_secs(args.hang_limit_s),
        stop,
    };
    let measured = measuring.stage(&directory, plan, false);
    // Of a session that was stopped or failed, what there is.
    let complete = matches!(measured, Ok(Some(_)));
    let finished = finish(&args.build, &directory, out);
    measured?;
    let runs = finished?;
    if !complete {
        note(
            "the run is not complete: it was stopped by a signal; one of several builds cannot be resumed",
        );
    }
    Ok(tally(&runs, contenders).exit_code(complete))
}

/// What the programs say of themselves.
fn ask(builds: &[Build], plan: &Plan) -> anyhow::Result<Vec<Program>> {
    let names: BTreeSet<&str> = builds.iter().map(|build| build.name.as_str()).collect();
    if names.len() < 2 || names.len() < builds.len() {
        bail!(
            "--build is given once for each of at least two builds, each with a name of its own; this program takes part only if it is given, too"
        );
    }
    let mut programs: Vec<Program> = Vec::new();
    for Build { name, program } in builds {
        let asked = Program::ask(program).with_context(|| format!("the build {name}"))?;
        asked.check_profile(&header::tool())?;
        let has = |lock: &String| asked.locks.iter().any(|info| info.name == *lock);
        if let Some(lock) = plan.locks.iter().find(|lock| !has(lock)) {
            bail!(
                "the build {name} has no lock called `{lock}`; name the locks of all builds with --lock"
            );
        }
        programs.push(asked);
    }
    Ok(programs)
}

/// The report and the table, from the records as they lie on disk. The report first: standard output may be closed.
fn finish(builds: &[Build], directory: &Path, out: &mut impl Write) -> anyhow::Result<Vec<Run>> {
    let load = |build: &Build| reports::load(&directory.join(&build.name).join(RUN_FILE));
    let runs: Vec<Run> = builds.iter().map(load).collect::<Result<_, _>>()?;
    let report = directory.join(REPORT_FILE);
    write_report(&report, &runs)?;
    write!(out, "{}", reports::builds(&runs))?;
    writeln!(out, "records: {}/*/{RUN_FILE}", directory.display())?;
    writeln!(out, "report:  {}", report.display())?;
    Ok(runs)
}

/// How the cells of all builds ended.
fn tally(runs: &[Run], contenders: &[Contender]) -> Tally {
    let mut tally = Tally::default();
    let cells: Vec<&Cell> = runs.iter().flat_map(|run| &run.cells).collect();
    for cell in cells {
        tally.add(cell, contenders);
    }
    tally
}
