//! `vmalock run`: plan, measure, write the records and the report, print a table.

mod ahead;
mod builds;
mod resume;
mod sequence;

use crate::args::RunArgs;
use crate::cmd::emulated::{EmulatedHost, refuse};
use crate::cmd::host::look;
use crate::cmd::report::{REPORT_FILE, write_report};
use crate::contender::Contender;
use crate::plan_of::{check_window, plan_of};
use crate::plan_words::{about, print_plan};
use crate::recording::{
    Progress, RunFile, Tally, create, dated_directory, header, note, stop_flag,
};
use crate::session::{Arm, Lockstep};
use crate::{counters, host};
use anyhow::Context;
use bench_core::plan::{Plan, planned_cells};
use bench_core::record::{Footer, Host, PrecisionGoal, Record};
use resume::Done;
use sequence::Sequence;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
    let stop = stop_flag()?;
    if args.resume {
        let directory = args.out.as_deref().unwrap_or(Path::new("."));
        let (file, plan, goal, done) = resume::resume(directory, contenders, &host)?;
        check_goal(goal.as_ref(), &host)?;
        return Measuring {
            args,
            contenders,
            plan: &plan,
            goal,
            stop: &stop,
        }
        .measure(file, &done, out);
    }
    let plan = plan_of(args, &names, &host)?;
    if !args.build.is_empty() {
        refuse(&host, "run --build")?;
        return builds::run(args, contenders, &plan, &stop, out);
    }
    let goal = sequence::goal_of(args, &plan)?;
    check_goal(goal.as_ref(), &host)?;
    if args.dry_run {
        print_plan(&plan, out)?;
        if let Some(goal) = &goal {
            writeln!(out, "precision:  {}", sequence::words(goal))?;
        }
        return match &args.like {
            Some(like) => ahead::print(like, &plan, &host, out),
            None => Ok(ExitCode::SUCCESS),
        };
    }
    let (host, clock, mut warnings) = look();
    warnings.extend(counters::obstacles(&plan.counters, &host.allowed_cpus));
    check_window(&plan, clock.info().quantum_ns)?;
    let directory = args
        .out
        .clone()
        .unwrap_or_else(|| dated_directory("vmalock-run"));
    let mut file = create(&directory)?;
    let header = header::header(&plan, goal, contenders, host, clock.info(), warnings);
    for warning in &header.warnings {
        note(&format!("note: {warning}"));
    }
    file.write(&Record::Header(Box::new(header)))?;
    Measuring {
        args,
        contenders,
        plan: &plan,
        goal,
        stop: &stop,
    }
    .measure(file, &Done::default(), out)
}

/// Times of an emulator are never precise.
fn check_goal(goal: Option<&PrecisionGoal>, host: &Host) -> Result<(), EmulatedHost> {
    match goal {
        Some(_) => refuse(host, "run --precision"),
        None => Ok(()),
    }
}

/// What a run measures and with what.
struct Measuring<'a> {
    args: &'a RunArgs,
    contenders: &'a [Contender],
    plan: &'a Plan,
    goal: Option<PrecisionGoal>,
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
        let before = Duration::from_secs(done.elapsed_s);
        let mut sequence = Sequence::new(self.plan, self.goal, done.processes(), before);
        let total = self.total(&sequence);
        let mut tally = done.tally.clone();
        let done_before = tally.ok + tally.error;
        let left_ns = u128::from(self.plan.estimate_ns()) * u128::from(total - done_before)
            / u128::from(u64::from(self.plan.processes) * self.plan.cells_per_process()).max(1);
        note(&format!(
            "{} cells to measure into {}, about {}; Ctrl-C ends the run and keeps what it has",
            total - done_before,
            file.directory().display(),
            about(left_ns as u64)
        ));
        if let Some(goal) = &self.goal {
            note(&sequence::words(goal));
        }
        let mut progress = Progress::new(total, done_before);
        let measured = self.cells(&mut file, done, &mut sequence, &mut tally, &mut progress);
        progress.end();
        let total = self.total(&sequence);
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
            elapsed_s: sequence.elapsed().as_secs(),
            reason: reason.clone(),
        };
        let footed = file.write(&Record::Footer(footer));
        let finished = finish(&file, out);
        // The first thing that went wrong is what the user has to know; the others follow from it.
        measured.and(footed).and(finished)?;
        if let Some(reason) = reason {
            let directory = file.directory().display();
            note(&format!(
                "the run is not complete ({reason}); `run --resume --out {directory}` measures the rest"
            ));
        }
        Ok(tally.exit_code(complete))
    }

    /// The cells of all processes that the sequence has come to.
    fn total(&self, sequence: &Sequence) -> u64 {
        self.plan.cells_per_process() * u64::from(sequence.processes())
    }

    /// Every process in turn, and more of them as long as the sequence goes on.
    fn cells(
        &self,
        file: &mut RunFile,
        done: &Done,
        sequence: &mut Sequence,
        tally: &mut Tally,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        let arms = [Arm::of_this_program(self.plan.clone())?];
        let mut process = 0;
        loop {
            while process < sequence.processes() {
                progress.process(process, sequence.processes());
                let measured = self.process(&arms, process, file, done, tally, progress)?;
                if self.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                if measured {
                    sequence.tell(process, file.path(), progress)?;
                }
                process += 1;
            }
            if !sequence.goes_on(file.path())? {
                return Ok(());
            }
            progress.grow(self.total(sequence));
        }
    }

    /// What one process lacks; each record is written before the next cell begins. Whether there was any.
    fn process(
        &self,
        arms: &[Arm],
        process: u32,
        file: &mut RunFile,
        done: &Done,
        tally: &mut Tally,
        progress: &mut Progress,
    ) -> anyhow::Result<bool> {
        let lockstep = Lockstep {
            arms,
            hang_limit: Duration::from_secs(self.args.hang_limit_s),
            stop: self.stop,
        };
        let planned = planned_cells(self.plan, process);
        let left: Vec<usize> = (0..planned.len())
            .filter(|number| !done.has(self.plan, &planned[*number]))
            .collect();
        lockstep.run_cells(process, &left, &mut |_, cell| {
            let record = Record::Cell(cell);
            file.write(&record).with_context(|| {
                let directory = file.directory().display();
                format!("the run ends here and can go on with `run --resume --out {directory}`")
            })?;
            if let Record::Cell(cell) = &record {
                tally.add(cell, self.contenders);
                progress.cell(cell);
            }
            Ok(())
        })?;
        Ok(!left.is_empty())
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
