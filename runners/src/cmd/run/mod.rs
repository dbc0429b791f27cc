//! `vmalock run`: plan, measure, write the records and the report, print a table.

mod header;
mod output;
mod progress;
mod signals;

use crate::args::RunArgs;
use crate::cmd::host::look;
use crate::cmd::report::{REPORT_FILE, write_report};
use crate::cmd::verify::BROKEN_EXIT_CODE;
use crate::contender::Contender;
use crate::host;
use crate::plan_of::plan_of;
use crate::session::{Arm, Lockstep};
use bench_core::plan::{Mode, Plan, planned_cells};
use bench_core::record::{Cell, Footer, Record, Status};
use output::{Done, RunFile};
use progress::Progress;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

/// The exit code of a run that is not complete.
const INCOMPLETE_EXIT_CODE: u8 = 3;

/// Runs the command.
///
/// # Errors
/// One line that says what is wrong and what to do; what was measured until then is kept.
pub fn run(
    args: &RunArgs,
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let names: Vec<&str> = contenders.iter().map(Contender::name).collect();
    let (host, _) = host::read(Path::new("/"));
    // Before the first file is made, so that no signal leaves half a run behind.
    let stop = signals::stop_flag()?;
    if args.resume {
        let directory = args.out.as_deref().unwrap_or(Path::new("."));
        let (file, plan, done) = output::resume(directory, contenders, &host)?;
        return Measuring {
            args,
            contenders,
            plan: &plan,
            stop: &stop,
        }
        .measure(file, &done, out);
    }
    let plan = plan_of(args, &names, &host)?;
    if args.dry_run {
        print_plan(&plan, out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (host, clock, warnings) = look();
    check_window(&plan, clock.info().quantum_ns)?;
    let directory = args.out.clone().unwrap_or_else(default_directory);
    let mut file = output::create(&directory)?;
    let header = header::header(&plan, None, contenders, host, clock.info(), warnings);
    for warning in &header.warnings {
        progress::note(&format!("note: {warning}"));
    }
    file.write(&Record::Header(Box::new(header)))?;
    Measuring {
        args,
        contenders,
        plan: &plan,
        stop: &stop,
    }
    .measure(file, &Done::default(), out)
}

/// A window of fewer steps of the clock than this has an error of its own of over a thousandth.
const LEAST_STEPS: u64 = 1000;

/// Refuses a window that is too short for this machine's clock.
fn check_window(plan: &Plan, quantum_ns: u64) -> anyhow::Result<()> {
    let least_ns = LEAST_STEPS * quantum_ns;
    if plan.window_ns < least_ns {
        anyhow::bail!(
            "a window of {} ms is too short for the clock of this machine, whose step is {quantum_ns} ns; give at least {} with --window-ms",
            plan.window_ns / 1_000_000,
            least_ns.div_ceil(1_000_000)
        );
    }
    Ok(())
}

/// `vmalock-run-DATE-TIME` in the current directory.
fn default_directory() -> PathBuf {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    PathBuf::from(format!(
        "vmalock-run-{}",
        now.replace(':', "").trim_end_matches('Z')
    ))
}

/// What a run measures and with what.
struct Measuring<'a> {
    args: &'a RunArgs,
    contenders: &'a [Contender],
    plan: &'a Plan,
    stop: &'a AtomicBool,
}

impl Measuring<'_> {
    /// Measures what `done` lacks; writes the footer, the report and the table, also of a run that was stopped.
    fn measure(
        &self,
        mut file: RunFile,
        done: &Done,
        out: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        let start = Instant::now();
        let total = self.plan.cells_per_process() * u64::from(self.plan.processes);
        let mut tally = done.tally.clone();
        let done_before = tally.ok + tally.error;
        let left_ns = u128::from(self.plan.estimate_ns()) * u128::from(total - done_before)
            / u128::from(total.max(1));
        progress::note(&format!(
            "{} cells to measure into {}, about {}; Ctrl-C ends the run and keeps what it has",
            total - done_before,
            file.directory().display(),
            about(left_ns as u64)
        ));
        let mut progress = Progress::new(total, done_before);
        let measured = self.cells(&mut file, done, &mut tally, &mut progress);
        progress.end();
        let complete = tally.ok + tally.error == total;
        let reason = match &measured {
            Err(error) => Some(format!("{error:#}")),
            Ok(()) if !complete => Some("stopped by a signal".to_owned()),
            Ok(()) => None,
        };
        let footer = Footer {
            complete,
            cells_planned: total,
            cells_ok: tally.ok,
            cells_error: tally.error,
            elapsed_s: done.elapsed_s + start.elapsed().as_secs(),
            reason: reason.clone(),
        };
        let footed = file.write(&Record::Footer(footer));
        let finished = finish(&file, out);
        // The first thing that went wrong is what the user has to know; the others follow from it.
        measured.and(footed).and(finished)?;
        if let Some(reason) = reason {
            let directory = file.directory().display();
            progress::note(&format!(
                "the run is not complete ({reason}); `run --resume --out {directory}` measures the rest"
            ));
        }
        Ok(tally.exit_code(complete))
    }

    /// Every process in turn; each record is written before the next cell begins.
    fn cells(
        &self,
        file: &mut RunFile,
        done: &Done,
        tally: &mut Tally,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        let plan = self.plan;
        let arms = [Arm::of_this_program(plan.clone())?];
        let lockstep = Lockstep {
            arms: &arms,
            hang_limit: Duration::from_secs(self.args.hang_limit_s),
            stop: self.stop,
        };
        for process in 0..plan.processes {
            let planned = planned_cells(plan, process);
            let left: Vec<usize> = (0..planned.len())
                .filter(|number| !done.has(plan, &planned[*number]))
                .collect();
            progress.process(process, plan.processes);
            lockstep.run_cells(process, &left, &mut |_, cell| {
                let record = Record::Cell(cell);
                file.write(&record)?;
                if let Record::Cell(cell) = &record {
                    tally.add(cell, self.contenders);
                    progress.cell(cell);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// The report and the table, from the records as they lie on disk. The report first: standard output may be closed.
fn finish(file: &RunFile, out: &mut impl Write) -> anyhow::Result<()> {
    let run = reports::load(file.path())?;
    let report = file.directory().join(REPORT_FILE);
    write_report(&report, std::slice::from_ref(&run))?;
    write!(out, "{}", reports::summary(&run))?;
    writeln!(out, "records: {}", file.path().display())?;
    writeln!(out, "report:  {}", report.display())?;
    Ok(())
}

/// Cells by how they ended.
#[derive(Clone, Debug, Default)]
struct Tally {
    ok: u64,
    error: u64,
    /// Cells whose lock claims to exclude and did not, or hung.
    broken: u64,
}

impl Tally {
    fn add(&mut self, cell: &Cell, contenders: &[Contender]) {
        match cell.status {
            Status::Ok => self.ok += 1,
            Status::Error => self.error += 1,
        }
        let excludes = contenders
            .iter()
            .any(|contender| contender.name() == cell.lock && contender.excludes());
        let hung = cell
            .error
            .as_deref()
            .is_some_and(|error| error.starts_with("the lock hangs"));
        self.broken += u64::from(hung || excludes && cell.verified == Some(false));
    }

    fn exit_code(&self, complete: bool) -> ExitCode {
        if self.broken > 0 {
            progress::note(&format!(
                "a lock broke its contract in {} of the cells; they are not shown as results",
                self.broken
            ));
            ExitCode::from(BROKEN_EXIT_CODE)
        } else if self.error > 0 {
            progress::note(&format!(
                "{} of the cells could not be measured; the report says why",
                self.error
            ));
            ExitCode::from(INCOMPLETE_EXIT_CODE)
        } else if !complete {
            ExitCode::from(INCOMPLETE_EXIT_CODE)
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// What would be measured, and about how long it takes.
fn print_plan(plan: &Plan, out: &mut impl Write) -> std::io::Result<()> {
    let list = |words: Vec<String>| words.join(", ");
    let numbers = |numbers: &[u32]| list(numbers.iter().map(u32::to_string).collect());
    writeln!(out, "locks:      {}", plan.locks.join(", "))?;
    writeln!(
        out,
        "workloads:  {}",
        list(plan.workloads.iter().map(|w| w.name.clone()).collect())
    )?;
    writeln!(out, "threads:    {}", numbers(&plan.threads))?;
    writeln!(out, "placements: {}", plan.placements.join("; "))?;
    writeln!(
        out,
        "modes:      {}",
        list(plan.modes.iter().map(|m| m.word().to_owned()).collect())
    )?;
    writeln!(
        out,
        "processes:  {}, each with {} rounds (1 in mode {}), windows of {} ms, seed {}",
        plan.processes,
        plan.rounds,
        Mode::Counters.word(),
        plan.window_ns / 1_000_000,
        plan.seed
    )?;
    writeln!(
        out,
        "cells:      {} in all",
        plan.cells_per_process() * u64::from(plan.processes)
    )?;
    writeln!(out, "takes:      about {}", about(plan.estimate_ns()))
}

/// A time in words, rounded up to seconds.
fn about(ns: u64) -> String {
    humantime::format_duration(Duration::from_secs(ns.div_ceil(1_000_000_000))).to_string()
}

#[cfg(test)]
mod tests {
    use super::check_window;
    use bench_core::plan::{Mode, Plan};

    #[test]
    fn a_window_of_few_steps_of_the_clock_is_refused() {
        let plan = Plan {
            locks: vec!["null".into()],
            workloads: bench_core::workload::presets(),
            threads: vec![1],
            modes: vec![Mode::Throughput],
            placements: vec!["compact".into()],
            processes: 1,
            rounds: 1,
            window_ns: 1_000_000,
            seed: 0,
            cpus: 1,
        };
        assert!(check_window(&plan, 1_000).is_ok());
        let error = check_window(&plan, 4_000)
            .expect_err("250 steps")
            .to_string();
        assert!(error.contains("at least 4 with --window-ms"), "{error}");
    }
}
