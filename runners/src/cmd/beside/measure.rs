//! Measuring programs beside each other.

use super::program::Program;
use crate::clock::Clock;
use crate::contender::Contender;
use crate::plan_words::about;
use crate::recording::{Progress, RunFile, Tally, create, header, note};
use crate::session::{Arm, Lockstep};
use anyhow::Context;
use bench_core::plan::Plan;
use bench_core::record::{ClockInfo, Footer, Header, Host, Record};
use reports::Run;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// A program that is measured beside others.
#[derive(Clone, Debug)]
pub(in crate::cmd) struct Party<'a> {
    /// The directory of its run, and the build's name in the header.
    pub(in crate::cmd) name: &'a str,
    /// Where it is.
    pub(in crate::cmd) path: PathBuf,
    /// What it says of itself; `None` of this program.
    pub(in crate::cmd) other: Option<&'a Program>,
}

impl<'a> Party<'a> {
    /// This program.
    ///
    /// # Errors
    /// When the system does not tell its path.
    pub(in crate::cmd) fn of_this_program(name: &'a str) -> anyhow::Result<Self> {
        Ok(Self {
            name,
            path: std::env::current_exe().context("the path of this program is not known")?,
            other: None,
        })
    }
}

/// What the headers say of where it is measured.
#[derive(Debug)]
pub(in crate::cmd) struct Machine {
    host: Host,
    /// The clock.
    pub(in crate::cmd) clock: ClockInfo,
    /// What stands in the way of a good measurement.
    pub(in crate::cmd) warnings: Vec<String>,
}

impl Machine {
    /// This one, as [`crate::cmd::host::look`] sees it.
    pub(in crate::cmd) fn of((host, clock, warnings): (Host, Clock, Vec<String>)) -> Self {
        Self {
            host,
            clock: clock.info(),
            warnings,
        }
    }
}

/// The runs of a stage, as they lie on disk.
#[derive(Debug)]
pub(in crate::cmd) struct Sides {
    /// In the order of the parties.
    pub(in crate::cmd) runs: Vec<Run>,
    /// Cells whose lock claims to exclude and did not, or hung.
    pub(in crate::cmd) broken: u64,
}

/// What is measured, where and how.
#[derive(Debug)]
pub(in crate::cmd) struct Measuring<'a> {
    /// The locks of this program.
    pub(in crate::cmd) contenders: &'a [Contender],
    /// The programs, by turns.
    pub(in crate::cmd) parties: Vec<Party<'a>>,
    /// Where.
    pub(in crate::cmd) machine: Machine,
    /// How long a thread may be inside one operation before its lock counts as hung.
    pub(in crate::cmd) hang_limit: Duration,
    /// Set when it is to end.
    pub(in crate::cmd) stop: &'a AtomicBool,
}

impl Measuring<'_> {
    /// About how long a stage takes, in nanoseconds.
    pub(in crate::cmd) fn estimate_ns(&self, plan: &Plan) -> u64 {
        self.parties.len() as u64 * plan.estimate_ns()
    }

    /// Measures the plan, into a directory for each party below `directory`; `reversed` with them in the other order.
    /// `None` when a signal came: then the records until then are there.
    ///
    /// # Errors
    /// When a record cannot be written or a program cannot measure.
    pub(in crate::cmd) fn stage(
        &self,
        directory: &Path,
        plan: &Plan,
        reversed: bool,
    ) -> anyhow::Result<Option<Sides>> {
        let mut order: Vec<usize> = (0..self.parties.len()).collect();
        if reversed {
            order.reverse();
        }
        let mut recorder = Recorder::new(self, directory, plan)?;
        note(&format!(
            "{} cells to measure into {}, about {}; Ctrl-C ends it and keeps what it has",
            recorder.total * self.parties.len() as u64,
            directory.display(),
            about(self.estimate_ns(plan))
        ));
        let measured = self.cells(plan, &order, &mut recorder);
        let broken = recorder.tallies.iter().map(|tally| tally.broken).sum();
        let (files, complete) = recorder.end(&measured)?;
        measured?;
        if !complete {
            return Ok(None);
        }
        let runs = files
            .iter()
            .map(|file| reports::load(file.path()))
            .collect::<Result<Vec<Run>, _>>()?;
        Ok(Some(Sides { runs, broken }))
    }

    /// Every process in turn.
    fn cells(
        &self,
        plan: &Plan,
        order: &[usize],
        recorder: &mut Recorder<'_>,
    ) -> anyhow::Result<()> {
        let arm = |party: &usize| Arm {
            program: self.parties[*party].path.clone(),
            plan: plan.clone(),
            injected: None,
        };
        let arms: Vec<Arm> = order.iter().map(arm).collect();
        let lockstep = Lockstep {
            arms: &arms,
            hang_limit: self.hang_limit,
            stop: self.stop,
        };
        for process in 0..plan.processes {
            recorder.progress.process(process, plan.processes);
            lockstep.run(process, &mut |arm, cell| {
                recorder.keep(order[arm], Record::Cell(cell))
            })?;
        }
        Ok(())
    }

    /// The header of a party's run.
    fn header(&self, plan: &Plan, party: &Party<'_>) -> Header {
        let machine = &self.machine;
        let mut header = header::header(
            plan,
            None,
            self.contenders,
            machine.host.clone(),
            machine.clock.clone(),
            machine.warnings.clone(),
        );
        header.build = Some(party.name.to_owned());
        if let Some(other) = party.other {
            header.tool = other.tool.clone();
            header.locks = other.locks.clone();
            header.locks.retain(|lock| plan.locks.contains(&lock.name));
        }
        header
    }
}

/// The files of a stage, and how far it is.
struct Recorder<'a> {
    files: Vec<RunFile>,
    tallies: Vec<Tally>,
    /// Planned cells of each party.
    total: u64,
    progress: Progress,
    start: Instant,
    contenders: &'a [Contender],
}

impl<'a> Recorder<'a> {
    fn new(measuring: &Measuring<'a>, directory: &Path, plan: &Plan) -> anyhow::Result<Self> {
        let total = plan.cells_per_process() * u64::from(plan.processes);
        let new = |party: &Party<'_>| {
            let mut file = create(&directory.join(party.name))?;
            file.write(&Record::Header(Box::new(measuring.header(plan, party))))?;
            anyhow::Ok(file)
        };
        let parties = measuring.parties.iter();
        let files = parties.map(new).collect::<anyhow::Result<Vec<RunFile>>>()?;
        Ok(Self {
            tallies: vec![Tally::default(); files.len()],
            files,
            total,
            progress: Progress::new(total * measuring.parties.len() as u64, 0),
            start: Instant::now(),
            contenders: measuring.contenders,
        })
    }

    /// Writes a cell before the next one begins.
    fn keep(&mut self, side: usize, record: Record) -> anyhow::Result<()> {
        self.files[side].write(&record)?;
        if let Record::Cell(cell) = &record {
            self.tallies[side].add(cell, self.contenders);
            self.progress.cell(cell);
        }
        Ok(())
    }

    /// Writes the footers. Returns the files, and whether each has all its cells.
    ///
    /// # Errors
    /// When a footer cannot be written; the first thing that went wrong in measuring goes before it.
    fn end(mut self, measured: &anyhow::Result<()>) -> anyhow::Result<(Vec<RunFile>, bool)> {
        self.progress.end();
        let done = |tally: &Tally| tally.ok + tally.error;
        let complete = self.tallies.iter().all(|t| done(t) == self.total);
        let reason = match measured {
            Err(error) => Some(format!("{error:#}")),
            Ok(()) if !complete => Some("stopped by a signal".to_owned()),
            Ok(()) => None,
        };
        for (file, tally) in self.files.iter_mut().zip(&self.tallies) {
            let footer = Footer {
                complete: done(tally) == self.total,
                cells_planned: self.total,
                cells_ok: tally.ok,
                cells_error: tally.error,
                elapsed_s: self.start.elapsed().as_secs(),
                reason: reason.clone(),
            };
            let footed = file.write(&Record::Footer(footer));
            if measured.is_ok() {
                footed?;
            }
        }
        Ok((self.files, complete))
    }
}
