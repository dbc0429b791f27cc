//! Measuring baseline, candidate and control beside each other.

use super::program::Program;
use crate::clock::Clock;
use crate::contender::Contender;
use crate::plan_words::about;
use crate::recording::{Progress, RunFile, Tally, create, header, note};
use crate::session::{Arm, Lockstep};
use bench_core::plan::Plan;
use bench_core::record::{ClockInfo, Footer, Header, Host, Record};
use reports::Run;
use reports::check::Stage;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// The directories of the arms.
const NAMES: [&str; 3] = ["baseline", "candidate", "control"];
/// Which of them this program is.
const CANDIDATE: usize = 1;

/// About how long a stage takes, in nanoseconds.
pub(super) fn estimate_ns(plan: &Plan) -> u64 {
    NAMES.len() as u64 * plan.estimate_ns()
}

/// What the headers say of where it is measured.
#[derive(Debug)]
pub(super) struct Machine {
    host: Host,
    /// The clock.
    pub(super) clock: ClockInfo,
    /// What stands in the way of a good measurement.
    pub(super) warnings: Vec<String>,
}

impl Machine {
    /// This one, as [`crate::cmd::host::look`] sees it.
    pub(super) fn of((host, clock, warnings): (Host, Clock, Vec<String>)) -> Self {
        Self {
            host,
            clock: clock.info(),
            warnings,
        }
    }
}

/// The runs of a stage, as they lie on disk.
#[derive(Debug)]
pub(super) struct Sides {
    runs: [Run; 3],
    /// Cells whose lock claims to exclude and did not, or hung.
    pub(super) broken: u64,
}

impl Sides {
    /// For the judge.
    pub(super) fn stage(&self) -> Stage<'_> {
        let [baseline, candidate, control] = &self.runs;
        Stage {
            baseline,
            candidate,
            control: Some(control),
        }
    }
}

/// What is measured, where and how.
#[derive(Debug)]
pub(super) struct Measuring<'a> {
    /// The locks of this program.
    pub(super) contenders: &'a [Contender],
    /// The other side.
    pub(super) baseline: &'a Program,
    /// This program.
    pub(super) candidate: PathBuf,
    /// Where.
    pub(super) machine: Machine,
    /// How long a thread may be inside one operation before its lock counts as hung.
    pub(super) hang_limit: Duration,
    /// Set when it is to end.
    pub(super) stop: &'a AtomicBool,
}

impl Measuring<'_> {
    /// Measures the plan, into a directory for each arm below `directory`; `reversed` with the arms in the other order.
    /// `None` when a signal came: then the records until then are there.
    ///
    /// # Errors
    /// When a record cannot be written or a program cannot measure.
    pub(super) fn stage(
        &self,
        directory: &Path,
        plan: &Plan,
        reversed: bool,
    ) -> anyhow::Result<Option<Sides>> {
        let mut order = vec![0, 1, 2];
        if reversed {
            order.reverse();
        }
        let mut recorder = Recorder::new(self, directory, plan)?;
        note(&format!(
            "{} cells to measure into {}, about {}; Ctrl-C ends it and keeps what it has",
            recorder.total * NAMES.len() as u64,
            directory.display(),
            about(estimate_ns(plan))
        ));
        let measured = self.cells(plan, &order, &mut recorder);
        let broken = recorder.tallies.iter().map(|tally| tally.broken).sum();
        let (files, complete) = recorder.end(&measured)?;
        measured?;
        if !complete {
            return Ok(None);
        }
        let [baseline, candidate, control] = files;
        let load = |file: RunFile| reports::load(file.path());
        Ok(Some(Sides {
            runs: [load(baseline)?, load(candidate)?, load(control)?],
            broken,
        }))
    }

    /// Every process in turn.
    fn cells(
        &self,
        plan: &Plan,
        order: &[usize],
        recorder: &mut Recorder<'_>,
    ) -> anyhow::Result<()> {
        let arm = |side: &usize| Arm {
            program: if *side == CANDIDATE {
                self.candidate.clone()
            } else {
                self.baseline.path.clone()
            },
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

    /// The header of an arm's run.
    fn header(&self, plan: &Plan, side: usize) -> Header {
        let machine = &self.machine;
        let mut header = header::header(
            plan,
            None,
            self.contenders,
            machine.host.clone(),
            machine.clock.clone(),
            machine.warnings.clone(),
        );
        if side != CANDIDATE {
            header.tool = self.baseline.tool.clone();
            header.locks = self.baseline.locks.clone();
            header.locks.retain(|lock| plan.locks.contains(&lock.name));
        }
        header
    }
}

/// The files of a stage, and how far it is.
struct Recorder<'a> {
    files: [RunFile; 3],
    tallies: [Tally; 3],
    /// Planned cells of each arm.
    total: u64,
    progress: Progress,
    start: Instant,
    contenders: &'a [Contender],
}

impl<'a> Recorder<'a> {
    fn new(measuring: &Measuring<'a>, directory: &Path, plan: &Plan) -> anyhow::Result<Self> {
        let total = plan.cells_per_process() * u64::from(plan.processes);
        let new = |side: usize| {
            let mut file = create(&directory.join(NAMES[side]))?;
            file.write(&Record::Header(Box::new(measuring.header(plan, side))))?;
            anyhow::Ok(file)
        };
        Ok(Self {
            files: [new(0)?, new(1)?, new(2)?],
            tallies: Default::default(),
            total,
            progress: Progress::new(total * NAMES.len() as u64, 0),
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
    fn end(mut self, measured: &anyhow::Result<()>) -> anyhow::Result<([RunFile; 3], bool)> {
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
